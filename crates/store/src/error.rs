//! What can go wrong with the database, told apart by what the caller can do about it.

use std::time::Duration;

use diesel::result::Error as DieselError;
use runwatch_core::secrets::SecretError;
use tokio_postgres::error::SqlState;

use crate::connector::BadAddress;

/// An error of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is away, overloaded, restarting or in conflict: the same call may succeed soon.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It ran into another transaction: the same call will succeed, perhaps at once.
    #[error("in conflict with another transaction: {0}")]
    Contended(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The question took longer than questions may, and would again.
    #[error("it took longer than {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// The database refuses the data, and will refuse it again.
    #[error("the database refuses the data: {0}")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The URL of the database cannot be used, or asks for less protection than there has to be.
    #[error("DATABASE_URL cannot be used: {0}")]
    Address(#[from] BadAddress),
    /// There is already one of this name.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// A rule of the application forbids it.
    #[error("{detail}")]
    Rule {
        /// The stable word for it.
        code: &'static str,
        /// What is to be done instead, in a sentence.
        detail: &'static str,
    },
    /// There is no such row for this project.
    #[error("not found")]
    NotFound,
    /// Something sealed that does not open.
    #[error("{what}: {why}")]
    Sealed {
        /// What it is, and whose.
        what: String,
        /// Why not, and what to do.
        why: SecretError,
    },
    /// Stored data that this version cannot read.
    #[error("stored data cannot be read: {0}")]
    Unreadable(String),
}

/// The result of a call of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// Whether the same call may succeed soon.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contended(_))
    }

    /// Whether it may be that of a statement that took too long. Diesel tells no SQLSTATE, and the
    /// words are in the language of the server: the time that it took has to decide.
    pub(crate) fn may_be_a_timeout(&self) -> bool {
        use diesel::result::DatabaseErrorKind;
        let Self::Unavailable(error) = self else {
            return false;
        };
        matches!(
            error.downcast_ref(),
            Some(DieselError::DatabaseError(DatabaseErrorKind::Unknown, _))
        )
    }
}

/// SQLSTATE classes and codes that speak of the data, not of the moment (PostgreSQL 15, appendix A):
/// 22 data exceptions, 23 constraints, 54 program limits such as too long index rows.
fn speaks_of_the_data(code: &SqlState) -> bool {
    // A missing partition is reported as a check violation; the job that makes them will come.
    let missing_partition = *code == SqlState::CHECK_VIOLATION;
    let code = code.code();
    !missing_partition
        && ["22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class))
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(
                &SqlState::T_R_DEADLOCK_DETECTED
                | &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::LOCK_NOT_AVAILABLE,
            ) => Self::Contended(error.into()),
            Some(code) if speaks_of_the_data(code) => Self::Refused(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        use diesel::result::DatabaseErrorKind as Kind;
        match &error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(
                Kind::UniqueViolation
                | Kind::ForeignKeyViolation
                | Kind::NotNullViolation
                | Kind::CheckViolation,
                _,
            )
            | DieselError::SerializationError(_)
            | DieselError::DeserializationError(_) => Self::Refused(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<runwatch_core::rollup::Unreadable> for StoreError {
    fn from(error: runwatch_core::rollup::Unreadable) -> Self {
        Self::Unreadable(error.to_string())
    }
}
