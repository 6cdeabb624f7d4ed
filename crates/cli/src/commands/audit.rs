//! `runwatch audit`: proves that nobody changed the log of who changed what.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use runwatch_core::audit::{EntryHash, Verifier};
use runwatch_core::ids::ProjectId;
use runwatch_store::audit;
use runwatch_store::pool::Conn;

use crate::admin::Admin;
use crate::args::AuditCommand;
use crate::commands::project;
use crate::console::say;

/// Entries that are read at a time.
const PAGE: i64 = 1_000;

/// What was noted elsewhere: for each project, entries by their numbers.
type Noted = BTreeMap<ProjectId, BTreeMap<i64, EntryHash>>;

/// Verifies the log, or prints what to keep elsewhere.
pub(crate) async fn run(command: AuditCommand) -> Result<()> {
    match command {
        AuditCommand::Verify {
            project,
            heads,
            installation,
        } => {
            let mut admin = Admin::open(&installation).await?;
            let mut noted = heads.as_deref().map_or(Ok(Noted::new()), read)?;
            let wanted = match project {
                Some(name) => Some(project::find(&mut admin.conn, &name).await?.id),
                None => None,
            };
            verify_all(&mut admin, &mut noted, wanted).await
        }
        AuditCommand::Heads { installation } => {
            let mut conn = Admin::open(&installation).await?.conn;
            let heads = audit::heads(&mut conn).await;
            for head in heads.context("failed to read the audit log")? {
                let hash = hex(&head.hash);
                say(&format!("{} {} {hash}", head.project, head.seq));
            }
            Ok(())
        }
    }
}

async fn verify_all(admin: &mut Admin, noted: &mut Noted, wanted: Option<ProjectId>) -> Result<()> {
    let heads = audit::heads(&mut admin.conn).await;
    let heads = heads.context("failed to read the audit log")?;
    let mut projects: Vec<ProjectId> = heads.into_iter().map(|head| head.project).collect();
    // Those of which nothing is left, too.
    projects.extend(noted.keys().copied());
    projects.sort();
    projects.dedup();
    projects.retain(|project| wanted.is_none_or(|wanted| wanted == *project));
    let mut broken = 0;
    for project in projects {
        let verifier = Verifier::new(admin.audit_key()?);
        let of_project = noted.remove(&project).unwrap_or_default();
        match verify(&mut admin.conn, verifier, project, of_project).await {
            Ok(entries) => say(&format!(
                "{project}: {entries} entries, as they were written."
            )),
            Err(error) => {
                broken += 1;
                say(&format!("{project}: {error:#}."));
            }
        }
    }
    match broken {
        0 => Ok(()),
        _ => bail!(
            "the audit log is not what was written, or AUDIT_KEY is not what it was written with"
        ),
    }
}

/// Goes through the log of a project, and says how many entries there are.
async fn verify(
    conn: &mut Conn,
    mut verifier: Verifier,
    project: ProjectId,
    mut noted: BTreeMap<i64, EntryHash>,
) -> Result<i64> {
    loop {
        let (seq, _) = verifier.head();
        let page = audit::after(conn, project, seq, PAGE).await;
        let page = page.context("it cannot be read")?;
        if page.is_empty() {
            break;
        }
        for (entry, hash) in &page {
            verifier.take(entry, hash)?;
            if noted.remove(&entry.seq).is_some_and(|noted| noted != *hash) {
                bail!("entry {} is another than the one that was noted", entry.seq);
            }
        }
    }
    let (entries, _) = verifier.head();
    match noted.keys().next() {
        Some(missing) => bail!("entry {missing} was noted, and the log ends with entry {entries}"),
        None => Ok(entries),
    }
}

/// Reads lines of `audit heads`, or of the worker's log lines in that form.
fn read(path: &Path) -> Result<Noted> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {shown}"))?;
    let mut noted = Noted::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let head = match words.as_slice() {
            [project, seq, hash] => project.parse().ok().zip(seq.parse().ok()).zip(bytes(hash)),
            _ => None,
        };
        let ((project, seq), hash) = head.with_context(|| {
            format!("{shown} has a line that `runwatch audit heads` does not print: {line:?}")
        })?;
        noted.entry(project).or_default().insert(seq, hash);
    }
    Ok(noted)
}

fn hex(hash: &EntryHash) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes everything");
        text
    })
}

fn bytes(hex: &str) -> Option<EntryHash> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.map(byte).collect();
    bytes?.try_into().ok()
}
