//! A gRPC client on one connection that sends OTLP messages which were encoded before: next to
//! nothing besides the bytes, so that what is measured is the server.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use prost::bytes::{Buf, BufMut};
use runwatch_tests::grpc::with_key;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};

/// The method that takes traces.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// An open connection.
pub(crate) struct Client {
    grpc: Grpc<Channel>,
}

impl Client {
    /// Opens a connection.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?;
        Ok(Self {
            grpc: Grpc::new(channel.connect().await?),
        })
    }

    /// Exports the runs of an encoded message with a key, and waits for the answer; a benchmark in
    /// which calls are refused measures something else.
    pub(crate) async fn export(&mut self, message: Vec<u8>, key: &str) -> Result<()> {
        self.grpc.ready().await.context("the connection broke")?;
        let path = PathAndQuery::from_static(EXPORT);
        let answer = self.grpc.unary(with_key(message, key), path, AsItIs);
        answer.await.context("the call was refused")?;
        Ok(())
    }
}

/// Messages that are bytes already, and answers of which only the status matters.
#[derive(Clone, Copy)]
struct AsItIs;

impl Codec for AsItIs {
    type Encode = Vec<u8>;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for AsItIs {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.reserve(message.len());
        out.put_slice(&message);
        Ok(())
    }
}

impl Decoder for AsItIs {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        answer.advance(answer.remaining());
        Ok(Some(()))
    }
}
