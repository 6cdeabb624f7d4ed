//! `runwatch sql-login`.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use runwatch_core::ids::ProjectId;
use runwatch_store::projects;
use runwatch_store::sql_logins::{self, LoginName, NewLogin, SqlLogin};
use serde::Serialize;
use serde_json::json;

use crate::admin::{Admin, Done};
use crate::args::{NewSqlLoginArgs, SqlLoginCommand};
use crate::clock::now;
use crate::commands::project;
use crate::console::{complain, say, table};
use crate::secrets::random_password;

/// What a new login is tried with.
const EXAMPLE: &str = "SELECT agent_id, sum(cost_usd) AS cost_usd FROM runs \
    WHERE started_at > now() - interval '1 day' GROUP BY agent_id ORDER BY 2 DESC NULLS LAST";

/// A new login as it is printed as JSON, the only time that its password is shown.
#[derive(Debug, Serialize)]
struct CreatedLoginJson {
    name: String,
    role: String,
    url: String,
    expires_at: String,
}

/// A login as it is listed as JSON.
#[derive(Debug, Serialize)]
struct LoginJson {
    name: String,
    role: String,
    project: String,
    created_at: String,
    expires_at: String,
    connections: i32,
    open_connections: i64,
    timeout_seconds: i32,
}

/// Makes, lists or takes away logins.
pub(crate) async fn run(command: SqlLoginCommand) -> Result<()> {
    match command {
        SqlLoginCommand::Create(args) => create(args).await,
        SqlLoginCommand::List { json, installation } => {
            let mut admin = Admin::open(&installation).await?;
            let logins = listed(&mut admin).await?;
            say(&match json {
                true => serde_json::to_string(&logins)?,
                false => as_table(&logins),
            });
            Ok(())
        }
        SqlLoginCommand::Revoke {
            name, installation, ..
        } => {
            let mut admin = Admin::open(&installation).await?;
            match name {
                Some(name) => revoke(&mut admin, &name).await,
                None => revoke_expired(&mut admin).await,
            }
        }
    }
}

async fn create(args: NewSqlLoginArgs) -> Result<()> {
    let mut admin = Admin::open(&args.installation).await?;
    let project = project::find(&mut admin.conn, &args.project).await?;
    let new = NewLogin {
        name: args.name,
        password: random_password().context("failed to read random bytes")?,
        expires_at: args.expires,
        connections: args.connections,
        statement_seconds: args.timeout,
    };
    let made = admin.change(project.id, "create_sql_login", async |conn| {
        sql_logins::create(conn, project.id, &new).await?;
        Ok(Done {
            answer: (),
            subject: new.name.role(),
            details: json!({ "expires_at": new.expires_at.to_rfc3339() }),
        })
    });
    let name = &new.name;
    made.await
        .with_context(|| format!("failed to make the login {name}"))?;
    close_the_rest(&mut admin).await?;
    let created = CreatedLoginJson {
        name: name.to_string(),
        role: name.role(),
        url: admin.url_of(&name.role(), &new.password)?,
        expires_at: new.expires_at.to_rfc3339(),
    };
    say(&match args.json {
        true => serde_json::to_string(&created)?,
        false => format!(
            "{url}\nKeep it: it cannot be shown again. Until {until} it reads the project {project:?}:\n\n  \
             psql '{url}' \\\n    -c '\\d' -c \"{EXAMPLE}\"",
            url = created.url,
            until = created.expires_at,
            project = project.name,
        ),
    });
    Ok(())
}

/// Closes what the login should not reach and is ours to close, and says what somebody else has to.
async fn close_the_rest(admin: &mut Admin) -> Result<()> {
    let failed = "the login is made, but what else it reaches could not be seen to";
    let conn = &mut admin.conn;
    let limited = sql_logins::may_limit_temp_files(conn).await;
    if !limited.context(failed)? {
        complain(
            "Its temporary files are not limited: only a superuser may, by ALTER ROLE … SET temp_file_limit = '512MB'.",
        );
    }
    let open = sql_logins::other_databases(conn).await.context(failed)?;
    if admin.has_private_server() {
        for database in &open {
            let closed = sql_logins::close_database(&mut admin.conn, database).await;
            closed.context(failed)?;
        }
    } else if let [first, others @ ..] = &open[..] {
        complain(&format!(
            "It may also connect to {first:?} and {} other databases of this server, as every role may: to none of \
             Runwatch's rows, but to temporary tables and what is open to all there. Close each by REVOKE CONNECT ON \
             DATABASE … FROM PUBLIC.",
            others.len()
        ));
    }
    Ok(())
}

async fn listed(admin: &mut Admin) -> Result<Vec<LoginJson>> {
    let failed = "failed to list the logins";
    let projects = projects::list(&mut admin.conn).await.context(failed)?;
    let names: HashMap<ProjectId, String> = projects
        .into_iter()
        .map(|project| (project.id, project.name))
        .collect();
    let logins = sql_logins::list(&mut admin.conn).await.context(failed)?;
    let json = |login: SqlLogin| {
        let SqlLogin {
            name,
            project,
            created_at,
            expires_at,
            connections,
            open_connections,
            statement_seconds,
        } = login;
        LoginJson {
            role: name.role(),
            name: name.to_string(),
            project: names.get(&project).cloned().unwrap_or_default(),
            created_at: created_at.to_rfc3339(),
            expires_at: expires_at.to_rfc3339(),
            connections,
            open_connections,
            timeout_seconds: statement_seconds,
        }
    };
    Ok(logins.into_iter().map(json).collect())
}

/// First it loses its rows and may sign in no more, which is written down; then its connections end, and it goes.
async fn revoke(admin: &mut Admin, name: &LoginName) -> Result<()> {
    let failed = || format!("failed to take the login {name} away; run this again");
    let logins = sql_logins::list(&mut admin.conn).await;
    let logins = logins.with_context(failed)?;
    let login = logins.into_iter().find(|login| login.name == *name);
    let was_there = login.is_some();
    if let Some(SqlLogin { project, .. }) = login {
        let revoked = admin.change(project, "delete_sql_login", async |conn| {
            sql_logins::revoke(conn, project, name).await?;
            Ok(Done {
                answer: (),
                subject: name.role(),
                details: json!({}),
            })
        });
        revoked.await.with_context(failed)?;
    }
    // Also what was left by one that was broken off behind the first step.
    let dropped = sql_logins::drop_role(&mut admin.conn, name).await;
    if !dropped.with_context(failed)? && !was_there {
        bail!("there is no login {name}; `runwatch sql-login list` shows those there are");
    }
    say(&format!("Took the login {name} away."));
    Ok(())
}

async fn revoke_expired(admin: &mut Admin) -> Result<()> {
    let logins = sql_logins::list(&mut admin.conn).await;
    let logins = logins.context("failed to list the logins")?;
    let now = now();
    let expired = logins.iter().filter(|login| login.expires_at <= now);
    let mut revoked = 0;
    for login in expired {
        revoke(admin, &login.name).await?;
        revoked += 1;
    }
    if revoked == 0 {
        say("None has expired.");
    }
    Ok(())
}

fn as_table(logins: &[LoginJson]) -> String {
    let row = |login: &LoginJson| {
        vec![
            login.name.clone(),
            login.project.clone(),
            login.created_at.clone(),
            login.expires_at.clone(),
            format!("{} of {}", login.open_connections, login.connections),
            format!("{} s", login.timeout_seconds),
        ]
    };
    let rows: Vec<_> = logins.iter().map(row).collect();
    table(
        &[
            "NAME",
            "PROJECT",
            "CREATED",
            "EXPIRES",
            "CONNECTIONS",
            "TIMEOUT",
        ],
        &rows,
    )
}
