//! What the admins of a project decide about it: how long data is kept, how much may be sent, and what is
//! taken out of texts.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::limits::{QUOTA_MIN, RETENTION_DAYS_MAX};
use crate::redact::{BadRules, Detector, Redactor, Rules};

/// All settings of a project, as they are stored and as the API has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSettings {
    /// Days for which runs are kept after the last that was received of them; without end if there is none.
    pub retention_days: Option<u32>,
    /// How much may be sent.
    pub quotas: Quotas,
    /// What is taken out of texts before they are stored.
    pub redaction: Rules,
}

/// How much may be sent to a project; without limit where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Steps a second, over ten seconds.
    pub steps_per_second: Option<u32>,
    /// Bytes of bodies a second, decompressed, over ten seconds.
    pub bytes_per_second: Option<u32>,
    /// Bytes that the project may take on the disk.
    pub stored_bytes: Option<u64>,
}

/// A setting that is out of its bounds, by its name in JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// Days that are none, or too many.
    #[error("it must be a number from 1 to {RETENTION_DAYS_MAX}, or null to keep everything")]
    RetentionDays,
    /// A quota that lets nothing through.
    #[error("it must be a number from {QUOTA_MIN} on, or null for no limit")]
    Quota(&'static str),
    /// Rules that cannot be used.
    #[error("{0}")]
    Redaction(BadRules),
}

impl BadSettings {
    /// The field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::RetentionDays => "retention_days",
            Self::Quota(name) => name,
            Self::Redaction(_) => "redaction",
        }
    }
}

impl ProjectSettings {
    /// Those of a project that is made: secrets that are known by their form are taken out, as nobody wants
    /// them in a log; everything else is kept as it comes.
    pub fn of_new_project() -> Self {
        let redaction = Rules {
            detectors: vec![Detector::ProviderKeys, Detector::Jwts],
            patterns: Vec::new(),
        };
        Self {
            redaction,
            ..Self::default()
        }
    }

    /// Whether they keep to their bounds.
    pub fn check(&self) -> Result<(), BadSettings> {
        let days = self.retention_days;
        if days.is_some_and(|days| !(1..=RETENTION_DAYS_MAX).contains(&days)) {
            return Err(BadSettings::RetentionDays);
        }
        let Quotas {
            steps_per_second,
            bytes_per_second,
            stored_bytes,
        } = self.quotas;
        for (name, quota) in [
            ("quotas.steps_per_second", steps_per_second.map(u64::from)),
            ("quotas.bytes_per_second", bytes_per_second.map(u64::from)),
            ("quotas.stored_bytes", stored_bytes),
        ] {
            if quota.is_some_and(|quota| quota < QUOTA_MIN) {
                return Err(BadSettings::Quota(name));
            }
        }
        let redactor = Redactor::new(&self.redaction);
        redactor.map(drop).map_err(BadSettings::Redaction)
    }
}
