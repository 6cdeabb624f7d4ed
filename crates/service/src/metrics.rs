//! What a process counts about itself, for Prometheus.
//!
//! Labels come from closed sets only (route templates, methods, classes of status): nothing that a
//! client sends becomes one, so nobody can make the number of series grow.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::fmt;
use std::time::Duration;

use crate::logging;
use crate::problem::Problem;

/// The registry that a process puts its metrics into before it starts to serve; every name in it
/// begins with `runwatch_`.
pub fn registry() -> Registry {
    let mut registry = Registry::with_prefix("runwatch");
    registry.register_collector(Box::new(DroppedLines));
    registry
}

/// Lines of the log that nobody read in time.
#[derive(Debug)]
struct DroppedLines;

impl Collector for DroppedLines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counter = ConstCounter::new(logging::dropped_lines());
        let help = "Lines of the log that were dropped because nobody read them";
        let encoder =
            encoder.encode_descriptor("log_lines_dropped", help, None, counter.metric_type())?;
        counter.encode(encoder)
    }
}

/// Counts of the requests that this process answered.
#[derive(Clone, Debug)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
    method: &'static str,
}

impl HttpMetrics {
    /// Makes them and puts them into the registry.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations = Family::new_with_constructor(durations as fn() -> Histogram);
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its answer",
            durations.clone(),
        );
        Self {
            requests,
            durations,
        }
    }

    /// Counts one answer; `route` is the template that matched, if any did.
    pub(crate) fn count(
        &self,
        route: Option<String>,
        method: &Method,
        status: StatusCode,
        duration: Duration,
    ) {
        let route = route.unwrap_or_else(|| "none".to_owned());
        let method = closed(method);
        let by_route = RouteLabels {
            route: route.clone(),
            method,
        };
        self.durations
            .get_or_create(&by_route)
            .observe(duration.as_secs_f64());
        let labels = RequestLabels {
            route,
            method,
            status: class(status),
        };
        self.requests.get_or_create(&labels).inc();
    }
}

/// From one millisecond to eight seconds, each bucket twice the one before.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 14))
}

fn closed(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// The metrics in the text form of `OpenMetrics` 1.0.
pub(crate) async fn get_metrics(registry: Data<Registry>) -> Result<HttpResponse, Problem> {
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
