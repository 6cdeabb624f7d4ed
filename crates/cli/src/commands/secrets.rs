//! `runwatch secrets`: the keys that the secrets of projects are sealed under.

mod rotate;

use std::fs;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runwatch_core::secrets::{KekId, KeyRing};
use runwatch_store::pool::Conn;
use runwatch_store::secrets::{self, KeyUse};
use serde::Serialize;

use crate::admin::Admin;
use crate::args::{SecretsArgs, SecretsCommand};
use crate::console::{say, table};
use crate::secrets::random;
use crate::terminal::count;

/// A key, as it is printed as JSON.
#[derive(Debug, Serialize)]
struct KeyJson {
    id: String,
    state: &'static str,
    projects: i64,
    secrets: i64,
}

/// Shows or exchanges keys.
pub(crate) async fn run(command: SecretsCommand) -> Result<()> {
    match command {
        SecretsCommand::Status { json, keys } => {
            let mut admin = Admin::open(&keys.installation).await?;
            let ring = key_ring(&keys, &admin)?;
            status(&mut admin.conn, &ring, json).await
        }
        SecretsCommand::Rotate { data_keys, keys } => {
            let mut admin = Admin::open(&keys.installation).await?;
            let ring = key_ring(&keys, &admin)?;
            match data_keys {
                true => rotate::data_keys(&mut admin, &ring).await,
                false => rotate::wrapping(&mut admin, &ring).await,
            }
        }
        SecretsCommand::GenerateKey => {
            let key = random::<32>().context("failed to read random bytes")?;
            say(&STANDARD.encode(key));
            Ok(())
        }
    }
}

/// The keys that were named, else those of the data folder.
fn key_ring(args: &SecretsArgs, admin: &Admin) -> Result<KeyRing> {
    let named = args.secrets_key.clone().filter(|text| !text.is_empty());
    let file = args.secrets_key_file.as_ref();
    let file = file.filter(|path| !path.as_os_str().is_empty());
    let text = match (named, file) {
        (Some(text), None) => text,
        (None, Some(path)) => fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?,
        (Some(_), Some(_)) => bail!("SECRETS_KEY and SECRETS_KEY_FILE are both set: set one"),
        (None, None) => admin.kept_secret("SECRETS_KEY").context(
            "SECRETS_KEY is not set: it must be what control-api has, or name the data folder of \
             `runwatch up` by --data-dir",
        )?,
    };
    text.parse().context("SECRETS_KEY cannot be used")
}

async fn status(conn: &mut Conn, ring: &KeyRing, json: bool) -> Result<()> {
    let uses = key_uses(conn).await?;
    let missing = missing(&uses, ring);
    let unused = ring
        .ids()
        .filter(|id| uses.iter().all(|one| one.kek != *id));
    let unused = unused.map(|kek| KeyUse {
        kek,
        projects: 0,
        secrets: 0,
    });
    let keys = uses.iter().copied().chain(unused).map(|one| KeyJson {
        id: one.kek.to_string(),
        state: state(one.kek, ring),
        projects: one.projects,
        secrets: one.secrets,
    });
    let keys: Vec<KeyJson> = keys.collect();
    say(&match json {
        true => serde_json::to_string(&keys)?,
        false => as_table(&keys),
    });
    match missing.as_slice() {
        [] => Ok(()),
        missing => bail!(
            "SECRETS_KEY lacks {}: put it back there, behind the first; without it what is under it \
             cannot be opened",
            missing.join(" and ")
        ),
    }
}

async fn key_uses(conn: &mut Conn) -> Result<Vec<KeyUse>> {
    let uses = secrets::key_uses(conn).await;
    uses.context("failed to look up which keys are in use")
}

/// The keys in use that are not in the ring.
fn missing(uses: &[KeyUse], ring: &KeyRing) -> Vec<String> {
    let missing = uses
        .iter()
        .filter(|one| !ring.ids().any(|id| id == one.kek));
    missing.map(|one| one.kek.to_string()).collect()
}

/// What a key does.
fn state(kek: KekId, ring: &KeyRing) -> &'static str {
    match ring.ids().position(|id| id == kek) {
        Some(0) => "seals",
        Some(_) => "opens",
        None => "missing",
    }
}

fn as_table(keys: &[KeyJson]) -> String {
    let row = |key: &KeyJson| {
        vec![
            key.id.clone(),
            key.state.to_owned(),
            count(key.projects),
            count(key.secrets),
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    table(&["KEY", "STATE", "PROJECTS", "SECRETS"], &rows)
}
