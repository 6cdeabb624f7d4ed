//! Waits until a service says that it can do its work.

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::console::say;
use crate::process::LastLines;

/// How long a service may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// The pause between two questions.
const QUESTION_PAUSE: Duration = Duration::from_millis(100);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of an answer's first line that are read; a status line is far shorter.
const STATUS_LINE_BYTES_MAX: u64 = 1 << 10;

/// What is asked, and who.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The name of the service, for people.
    pub(super) name: &'a str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What answers 200 when it is ready.
    pub(super) path: &'a str,
}

/// Asks until the answer is 200; after a minute the service's last lines say why it is not.
pub(super) async fn wait(question: Question<'_>, last_lines: &LastLines) -> Result<()> {
    let Question { name, .. } = question;
    let began = Instant::now();
    loop {
        let answer = timeout(ANSWER_LIMIT, answers_200(question)).await;
        if matches!(answer, Ok(Ok(true))) {
            say(&format!(
                "{name} is ready after {:.1} s.",
                began.elapsed().as_secs_f64()
            ));
            return Ok(());
        }
        if began.elapsed() > READY_LIMIT {
            let seconds = READY_LIMIT.as_secs();
            let last_lines = last_lines.text();
            bail!("{name} was not ready within {seconds} s; its last lines:\n{last_lines}");
        }
        sleep(QUESTION_PAUSE).await;
    }
}

async fn answers_200(question: Question<'_>) -> io::Result<bool> {
    let Question { address, path, .. } = question;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = String::new();
    BufReader::new(stream)
        .take(STATUS_LINE_BYTES_MAX)
        .read_line(&mut status)
        .await?;
    Ok(status.starts_with("HTTP/1.1 200 "))
}
