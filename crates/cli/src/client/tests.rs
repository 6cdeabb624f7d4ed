use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

/// Answers one request with this, and says what was asked.
async fn server(answer: String) -> (ServerArgs, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (stream, _peer) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut asked = String::new();
        while !asked.ends_with("\r\n\r\n") {
            stream.read_line(&mut asked).await.unwrap();
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        asked
    });
    let key = Some("rw_key".to_owned());
    (ServerArgs { url, key }, asked)
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n{body}")
}

async fn failure(answer: String) -> CallError {
    let (server, _asked) = server(answer).await;
    let client = Client::new(&server).unwrap();
    let answer: Result<serde_json::Value> = client.get("/v1/runs", &[]).await;
    answer.unwrap_err()
}

#[tokio::test]
async fn a_call_has_the_key_and_its_parameters() {
    let (server, asked) = server(http("200 OK", "", "{\"a\":1}")).await;
    let client = Client::new(&server).unwrap();
    let query = [("agent", "größer & co".to_owned())];
    let answer: serde_json::Value = client.get("/v1/runs", &query).await.unwrap();
    assert_eq!(answer["a"], 1);
    let asked = asked.await.unwrap().to_lowercase();
    assert!(
        asked.starts_with("get /v1/runs?agent=gr%c3%b6%c3%9fer+%26+co http/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("\r\nx-api-key: rw_key\r\n"), "{asked}");
}

#[tokio::test]
async fn every_failure_says_what_to_do() {
    let problem =
        |code: &str, detail: &str| format!("{{\"code\":\"{code}\",\"detail\":\"{detail}\"}}");
    let cases = [
        (
            http("401 Unauthorized", "", ""),
            "does not know this API key",
        ),
        (
            http(
                "403 Forbidden",
                "",
                &problem("missing_scope", "This key lacks the scope `read`."),
            ),
            "This key lacks the scope `read`. `runwatch key create",
        ),
        (
            http("404 Not Found", "", &problem("not_found", "…")),
            "not found",
        ),
        (
            http("404 Not Found", "", "<html>"),
            "does not look like Runwatch",
        ),
        (http("200 OK", "", "<html>"), "does not look like Runwatch"),
        (
            http("503 Service Unavailable", "", ""),
            "busy or just starting",
        ),
        (
            http(
                "301 Moved Permanently",
                "location: https://runs.example.com/\r\n",
                "",
            ),
            "leads to https://runs.example.com/",
        ),
        (
            http(
                "422 Unprocessable Content",
                "",
                &problem("too_broad", "Narrow it."),
            ),
            "Narrow it. (too_broad, HTTP 422)",
        ),
        (http("200 OK", "content-length: 9\r\n", "{"), "broke off"),
    ];
    for (answer, expected) in cases {
        let said = failure(answer.clone()).await.to_string();
        assert!(said.contains(expected), "{answer:?}: {said}");
    }
}

#[tokio::test]
async fn what_may_succeed_later_says_when() {
    let later = failure(http("429 Too Many Requests", "retry-after: 7\r\n", "")).await;
    assert_eq!(later.retry_after(), Some(Duration::from_secs(7)));
    let odd = failure(http(
        "503 Service Unavailable",
        "retry-after: 99999\r\n",
        "",
    ))
    .await;
    assert_eq!(odd.retry_after(), Some(RETRY_AFTER_MAX));
    assert_eq!(
        failure(http("401 Unauthorized", "", ""))
            .await
            .retry_after(),
        None
    );
}

#[tokio::test]
async fn a_missing_server_and_a_missing_key_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::without_key(&url).unwrap();
    let said = client.status("/health").await.unwrap_err().to_string();
    assert!(
        said.starts_with(&url) && said.contains("`runwatch up` starts it"),
        "{said}"
    );
    let key = Some("  ".to_owned());
    let said = Client::new(&ServerArgs { url, key })
        .unwrap_err()
        .to_string();
    assert!(said.contains("RUNWATCH_API_KEY"), "{said}");
}
