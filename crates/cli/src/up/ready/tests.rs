use tokio::net::TcpListener;

use super::*;

/// Answers each question with the next of these.
async fn serve(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (stream, _peer) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 2 {}
            assert!(
                line.starts_with("GET /ready HTTP/1.1\r\nHost: 127.0.0.1:"),
                "{line}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

fn question(address: SocketAddr) -> Question<'static> {
    Question {
        name: "a service",
        address,
        path: "/ready",
    }
}

#[tokio::test]
async fn only_200_means_ready() {
    let address = serve(&[UNAVAILABLE, "HTTP/1.1 200", "", OK]).await;
    assert!(!answers_200(question(address)).await.unwrap());
    assert!(!answers_200(question(address)).await.unwrap());
    assert!(!answers_200(question(address)).await.unwrap());
    assert!(answers_200(question(address)).await.unwrap());
}

#[tokio::test]
async fn a_service_that_is_not_ready_yet_is_asked_again() {
    let address = serve(&[UNAVAILABLE, UNAVAILABLE, OK]).await;
    wait(question(address), &LastLines::default())
        .await
        .unwrap();
}
