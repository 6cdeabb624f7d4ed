//! Status codes of HTTP and gRPC, wherever a sender put them.

use super::Evidence;
use crate::failures::FailureType;

/// Texts after which clients write the status: `Error code: 429 - {…}`, `status_code: 503, …`.
const MARKS: [&str; 11] = [
    "error code: ",
    "status code: ",
    "status_code: ",
    "status code ",
    "status code of ",
    "status: ",
    "status ",
    "api error: ",
    "http ",
    "http/1.1 ",
    "error '",
];

/// A status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// 100 to 599.
    Http(u16),
    /// 1 to 16; 0 is success.
    Grpc(u16),
}

impl Status {
    fn new(number: u16) -> Option<Self> {
        match number {
            1..=16 => Some(Self::Grpc(number)),
            100..=599 => Some(Self::Http(number)),
            _ => None,
        }
    }

    /// The type of a status that leaves no doubt.
    pub(super) fn telling(self) -> Option<FailureType> {
        match self {
            Self::Http(401 | 403 | 407) | Self::Grpc(7 | 16) => Some(FailureType::Auth),
            Self::Http(402) => Some(FailureType::Budget),
            // 524 is Cloudflare's: the origin took too long.
            Self::Http(408 | 504 | 524) | Self::Grpc(4) => Some(FailureType::Timeout),
            Self::Http(429) | Self::Grpc(8) => Some(FailureType::RateLimit),
            // 499 is nginx's: the client closed the connection.
            Self::Http(499) | Self::Grpc(1) => Some(FailureType::Cancelled),
            Self::Http(_) | Self::Grpc(_) => None,
        }
    }

    /// The type of a status by which a server says that the fault is its own.
    pub(super) fn of_server(self) -> Option<FailureType> {
        matches!(self, Self::Http(500..) | Self::Grpc(13..=15)).then_some(FailureType::Dependency)
    }
}

/// The status in the code, else in a type that is a number, else in the message.
pub(super) fn find(evidence: &Evidence<'_>) -> Option<Status> {
    let of = |text: Option<&str>| text?.trim().parse().ok().and_then(Status::new);
    of(evidence.code)
        .or_else(|| of(evidence.kind))
        .or_else(|| in_message(evidence.message?))
}

/// An HTTP status that the message begins with, or that stands after one of the marks.
fn in_message(message: &str) -> Option<Status> {
    let text = message.to_ascii_lowercase();
    let after = |mark: &&str| text.split_once(*mark).map(|(_, rest)| rest);
    std::iter::once(text.as_str())
        .chain(MARKS.iter().filter_map(after))
        .find_map(leading_http)
}

fn leading_http(text: &str) -> Option<Status> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = (digits == 3).then(|| text.get(..digits))??;
    Status::new(number.parse().ok()?).filter(|status| matches!(status, Status::Http(_)))
}
