//! The mistake that the crash tests must find: a front that acknowledges what it has not stored.
//!
//! It answers 200 as soon as it has read a request, and passes it on to ingest-api only then. What
//! is on its way when ingest-api is killed is lost, although it was acknowledged.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use runwatch_core::api_key::Scope;

use crate::projects::OURS;

const ACKNOWLEDGED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Starts it before an ingest-api; the answer is its own base URL.
pub async fn start(ingest_url: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, ingest_url.clone()));
        }
    });
    format!("http://{address}")
}

async fn serve(stream: TcpStream, ingest_url: String) {
    let mut stream = BufReader::new(stream);
    while let Some(body) = read_request(&mut stream).await {
        if stream.write_all(ACKNOWLEDGED).await.is_err() {
            return;
        }
        let request = reqwest::Client::new().post(format!("{ingest_url}/v1/runs"));
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let request = request.header("x-api-key", OURS.key(Scope::Ingest).to_text());
        // Nobody is told whether it worked: that is the mistake.
        tokio::spawn(request.send());
    }
}

/// The body of the next request; none at the end of the connection.
async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}
