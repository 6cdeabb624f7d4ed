//! The roles of the services and what they may do.

use anyhow::Result;
use runwatch_store::doctor::{Right, roles_and_rights};
use runwatch_store::pool::Conn;

use super::report::{Area, Report};

/// Findings that are listed one by one.
const LISTED_MAX: usize = 10;

/// Checks that every role is there and may do what it has to and no more.
pub(super) async fn check(conn: &mut Conn, report: &mut Report) -> Result<()> {
    let mut wrong = roles_and_rights(conn).await?;
    wrong.sort();
    if wrong.is_empty() {
        let what = "the services' roles are there, with the rights they need and no more";
        report.ok(Area::Database, what);
    }
    for right in wrong.iter().take(LISTED_MAX) {
        let (what, advice) = sentence(right);
        report.problem(Area::Database, what, advice);
    }
    if let Some(more @ 1..) = wrong.len().checked_sub(LISTED_MAX) {
        let what = format!("{more} more rights are not as they should be");
        report.problem(Area::Database, what, "mend those above, then look again");
    }
    Ok(())
}

fn sentence(right: &Right) -> (String, String) {
    match right {
        Right::NoRole(role) => (
            format!("the role {role} does not exist"),
            "run `runwatch migrate` as somebody who may create roles".to_owned(),
        ),
        Right::TooMuch(role, what) => (
            format!("{role} may {what}"),
            format!(
                "take it from {role} with REVOKE or ALTER ROLE; db/README.md says what each role is for"
            ),
        ),
        Right::TooLittle(role, what) => (
            format!("{role} may not {what}"),
            format!(
                "grant it to {role}; the migrations in db/migrations do, so somebody took it away"
            ),
        ),
    }
}
