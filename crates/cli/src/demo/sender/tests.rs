use runwatch_core::time::{HOUR_US, MINUTE_US, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::args::server::ServerArgs;
use crate::demo::world::World;

/// 2026-11-20 10:00 UTC.
const MORNING: i64 = 498_658 * HOUR_US;

/// Gives each request the next of these answers, and says what was sent.
async fn server(answers: &'static [&'static str]) -> (Sender, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bodies = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for answer in answers {
            let (stream, _peer) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).await.unwrap();
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            bodies.push(String::from_utf8(body).unwrap());
            let answer = format!("HTTP/1.1 {answer}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        bodies
    });
    let key = Some("k".to_owned());
    let client = Client::new(&ServerArgs { url, key }).unwrap();
    (Sender::new(client), bodies)
}

fn news(form: Form) -> Vec<News> {
    let mut world = World::new(1, 60, Timestamp(MORNING));
    let news = world.advance(Timestamp(MORNING + MINUTE_US));
    news.into_iter()
        .filter(|one| one.run.agent.form == form)
        .take(3)
        .collect()
}

const BUSY: &str = "429 Too Many Requests\r\nretry-after: 1\r\nconnection: close\r\n\r\n";
const AWAY: &str = "503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\r\n";
const STORED: &str =
    "200 OK\r\nconnection: close\r\n\r\n{\"accepted\":2,\"duplicates\":1,\"rejected\":[]}";
const PARTIAL: &str = "200 OK\r\nconnection: close\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\":\"4\",\"errorMessage\":\"x\"}}";

#[tokio::test]
async fn what_is_turned_away_is_sent_again_as_it_was() {
    let (mut sender, bodies) = server(&[BUSY, AWAY, STORED]).await;
    sender.send(news(Form::Native)).await.unwrap();
    assert_eq!(
        (
            sender.sent.runs,
            sender.sent.requests,
            sender.sent.duplicates
        ),
        (3, 1, 1)
    );
    let bodies = bodies.await.unwrap();
    assert!(bodies[0].contains("\"agent_id\"") && bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn refused_spans_are_counted() {
    let (mut sender, bodies) = server(&[PARTIAL]).await;
    sender.send(news(Form::Otlp)).await.unwrap();
    assert_eq!(sender.sent.rejected, 4);
    assert!(bodies.await.unwrap()[0].contains("resourceSpans"));
}

#[tokio::test]
async fn a_wrong_key_ends_it() {
    let (mut sender, _bodies) = server(&["401 Unauthorized\r\nconnection: close\r\n\r\n"]).await;
    let error = sender
        .send(news(Form::Native))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("does not know this API key"), "{error}");
}

#[test]
fn requests_are_of_a_fitting_size() {
    let mut world = World::new(1, 300, Timestamp(MORNING));
    let news = world.advance(Timestamp(MORNING + 5 * MINUTE_US));
    let count = news.len();
    let requests = requests(news);
    assert!(requests.len() > 2);
    assert_eq!(requests.iter().map(Vec::len).sum::<usize>(), count);
    for request in requests {
        let steps: usize = request.iter().map(|one| one.run.steps.len()).sum();
        assert!(
            request.len() <= RUNS_PER_REQUEST && (steps <= STEPS_PER_REQUEST || request.len() == 1)
        );
    }
}
