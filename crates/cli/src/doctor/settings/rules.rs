//! What the values of the settings must be. The services decide it; a test asks them about the same
//! values (`crates/tests/tests/it/doctor.rs`).

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use ipnet::IpNet;
use runwatch_core::secrets::KeyRing;
use runwatch_store::connector::{Address, Protection};

/// What a value must be.
enum Rule {
    /// A whole number within bounds.
    Number(RangeInclusive<u64>),
    /// Yes or no.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Where to listen.
    Address,
    /// Where the database is.
    Database,
    /// Networks, separated by commas.
    Networks,
    /// Where something is on the web.
    WebAddress,
    /// Keys that secrets are sealed under.
    KeyRing,
}

/// The rules by name; a setting without one takes any text.
const RULES: [(&str, Rule); 20] = [
    ("DATABASE_URL", Rule::Database),
    ("DATABASE_POOL_SIZE", Rule::Number(1..=90)),
    ("RUNWATCH_UNSAFE_DURABILITY", Rule::Flag),
    ("RUNWATCH_LOG_FORMAT", Rule::OneOf(&["text", "json"])),
    ("INGEST_BIND", Rule::Address),
    ("INGEST_GRPC_BIND", Rule::Address),
    ("QUERY_BIND", Rule::Address),
    ("WORKER_BIND", Rule::Address),
    ("RUNWATCH_DRAIN_SECONDS", Rule::Number(0..=600)),
    ("RUNWATCH_HTTP_WORKERS", Rule::Number(1..=256)),
    ("INGEST_WRITERS", Rule::Number(1..=64)),
    ("INGEST_BYTES_IN_FLIGHT", Rule::Number(1 << 20..=1 << 36)),
    ("RUNWATCH_TRUSTED_PROXIES", Rule::Networks),
    ("QUERY_TIMEOUT_MS", Rule::Number(100..=600_000)),
    ("SECRETS_KEY", Rule::KeyRing),
    ("OIDC_ISSUER", Rule::WebAddress),
    ("OIDC_REDIRECT_URI", Rule::WebAddress),
    ("OIDC_TRUST_EMAIL", Rule::Flag),
    ("RUNWATCH_URL", Rule::WebAddress),
    ("RUNWATCH_PUBLIC_URL", Rule::WebAddress),
];

/// What is wrong with a value, without the value, which may be a secret in the wrong place.
pub(super) fn complaint(name: &str, value: &str) -> Option<String> {
    let (_, rule) = RULES.iter().find(|(ruled, _)| *ruled == name)?;
    let (is_right, must) = match rule {
        Rule::Number(bounds) => (
            value.parse().is_ok_and(|number| bounds.contains(&number)),
            format!("a number from {} to {}", bounds.start(), bounds.end()),
        ),
        Rule::Flag => (
            matches!(value, "0" | "1" | "true" | "false"),
            "1, 0, true or false".to_owned(),
        ),
        Rule::OneOf(words) => (words.contains(&value), words.join(" or ")),
        Rule::Address => (
            value.parse::<SocketAddr>().is_ok(),
            "an address and a port, such as 127.0.0.1:8000".to_owned(),
        ),
        Rule::Database => return value.parse::<Address>().err().map(|why| why.to_string()),
        Rule::Networks => (
            value.split(',').map(str::trim).all(is_network),
            "networks such as 10.0.0.0/8, separated by commas".to_owned(),
        ),
        Rule::WebAddress => (
            value.starts_with("http://") || value.starts_with("https://"),
            "a URL such as https://runwatch.example.com".to_owned(),
        ),
        Rule::KeyRing => (
            value.parse::<KeyRing>().is_ok(),
            "different keys of 32 random bytes in Base64, separated by commas".to_owned(),
        ),
    };
    (!is_right).then(|| format!("it must be {must}"))
}

fn is_network(text: &str) -> bool {
    text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok()
}

/// What a usable value puts at risk.
pub(super) fn danger(name: &str, value: &str) -> Option<&'static str> {
    if name == "DATABASE_URL" {
        let address: Option<Address> = value.parse().ok();
        return match address?.protection() {
            Protection::Local | Protection::Verified => None,
            Protection::Unverified => {
                Some("whoever answers is taken for the database (sslmode=no-verify)")
            }
            Protection::ClearText => {
                Some("the network can read and change everything (sslmode=cleartext)")
            }
        };
    }
    let is_unsafe = name == "RUNWATCH_UNSAFE_DURABILITY" && matches!(value, "1" | "true");
    is_unsafe.then_some("services are ready even if the database may lose commits; only for tests")
}
