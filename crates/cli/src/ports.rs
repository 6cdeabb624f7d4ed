//! The ports of one installation, all derived from `--port`, so that two can run side by side.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::args::UpArgs;

/// Ports that one installation keeps to itself, counted from `--port`: 9 are used, the rest is
/// room for later ones.
pub(crate) const PORTS_PER_INSTALLATION: u16 = 10;

/// The public port by default.
pub(crate) const PORT: u16 = 8080;
/// The port on which exporters look for OTLP over gRPC (opentelemetry-proto, "OTLP/gRPC Default
/// Port").
const GRPC_PORT: u16 = 4317;

/// The highest port that TCP has.
const PORT_MAX: u16 = u16::MAX;

/// What listens where; everything but nginx listens on loopback only. `P` is `--port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// The public port, `P`.
    pub(crate) nginx: u16,
    /// The public port of OTLP over gRPC: 4317 if `P` is the default, else `P + 7`.
    pub(crate) grpc: u16,
    /// `P + 1`.
    pub(crate) ingest: u16,
    /// `P + 2`.
    pub(crate) query: u16,
    /// `P + 3`.
    pub(crate) control: u16,
    /// `P + 4`: health and metrics only.
    pub(crate) worker: u16,
    /// `P + 5`.
    pub(crate) ingest_grpc: u16,
    /// `P + 6`, unless the database is somebody else's.
    pub(crate) postgres: u16,
    /// `P + 8`: nginx in clear text for this machine, where it speaks TLS at `P`.
    pub(crate) local: u16,
}

/// Why an installation cannot have its ports.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortError {
    /// The last of the derived ports would not exist.
    #[error("--port {0} is too high: the services take the ports behind it, so choose one up to {max}", max = PORT_MAX - PORTS_PER_INSTALLATION + 1)]
    TooHigh(u16),
    /// 0 would let the system choose, but the other ports are derived from it.
    #[error("--port 0 is not possible: the ports of the services are derived from it")]
    Zero,
    /// Another program listens there.
    #[error(
        "port {port} ({holder}) is in use by another program; choose other ports with --port, and with --grpc-port for gRPC"
    )]
    InUse {
        /// The port that is taken.
        port: u16,
        /// Which of ours wanted it.
        holder: &'static str,
    },
    /// The system refuses, as it does for low ports and addresses of other machines.
    #[error("cannot listen on {address} ({holder}); choose another place with --listen and --port")]
    Refused {
        /// The place.
        address: SocketAddr,
        /// Which of ours wanted it.
        holder: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl Ports {
    /// What lies between the public port and that of the database.
    pub(crate) const POSTGRES_OFFSET: u16 = 6;

    /// The ports derived from the public one, but for that of gRPC if it is told.
    pub(crate) fn from_base(port: u16, grpc: Option<u16>) -> Result<Self, PortError> {
        if port == 0 {
            return Err(PortError::Zero);
        }
        if port > PORT_MAX - PORTS_PER_INSTALLATION + 1 {
            return Err(PortError::TooHigh(port));
        }
        Ok(Self {
            nginx: port,
            grpc: grpc.unwrap_or(if port == PORT { GRPC_PORT } else { port + 7 }),
            ingest: port + 1,
            query: port + 2,
            control: port + 3,
            worker: port + 4,
            ingest_grpc: port + 5,
            postgres: port + Self::POSTGRES_OFFSET,
            local: port + 8,
        })
    }

    /// The ports of our own services with their names, all on loopback.
    pub(crate) fn services(self) -> [(&'static str, u16); 4] {
        [
            ("ingest-api", self.ingest),
            ("query-api", self.query),
            ("control-api", self.control),
            ("alert-worker", self.worker),
        ]
    }
}

/// An address and port on loopback.
pub(crate) fn on_loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Where this machine itself reaches what listens at the address: one that stands for all
/// addresses cannot be called.
pub(crate) fn reachable(listen: IpAddr, port: u16) -> SocketAddr {
    let address = match listen {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(address, port)
}

/// Where this machine itself reaches nginx in clear text.
pub(crate) fn local_address(args: &UpArgs, ports: Ports) -> SocketAddr {
    match args.front.tls_cert {
        Some(_) => on_loopback(ports.local),
        None => reachable(args.front.listen, ports.nginx),
    }
}

/// Makes sure that nobody listens at the port yet, by listening there for a moment.
pub(crate) fn check_free(
    address: IpAddr,
    port: u16,
    holder: &'static str,
) -> Result<(), PortError> {
    let address = SocketAddr::new(address, port);
    match TcpListener::bind(address) {
        Ok(_released_at_once) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(PortError::InUse { port, holder })
        }
        Err(source) => Err(PortError::Refused {
            address,
            holder,
            source,
        }),
    }
}
