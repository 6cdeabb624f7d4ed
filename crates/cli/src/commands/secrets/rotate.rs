//! `runwatch secrets rotate`: one project after the other, each in a transaction with its entry in the audit log.

use anyhow::{Context, Result, bail};
use runwatch_core::ids::ProjectId;
use runwatch_core::secrets::KeyRing;
use runwatch_store::error::StoreError;
use runwatch_store::secrets;
use serde_json::json;

use super::key_uses;
use crate::admin::{Admin, Done};
use crate::console::say;
use crate::terminal::count;

/// Projects after which it is said how far it has come.
const PROGRESS_EVERY: usize = 500;
/// What is said when the database fails in the middle.
const BROKEN_OFF: &str = "the rotation was broken off; what is done stays done: run it again";

/// Wraps every data key that is under another key than the first of the ring.
pub(super) async fn wrapping(admin: &mut Admin, ring: &KeyRing) -> Result<()> {
    let mut rotation = Rotation {
        admin,
        ring,
        failed: 0,
    };
    let rewrapped = rotation.rewrap_all().await?;
    say(&format!(
        "Put the data keys of {} under the key {}.",
        projects(rewrapped),
        ring.first()
    ));
    rotation.conclude().await
}

/// Makes a new data key for every project and seals its secrets with it.
pub(super) async fn data_keys(admin: &mut Admin, ring: &KeyRing) -> Result<()> {
    let mut rotation = Rotation {
        admin,
        ring,
        failed: 0,
    };
    let (renewed, resealed) = rotation.renew_all().await?;
    say(&format!(
        "Made new data keys for {} under the key {}, and sealed {} secrets anew.",
        projects(renewed),
        ring.first(),
        counted(resealed)
    ));
    // Those that a service made meanwhile which has the keys in another order.
    rotation.rewrap_all().await?;
    rotation.conclude().await
}

struct Rotation<'a> {
    admin: &'a mut Admin,
    ring: &'a KeyRing,
    /// Projects of which something does not open.
    failed: usize,
}

impl Rotation<'_> {
    /// How many data keys were wrapped anew.
    async fn rewrap_all(&mut self) -> Result<usize> {
        let due = secrets::projects_not_under(&mut self.admin.conn, self.ring.first()).await;
        let due = due.context("failed to list the projects")?;
        let mut rewrapped = 0;
        for (at, project) in due.iter().enumerate() {
            let done = self.rewrap(*project).await;
            rewrapped += usize::from(self.judge(done)?.is_some());
            progress(at + 1, due.len());
        }
        Ok(rewrapped)
    }

    /// How many data keys were made, and how many secrets sealed with them.
    async fn renew_all(&mut self) -> Result<(usize, usize)> {
        let all = secrets::projects_with_keys(&mut self.admin.conn).await;
        let all = all.context("failed to list the projects")?;
        let (mut renewed, mut resealed) = (0, 0);
        for (at, project) in all.iter().enumerate() {
            let done = self.renew(*project).await;
            if let Some(secrets) = self.judge(done)? {
                renewed += 1;
                resealed += secrets;
            }
            progress(at + 1, all.len());
        }
        Ok((renewed, resealed))
    }

    async fn rewrap(&mut self, project: ProjectId) -> Result<()> {
        let ring = self.ring;
        let rewrapped = self.admin.change(project, "rewrap_data_key", async |conn| {
            // Another rotation may have come first.
            let from = secrets::rewrap(conn, project, ring).await?;
            let from = from.ok_or(StoreError::NotFound)?;
            Ok(Done {
                answer: (),
                subject: ring.first().to_string(),
                details: json!({ "from": from.to_string() }),
            })
        });
        rewrapped.await
    }

    async fn renew(&mut self, project: ProjectId) -> Result<usize> {
        let ring = self.ring;
        let renewed = self.admin.change(project, "renew_data_key", async |conn| {
            let renewed = secrets::renew(conn, project, ring).await?;
            Ok(Done {
                answer: renewed.secrets,
                subject: ring.first().to_string(),
                details: json!({ "from": renewed.from.to_string(), "secrets": renewed.secrets }),
            })
        });
        renewed.await
    }

    /// What came of one project: none if there was nothing to do any more, or if something does not open, which is
    /// said and holds up no other project.
    fn judge<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        let error = match outcome {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        match error.downcast_ref() {
            Some(StoreError::NotFound) => Ok(None),
            Some(StoreError::Sealed { .. }) => {
                self.failed += 1;
                say(&format!("{error}."));
                Ok(None)
            }
            _ => Err(error).context(BROKEN_OFF),
        }
    }

    /// Says which keys are needed no longer; fails if something was not put under the first.
    async fn conclude(self) -> Result<()> {
        let uses = key_uses(&mut self.admin.conn).await?;
        let first = self.ring.first();
        for old in self.ring.ids().skip(1) {
            if uses.iter().all(|one| one.kek != old) {
                say(&format!(
                    "Nothing is under the key {old} any more. When every service has {first} as the first, \
                     take {old} out of SECRETS_KEY; keep it elsewhere as long as backups from before are kept."
                ));
            }
        }
        let left = uses.iter().filter(|one| one.kek != first);
        let left: i64 = left.map(|one| one.projects).sum();
        match (self.failed, left) {
            (0, 0) => Ok(()),
            (0, left) => bail!(
                "{left} data keys were made under another key meanwhile: give {first} to control-api as the \
                 first of SECRETS_KEY, then run it again"
            ),
            (failed, _) => bail!(
                "something of {} does not open, as said above",
                projects(failed)
            ),
        }
    }
}

fn progress(done: usize, of: usize) {
    if done.is_multiple_of(PROGRESS_EVERY) && done < of {
        say(&format!("{} of {}.", counted(done), projects(of)));
    }
}

fn projects(number: usize) -> String {
    match number {
        1 => "1 project".to_owned(),
        number => format!("{} projects", counted(number)),
    }
}

fn counted(number: usize) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}
