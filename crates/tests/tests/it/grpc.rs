//! OTLP over gRPC, as the generated client of tonic speaks it.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use runwatch_core::api_key::Scope;
use runwatch_tests::app::with_app;
use runwatch_tests::grpc::{RETRY_INFO, channel, traces, with_key};
use runwatch_tests::moments::seconds_ago_us;
use runwatch_tests::projects::OURS;
use runwatch_tests::spans::{attribute, export, span, text};
use tonic::Code;
use tonic::codec::CompressionEncoding;

const TRACE: [u8; 16] = [0xab; 16];
const RUN: &str = "abababab-abab-abab-abab-abababababab";

fn one_span(id: u64) -> ExportTraceServiceRequest {
    let times = (seconds_ago_us(9), seconds_ago_us(1));
    export("shop", vec![span(TRACE, id, "step", times)])
}

/// A span with a text of so many bytes.
fn with_text(bytes: usize) -> ExportTraceServiceRequest {
    let mut sent = one_span(1);
    let spans = &mut sent.resource_spans[0].scope_spans[0].spans;
    spans[0]
        .attributes
        .push(attribute("long", text(&"a".repeat(bytes))));
    sent
}

fn key(scope: Scope) -> String {
    OURS.key(scope).to_text()
}

#[test]
fn an_export_is_stored_plain_and_gzip() {
    with_app(async |app| {
        let mut client = traces(app.grpc_url());
        let sent = with_key(one_span(1), &key(Scope::Ingest));
        let answer = client.export(sent).await.unwrap().into_inner();
        assert_eq!(answer.partial_success, None);
        let mut client = client.send_compressed(CompressionEncoding::Gzip);
        let sent = with_key(one_span(2), &key(Scope::Ingest));
        client.export(sent).await.unwrap();
        // Again: nothing new, and no fault.
        let sent = with_key(one_span(2), &key(Scope::Ingest));
        client.export(sent).await.unwrap();
        let run = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(run["totals"]["steps"], 2);
    });
}

#[test]
fn a_span_that_cannot_be_stored_is_counted_and_its_neighbours_are_stored() {
    with_app(async |app| {
        let mut sent = one_span(1);
        let spans = &mut sent.resource_spans[0].scope_spans[0].spans;
        let mut bad = spans[0].clone();
        bad.span_id = vec![1, 2];
        spans.push(bad);
        let sent = with_key(sent, &key(Scope::Ingest));
        let answer = traces(app.grpc_url())
            .export(sent)
            .await
            .unwrap()
            .into_inner();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 1);
        assert!(partial.error_message.contains("invalid_id"), "{partial:?}");
        let run = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(run["totals"]["steps"], 1);
    });
}

#[test]
fn who_has_no_key_or_the_wrong_one_is_told_so() {
    with_app(async |app| {
        let mut client = traces(app.grpc_url());
        let refused = client.export(one_span(1)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let refused = client
            .export(with_key(one_span(1), &key(Scope::Read)))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(refused.message().contains("`ingest`"), "{refused:?}");
        app.analyst().run(RUN).await.expect(404);
    });
}

#[test]
fn metrics_and_logs_are_refused_for_good_and_in_words() {
    with_app(async |app| {
        let metrics = MetricsServiceClient::new(channel(app.grpc_url()))
            .export(with_key(
                ExportMetricsServiceRequest::default(),
                &key(Scope::Ingest),
            ))
            .await
            .unwrap_err();
        let logs = LogsServiceClient::new(channel(app.grpc_url()))
            .export(with_key(
                ExportLogsServiceRequest::default(),
                &key(Scope::Ingest),
            ))
            .await
            .unwrap_err();
        for refused in [metrics, logs] {
            assert_eq!(refused.code(), Code::Unimplemented);
            assert!(
                refused.message().contains("OTEL_METRICS_EXPORTER=none"),
                "{refused:?}"
            );
            assert!(refused.metadata().get_bin(RETRY_INFO).is_none());
        }
    });
}

#[test]
fn too_large_a_message_is_refused_for_good_on_the_wire_and_inflated() {
    with_app(async |app| {
        let plain = traces(app.grpc_url());
        let gzip = plain.clone().send_compressed(CompressionEncoding::Gzip);
        for mut client in [plain, gzip] {
            let sent = with_key(with_text(40 << 20), &key(Scope::Ingest));
            let refused = client.export(sent).await.unwrap_err();
            assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
            assert!(refused.message().contains("body_too_large"), "{refused:?}");
            assert!(refused.metadata().get_bin(RETRY_INFO).is_none());
            assert!(refused.details().is_empty());
        }
        // The connection goes on.
        let sent = with_key(one_span(1), &key(Scope::Ingest));
        traces(app.grpc_url()).export(sent).await.unwrap();
    });
}

#[test]
fn a_hundred_calls_at_a_time_over_one_connection_are_all_stored() {
    with_app(async |app| {
        let client = traces(app.grpc_url());
        let calls = (1..=100).map(|id| {
            let mut client = client.clone();
            async move {
                let sent = with_key(one_span(id), &key(Scope::Ingest));
                client.export(sent).await.unwrap();
            }
        });
        futures_util::future::join_all(calls).await;
        let run = app.analyst().run(RUN).await.expect(200).json();
        assert_eq!(run["totals"]["steps"], 100);
    });
}
