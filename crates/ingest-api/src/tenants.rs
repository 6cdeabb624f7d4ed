//! The projects that send: what their settings let through, and what is taken out of what they send.

mod bucket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use tokio::time::Instant;

use runwatch_core::ids::ProjectId;
use runwatch_core::project_settings::ProjectSettings;
use runwatch_core::redact::Redactor;
use runwatch_service::auth::Ingester;
use runwatch_service::problem::{Problem, RETRY_AFTER_SECONDS_MAX};
use runwatch_store::project_settings;

use self::bucket::Bucket;

/// Projects that are remembered: each takes some kilobytes, with patterns of its own more.
const TENANTS_MAX: usize = 10_000;
/// The code of the answer to a project that sends more than its quota.
pub(crate) const QUOTA_EXCEEDED: &str = "quota_exceeded";

/// All projects that sent lately.
#[derive(Debug, Default)]
pub(crate) struct Tenants(Mutex<HashMap<ProjectId, Arc<Tenant>>>);

/// A project, with what was made of its settings.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// What it was made of.
    json: Arc<str>,
    /// Takes out of texts what is not to be stored.
    pub(crate) redactor: Redactor,
    steps: Option<Bucket>,
    bytes: Option<Bucket>,
    stored_bytes_max: Option<i64>,
}

impl Tenants {
    /// The project of whoever sends, if its quotas let it.
    ///
    /// It is asked before the body is read; what that turns out to have is counted by
    /// [`Tenant::spend`], and is owed.
    pub(crate) fn admit(&self, who: &Ingester) -> Result<Arc<Tenant>, Problem> {
        let tenant = self.find(who.project, &who.settings)?;
        tenant.check(who.stored_bytes, Instant::now())?;
        Ok(tenant)
    }

    /// A project with its settings as they are now.
    pub(crate) fn find(
        &self,
        project: ProjectId,
        settings: &Arc<str>,
    ) -> Result<Arc<Tenant>, Problem> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = known.get(&project)
            && tenant.json == *settings
        {
            return Ok(Arc::clone(tenant));
        }
        let json = Arc::clone(settings);
        let tenant = Arc::new(Tenant::new(json, &project_settings::read(settings)?)?);
        if known.len() >= TENANTS_MAX {
            known.clear();
        }
        known.insert(project, Arc::clone(&tenant));
        Ok(tenant)
    }
}

impl Tenant {
    fn new(json: Arc<str>, settings: &ProjectSettings) -> Result<Self, Problem> {
        let redactor = Redactor::new(&settings.redaction);
        let quotas = settings.quotas;
        let stored_bytes_max = quotas.stored_bytes;
        Ok(Self {
            json,
            redactor: redactor.map_err(|error| Problem::internal(&error))?,
            steps: quotas.steps_per_second.map(Bucket::new),
            bytes: quotas.bytes_per_second.map(Bucket::new),
            stored_bytes_max: stored_bytes_max.map(|max| i64::try_from(max).unwrap_or(i64::MAX)),
        })
    }

    fn check(&self, stored_bytes: i64, now: Instant) -> Result<(), Problem> {
        if self.stored_bytes_max.is_some_and(|max| stored_bytes >= max) {
            let detail = "The project takes as much on the disk as its quota lets it.";
            return Err(exceeded("stored_bytes", RETRY_AFTER_SECONDS_MAX, detail));
        }
        for (quota, bucket, detail) in [
            (
                "steps_per_second",
                &self.steps,
                "The project sends more steps than its quota lets through.",
            ),
            (
                "bytes_per_second",
                &self.bytes,
                "The project sends more bytes than its quota lets through.",
            ),
        ] {
            if let Some(wait) = bucket.as_ref().and_then(|bucket| bucket.wait(now)) {
                return Err(exceeded(quota, wait.min(RETRY_AFTER_SECONDS_MAX), detail));
            }
        }
        Ok(())
    }

    /// Counts what a request brought.
    pub(crate) fn spend(&self, steps: usize, bytes: usize) {
        let now = Instant::now();
        for (bucket, amount) in [(&self.steps, steps), (&self.bytes, bytes)] {
            if let Some(bucket) = bucket {
                bucket.spend(amount, now);
            }
        }
    }
}

fn exceeded(quota: &'static str, seconds: u32, detail: &'static str) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, QUOTA_EXCEEDED, detail)
        .with_member("quota", quota)
        .with_retry_after(seconds)
}
