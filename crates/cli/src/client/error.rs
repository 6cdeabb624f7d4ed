//! Why a call failed, in sentences that say what to do.

use std::error::Error;
use std::time::Duration;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// No key was given.
    #[error(
        "no API key was given: set RUNWATCH_API_KEY or use --key. `runwatch up` prints the keys of its first project, and `runwatch key create --scope read,ingest` makes another"
    )]
    NoKey,
    /// The server could not be reached, or the connection broke.
    #[error("{url} {what}: {reason}")]
    NotSent {
        /// The installation.
        url: String,
        /// What went wrong.
        what: NotSent,
        /// What the system said.
        reason: String,
    },
    /// The key is not known there, or was revoked.
    #[error(
        "{url} does not know this API key: it may be of another installation, or revoked. `runwatch key list` shows the keys there are"
    )]
    UnknownKey {
        /// The installation.
        url: String,
    },
    /// The key may not do this.
    #[error("{0} `runwatch key create --scope read,ingest` makes a key that may read and send")]
    MissingScope(String),
    /// There is nothing of this id in the key's project.
    #[error("not found")]
    NotFound,
    /// It cannot be done now.
    #[error("{url} is busy or just starting (HTTP {status}); try again in a moment")]
    Busy {
        /// The installation.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How long to wait.
        wait: Duration,
    },
    /// The answer leads elsewhere.
    #[error("{url} is not where Runwatch is: it leads to {location}; use that with --url")]
    Redirected {
        /// Where it was looked for.
        url: String,
        /// Where it leads.
        location: String,
    },
    /// Something else answers.
    #[error(
        "what answers at {url} does not look like Runwatch (HTTP {status}); check --url or RUNWATCH_URL"
    )]
    NotRunwatch {
        /// Where it was looked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is larger than any that is expected.
    #[error("the answer is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The call was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What a service said when it refused a call.
#[derive(Debug, thiserror::Error)]
#[error("{}", sentence(self))]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The stable code of the reason.
    pub(crate) code: String,
    /// The reason in a sentence.
    pub(crate) detail: String,
    /// The parameter or field that is wrong.
    pub(crate) field: Option<String>,
}

/// At which point a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// The URL or the key cannot be put into a request.
    Unusable,
    /// No TLS or no connection at all could be set up on this machine.
    NoClient,
    /// Nobody answers there.
    Unreachable,
    /// It took too long.
    TooSlow,
    /// The connection broke.
    CutOff,
}

impl NotSent {
    /// What an error of the HTTP client means.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        match error {
            error if error.is_builder() => Self::Unusable,
            error if error.is_connect() => Self::Unreachable,
            error if error.is_timeout() => Self::TooSlow,
            _ => Self::CutOff,
        }
    }
}

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unusable => "cannot be called; check --url and --key",
            Self::NoClient => "cannot be called from this machine",
            Self::Unreachable => {
                "cannot be reached (is Runwatch running there? `runwatch up` starts it; --url or RUNWATCH_URL names another place)"
            }
            Self::TooSlow => "did not answer in time",
            Self::CutOff => "broke off the connection",
        })
    }
}

impl CallError {
    /// A request that got no answer.
    pub(super) fn not_sent(url: &str, what: NotSent, error: &reqwest::Error) -> Self {
        let url = url.to_owned();
        let reason = innermost(error);
        Self::NotSent { url, what, reason }
    }

    /// How long to wait before the same call may succeed; none if it never will.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => Some(*wait),
            Self::NotSent { what, .. } => {
                let passes = !matches!(what, NotSent::Unusable | NotSent::NoClient);
                passes.then_some(Duration::from_secs(1))
            }
            _ => None,
        }
    }
}

/// The last of the causes, which says it shortest and names no URL with its parameters.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn sentence(refusal: &Refusal) -> String {
    let Refusal {
        status,
        code,
        detail,
        field,
    } = refusal;
    match field {
        Some(field) => format!("{field}: {detail} ({code}, HTTP {status})"),
        None => format!("{detail} ({code}, HTTP {status})"),
    }
}
