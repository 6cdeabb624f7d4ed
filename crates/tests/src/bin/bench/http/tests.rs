use super::*;

async fn answer_of(pieces: &[&str]) -> Result<Answer> {
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let mut client = Client {
        stream: ours,
        received: Vec::new(),
    };
    let answering = async {
        let mut request = [0; 4];
        theirs.read_exact(&mut request).await.unwrap();
        for piece in pieces {
            theirs.write_all(piece.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(theirs);
    };
    let (answer, ()) = tokio::join!(client.exchange(b"ping"), answering);
    answer
}

#[tokio::test]
async fn an_answer_of_told_length_is_read_whole() {
    let answer = answer_of(&["HTTP/1.1 200 OK\r\nContent-", "Length: 5\r\n\r\nhe", "llo"]).await;
    assert_eq!(
        answer.unwrap(),
        Answer {
            status: 200,
            has_retry_after: false,
            closes: false,
            body: b"hello".to_vec()
        }
    );
}

#[tokio::test]
async fn an_answer_in_chunks_is_put_together() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = answer_of(&[head, "5\r\nhel", "lo\r\n1", "\r\n!\r\n0\r\n\r\n"]).await;
    assert_eq!(
        answer.unwrap(),
        Answer {
            status: 200,
            has_retry_after: false,
            closes: false,
            body: b"hello!".to_vec()
        }
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let answer = answer_of(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"]).await;
    assert!(answer.is_err());
}

#[test]
fn only_200_counts_as_an_acknowledgement() {
    let answer = |status| Answer {
        status,
        has_retry_after: false,
        closes: false,
        body: Vec::new(),
    };
    assert!(answer(200).ok().is_ok());
    assert!(answer(503).ok().is_err());
    assert!(answer(207).ok().is_err());
}

#[tokio::test]
async fn a_download_gives_away_its_pieces_and_does_not_take_a_cut_one_for_a_whole() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (end, is_whole) in [("0\r\n\r\n", true), ("", false)] {
        let (ours, mut theirs) = tokio::io::duplex(1 << 10);
        let mut client = Client {
            stream: ours,
            received: Vec::new(),
        };
        let answering = async {
            let mut request = [0; 64];
            theirs.read_exact(&mut request[..16]).await.unwrap();
            for piece in [head, "5\r\nhel", "lo\r\n1", "\r\n!\r\n", end] {
                theirs.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(theirs);
        };
        let mut body = Vec::new();
        let downloading = client.download("/", "k", |piece| body.extend_from_slice(piece));
        let (answer, ()) = tokio::join!(downloading, answering);
        assert_eq!(answer.is_ok(), is_whole);
        assert_eq!(body, b"hello!");
    }
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back_and_that_the_connection_ends() {
    let head = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n";
    let answer = answer_of(&[head, "Content-Length: 0\r\n\r\n"])
        .await
        .unwrap();
    assert!(answer.has_retry_after && answer.closes);
}
