//! Tests of the crate as its callers see it. Bodies are written by `opentelemetry-proto` and
//! `prost`, which share no code with what reads them here.

mod arbitrary;
mod builders;
mod dialects;
mod duplicates;
mod fixtures;
mod formats;
mod guard;
mod lossless;
mod openinference;
mod otel;
mod otel_genai;
mod rejections;
mod responses;
mod tolerance;
mod usage;
