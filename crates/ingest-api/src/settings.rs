//! Settings of ingest-api.

use std::net::{Ipv4Addr, SocketAddr};

use runwatch_core::api_key::Pepper;
use runwatch_core::limits::BYTES_IN_FLIGHT_MAX;
use runwatch_service::env::Env;
use runwatch_service::settings::{DatabaseSettings, HttpSettings, LogSettings};

/// The port that OTLP over gRPC has by default (opentelemetry-proto, "OTLP/gRPC Default Port").
const GRPC_PORT: u16 = 4317;

/// All settings of the process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub http: HttpSettings,
    /// What it logs.
    pub log: LogSettings,
    /// Where the database is.
    pub database: DatabaseSettings,
    /// How it takes telemetry in.
    pub ingest: IngestSettings,
    /// `API_KEY_PEPPER`, required: what the secrets of keys are hashed under.
    pub pepper: Option<Pepper>,
}

/// How telemetry is taken in.
#[derive(Clone, Debug)]
pub struct IngestSettings {
    /// `INGEST_GRPC_BIND`, 127.0.0.1:4317 by default: address and port for OTLP over gRPC.
    pub grpc_bind: SocketAddr,
    /// `INGEST_WRITERS`, 2 by default: tasks that store what has queued up, each with a connection
    /// of its own. More of them help where a commit is slow, as on a network disk.
    pub writers: usize,
    /// `INGEST_BYTES_IN_FLIGHT`, 128 MiB by default: bytes of all bodies that are held at a time,
    /// decompressed ones included. Above it requests are answered 503 before they are read; of one project
    /// at two thirds of it; and a request that is larger than these, 413.
    pub bytes_in_flight: usize,
}

impl Settings {
    /// Reads them.
    pub fn from_env(env: &mut Env) -> Self {
        let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 8000));
        Self {
            http: HttpSettings::from_env(env, "INGEST_BIND", bind),
            log: LogSettings::from_env(env),
            database: DatabaseSettings::from_env(env),
            ingest: IngestSettings {
                grpc_bind: env.parsed(
                    "INGEST_GRPC_BIND",
                    SocketAddr::from((Ipv4Addr::LOCALHOST, GRPC_PORT)),
                ),
                writers: env.number("INGEST_WRITERS", 2, 1..=64),
                bytes_in_flight: env.number(
                    "INGEST_BYTES_IN_FLIGHT",
                    BYTES_IN_FLIGHT_MAX,
                    1 << 20..=1 << 36,
                ),
            },
            pepper: env.required_key("API_KEY_PEPPER", Pepper::new),
        }
    }
}
