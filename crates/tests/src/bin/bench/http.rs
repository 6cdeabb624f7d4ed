//! A plain HTTP/1.1 client on one connection that is kept open: next to nothing besides the bytes,
//! so that what is measured is the server.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that are read at a time.
const READ: usize = 64 << 10;
/// Bytes of an answer's head above which it is no answer of ours.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// An open connection.
pub(crate) struct Client<S = TcpStream> {
    stream: S,
    received: Vec<u8>,
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Whether it says when to come back.
    pub(crate) has_retry_after: bool,
    /// Whether the connection is of no further use.
    pub(crate) closes: bool,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Opens a connection.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(READ),
        })
    }
}

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Client<S> {
    /// Asks for a path with a key.
    pub(crate) async fn get(&mut self, path: &str, key: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n");
        self.exchange(request.as_bytes()).await
    }

    /// Posts JSON with a key.
    pub(crate) async fn post(&mut self, path: &str, key: &str, json: &[u8]) -> Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            json.len()
        );
        self.exchange(&[head.as_bytes(), json].concat()).await
    }

    /// As [`Self::get`], for an answer of any length, which has to be chunked: its pieces are given
    /// away as they come. Gives back the status.
    pub(crate) async fn download(
        &mut self,
        path: &str,
        key: &str,
        mut take: impl FnMut(&[u8]),
    ) -> Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        let head = self.line_end(b"\r\n\r\n").await?;
        let text = std::str::from_utf8(&self.received[..head])?.to_ascii_lowercase();
        let status = text.split(' ').nth(1).context("no status")?.parse()?;
        if !text.contains("transfer-encoding: chunked") {
            bail!("answered {status}, not in chunks");
        }
        self.received.drain(..head);
        loop {
            let line = self.line_end(b"\r\n").await?;
            let size = std::str::from_utf8(&self.received[..line])?.trim_end();
            let size = usize::from_str_radix(size, 16)?;
            self.received.drain(..line);
            self.read_to(size + 2).await?;
            take(&self.received[..size]);
            self.received.drain(..size + 2);
            if size == 0 {
                return Ok(status);
            }
        }
    }

    /// Reads until there is this end of a line or head; says where what follows begins.
    async fn line_end(&mut self, end: &[u8]) -> Result<usize> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.received, end) {
                return Ok(at + end.len());
            }
            ensure!(self.received.len() < HEAD_BYTES_MAX, "a line has no end");
            self.read_more().await?;
        }
    }

    /// Sends a whole request and reads the answer, which may come before all is sent: a server that is
    /// overloaded closes the connection then.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.received.clear();
        if let Err(error) = self.stream.write_all(request).await {
            self.read_more().await.map_err(|_no_answer| error)?;
        }
        let head_len = loop {
            if let Some(at) = memchr::memmem::find(&self.received, b"\r\n\r\n") {
                break at + 4;
            }
            ensure!(
                self.received.len() < HEAD_BYTES_MAX,
                "the answer has no end of its head"
            );
            self.read_more().await?;
        };
        let head = std::str::from_utf8(&self.received[..head_len])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let header = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let (has_retry_after, closes) = (
            header("retry-after").is_some(),
            header("connection") == Some("close"),
        );
        let body = if header("transfer-encoding") == Some("chunked") {
            self.chunks(head_len).await?
        } else {
            let len: usize = header("content-length").unwrap_or("0").parse()?;
            self.read_to(head_len + len).await?;
            self.received[head_len..head_len + len].to_vec()
        };
        Ok(Answer {
            status,
            has_retry_after,
            closes,
            body,
        })
    }

    async fn chunks(&mut self, mut at: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line_len = loop {
                if let Some(len) = memchr::memmem::find(&self.received[at..], b"\r\n") {
                    break len;
                }
                self.read_more().await?;
            };
            let size = std::str::from_utf8(&self.received[at..at + line_len])?;
            let size = usize::from_str_radix(size, 16)?;
            at += line_len + 2;
            self.read_to(at + size + 2).await?;
            body.extend_from_slice(&self.received[at..at + size]);
            at += size + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn read_to(&mut self, len: usize) -> Result<()> {
        while self.received.len() < len {
            self.read_more().await?;
        }
        Ok(())
    }

    async fn read_more(&mut self) -> Result<()> {
        self.received.reserve(READ);
        if self.stream.read_buf(&mut self.received).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

impl Answer {
    /// The body, if the answer is 200; a benchmark in which requests are refused measures
    /// something else.
    pub(crate) fn ok(self) -> Result<Vec<u8>> {
        let Self { status, body, .. } = self;
        if status != 200 {
            bail!("answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
