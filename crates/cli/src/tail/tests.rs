use clap::Parser;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::args::{Cli, Command};

/// Streams that break off after an event each, and what they were asked for.
async fn broken_streams(bodies: &'static [&'static str]) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = mpsc::channel(bodies.len());
    tokio::spawn(async move {
        for body in bodies {
            let (stream, _peer) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).await.unwrap();
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            sender.send(head.to_lowercase()).await.unwrap();
        }
    });
    (url, asked)
}

fn tail(url: &str, options: &[&str]) -> Tail {
    let words = ["runwatch", "tail", "--url", url, "--key", "k"];
    let cli = Cli::parse_from(words.iter().chain(options));
    let Command::Tail(args) = cli.command else {
        panic!("not `tail`")
    };
    Tail {
        query: query(&args),
        json: args.json,
        client: Client::with_silence(&args.server, SILENCE_LIMIT).unwrap(),
        events: Events::default(),
        lines: Lines::new(Paint::Off),
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_asked_for_again_from_the_last_event() {
    let bodies = &[
        "retry: 5\n\nid: 41\nevent: run\ndata: {}\n\n",
        "id: 42\ndata: x\n\n",
        "",
    ];
    let (url, mut asked) = broken_streams(bodies).await;
    let mut tail = tail(
        &url,
        &["--agent", "a b", "--status", "failed,running", "--steps"],
    );
    let heads = async {
        let mut heads = Vec::new();
        for _ in bodies {
            heads.push(asked.recv().await.unwrap());
        }
        heads
    };
    let heads = tokio::select! {
        heads = heads => heads,
        ended = tail.follow() => panic!("it ended: {ended:?}"),
    };
    let line = "get /v1/live?agent=a+b&status=failed&status=running&steps=true http/1.1\r\n";
    assert!(heads[0].starts_with(line), "{}", heads[0]);
    assert!(!heads[0].contains("last-event-id"), "{}", heads[0]);
    assert!(heads[1].contains("last-event-id: 41\r\n"), "{}", heads[1]);
    assert!(heads[2].contains("last-event-id: 42\r\n"), "{}", heads[2]);
}

#[test]
fn programs_get_events_one_a_line() {
    let event = |data: &str| Event {
        kind: "run".to_owned(),
        id: Some("7".to_owned()),
        data: data.to_owned(),
    };
    assert_eq!(
        as_json(&event("{\"a\":\n1}")),
        r#"{"data":{"a":1},"event":"run","id":"7"}"#
    );
    assert_eq!(
        as_json(&event("no json")),
        r#"{"data":"no json","event":"run","id":"7"}"#
    );
}
