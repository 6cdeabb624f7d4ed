//! Arguments about the public front: those of `runwatch nginx`, and what it shares with `runwatch up`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

/// How the front is reached, and whom it lets in how often.
#[derive(Debug, Args)]
pub struct FrontArgs {
    /// Public port for OTLP over gRPC [default: 4317 if P is 8080, else P+7]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub grpc_port: Option<u16>,
    /// Public address. Anything but loopback needs TLS for people to sign in: name a certificate, or put
    /// a proxy before it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub listen: IpAddr,
    /// Speak TLS with this certificate, a PEM file that may hold those that lead to a known one
    #[arg(
        long,
        env = "RUNWATCH_TLS_CERT",
        value_name = "PATH",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, a PEM file
    #[arg(
        long,
        env = "RUNWATCH_TLS_KEY",
        value_name = "PATH",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,
    /// A proxy before this installation, which is believed about the client's address
    /// (X-Forwarded-For) and about TLS (X-Forwarded-Proto): a network such as 10.0.0.0/8, or an address;
    /// may be repeated [default: this machine]
    #[arg(long = "trusted-proxy", env = "RUNWATCH_TRUSTED_PROXIES", value_name = "NETWORK",
        value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// The URL under which people reach this installation [default: http://LISTEN:PORT, https with TLS]
    #[arg(long, env = "RUNWATCH_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// A further host name under which agents reach this installation; may be repeated. Requests for other
    /// names than these, that of the public URL and this machine's own are not answered; all names are, if
    /// neither this nor a public URL is named and the address is not loopback
    #[arg(long = "server-name", value_name = "NAME", value_delimiter = ',', value_parser = host_name)]
    pub server_names: Vec<String>,
    /// Requests a second that one client address may send to ingest-api; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub ingest_rate_limit: u32,
    /// Requests a second that one client address may send to query-api; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub query_rate_limit: u32,
}

/// Arguments of `runwatch nginx`.
#[derive(Debug, Args)]
pub struct NginxArgs {
    /// Public port
    #[arg(long, value_name = "P", default_value_t = crate::ports::PORT)]
    pub port: u16,
    /// How it is reached.
    #[command(flatten)]
    pub front: FrontArgs,
    /// Where an ingest-api takes requests over HTTP; may be repeated
    #[arg(long, value_name = "HOST:PORT", required = true, value_delimiter = ',', value_parser = server)]
    pub ingest: Vec<String>,
    /// Where an ingest-api takes calls over gRPC; may be repeated
    #[arg(long, value_name = "HOST:PORT", required = true, value_delimiter = ',', value_parser = server)]
    pub ingest_grpc: Vec<String>,
    /// Where a query-api is; may be repeated
    #[arg(long, value_name = "HOST:PORT", required = true, value_delimiter = ',', value_parser = server)]
    pub query: Vec<String>,
    /// Where a control-api is; may be repeated
    #[arg(long, value_name = "HOST:PORT", required = true, value_delimiter = ',', value_parser = server)]
    pub control: Vec<String>,
    /// Folder for nginx's pid, access log and temporary files; it is made if it is missing
    #[arg(long, value_name = "DIR", default_value = "/var/lib/runwatch/nginx")]
    pub dir: PathBuf,
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_not_a_network| address());
    network.map_err(|_neither| "it must be a network such as 10.0.0.0/8, or an address".to_owned())
}

fn host_name(text: &str) -> Result<String, String> {
    let fitting = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let fits = !text.is_empty() && text.chars().all(fitting);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "it must be a host name such as runs.example.com".to_owned())
}

/// A host and a port as they can stand in nginx's configuration.
fn server(text: &str) -> Result<String, String> {
    let wrong = || "it must be an address such as 10.0.0.7:8000 or ingest.internal:8000".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host_name(host).is_ok(),
    };
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (is_host && is_port)
        .then(|| text.to_owned())
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn what_could_not_stand_in_the_configuration_is_no_server() {
        for good in ["10.0.0.7:8000", "ingest-1.internal:80", "[fd00::1]:8000"] {
            assert_eq!(server(good).as_deref(), Ok(good));
        }
        for bad in [
            "", "8000", ":8000", "a:", "a:0", "a:70000", "a b:1", "a;}:1", "[::1:1", "::1:8000",
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }
}
