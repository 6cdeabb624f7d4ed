//! Requests that no client library would send, written byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes over a connection of their own and reads the answer to the end of the connection.
pub async fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the service takes connections");
    // A service that refuses early may close before everything is written.
    let sent = stream.write_all(request).await;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .await
        .expect("the service answers");
    assert!(
        sent.is_ok() || !answer.is_empty(),
        "the service closed without an answer"
    );
    String::from_utf8_lossy(&answer).into_owned()
}
