use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tonic::transport::Server;
use tonic::{Code, Request, Response};

use super::*;
use crate::cluster::free_port;
use crate::otlp;
use crate::random::Random;
use crate::shape::{Run, STEPS};
use crate::words::Words;

/// What OpenTelemetry's own server made of the calls: keys and numbers of spans.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<(String, usize)>>>);

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let key = request.metadata().get("x-api-key").unwrap();
        let key = key.to_str().unwrap().to_owned();
        if key == "wrong" {
            return Err(Status::unauthenticated("wrong key"));
        }
        let message = request.into_inner();
        let scopes = message.resource_spans.iter().flat_map(|it| &it.scope_spans);
        let spans = scopes.map(|scope| scope.spans.len()).sum();
        self.0.lock().unwrap().push((key, spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test]
async fn joined_messages_arrive_as_one_call_and_a_refusal_is_an_error() {
    let received = Received::default();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let service = TraceServiceServer::new(received.clone());
    tokio::spawn(Server::builder().serve(address, service));
    let mut client = loop {
        match Client::connect(address).await {
            Ok(client) => break client,
            Err(_not_yet) => tokio::task::yield_now().await,
        }
    };
    let mut random = Random::new(1);
    let words = Words::new(&mut random);
    let message = otlp::render(&Run::draw(&mut random, &words));

    let both = [message.clone(), message].concat();
    client.export(both.clone(), "key").await.unwrap();
    let refused = client.export(both, "wrong").await.unwrap_err();

    assert_eq!(*received.0.lock().unwrap(), [("key".to_owned(), 2 * STEPS)]);
    let status: &Status = refused.downcast_ref().unwrap();
    assert_eq!(status.code(), Code::Unauthenticated);
}
