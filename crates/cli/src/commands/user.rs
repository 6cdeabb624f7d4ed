//! `runwatch user`: who was added, and the way back in.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runwatch_core::audit::NO_PROJECT;
use runwatch_core::limits::PASSWORD_LINK_HOURS;
use runwatch_core::token::hash;
use runwatch_store::password_links;
use runwatch_store::pool::Conn;
use runwatch_store::users::{self, User};
use serde::Serialize;
use serde_json::json;

use crate::admin::{Admin, Done};
use crate::args::UserCommand;
use crate::console::{say, table};
use crate::secrets::random;

/// Somebody, as they are printed as JSON.
#[derive(Debug, Serialize)]
struct UserJson {
    id: String,
    email: String,
    name: String,
    is_instance_admin: bool,
    created_at: String,
    disabled_at: Option<String>,
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        let User {
            id,
            email,
            name,
            is_instance_admin,
            created_at,
            disabled_at,
        } = user;
        Self {
            id: id.to_string(),
            email,
            name,
            is_instance_admin,
            created_at: created_at.to_rfc3339(),
            disabled_at: disabled_at.map(|at| at.to_rfc3339()),
        }
    }
}

/// Lists people, or lets one of them in again.
pub(crate) async fn run(command: UserCommand) -> Result<()> {
    match command {
        UserCommand::List { json, installation } => {
            let mut conn = Admin::open(&installation).await?.conn;
            let users = users::list(&mut conn).await;
            let users = users.context("failed to list people")?;
            let users: Vec<UserJson> = users.into_iter().map(Into::into).collect();
            say(&match json {
                true => serde_json::to_string(&users)?,
                false => as_table(&users),
            });
        }
        UserCommand::PasswordLink {
            email,
            instance_admin,
            public_url,
            installation,
        } => {
            let mut admin = Admin::open(&installation).await?;
            let user = find(&mut admin.conn, &email).await?;
            if user.disabled_at.is_some() {
                bail!(
                    "{email} was shut out; an admin of the installation lets them in again first"
                );
            }
            let token = link(&mut admin, &user, instance_admin).await;
            let token = token.context("failed to make the link")?;
            let url = public_url.unwrap_or_else(|| admin.local_url());
            let url = url.trim_end_matches('/');
            say(&format!(
                "For {email}, once and within {PASSWORD_LINK_HOURS} hours: {url}/setup#{token}"
            ));
        }
    }
    Ok(())
}

/// Makes a link for somebody, and them an admin of the installation if they are to be one.
async fn link(admin: &mut Admin, user: &User, instance_admin: bool) -> Result<String> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>().context("failed to read random bytes")?);
    let hash = hash(&token);
    let made = admin.change(NO_PROJECT, "create_password_link", async |conn| {
        if instance_admin {
            users::set_instance_admin(conn, user.id, true).await?;
        }
        password_links::create(conn, Some(user.id), hash).await?;
        Ok(Done {
            answer: (),
            subject: user.id.to_string(),
            details: json!({ "by": "command line", "instance_admin": instance_admin }),
        })
    });
    made.await?;
    Ok(token)
}

/// Somebody by their address, or a sentence that says where to look.
pub(crate) async fn find(conn: &mut Conn, email: &str) -> Result<User> {
    let users = users::list(conn)
        .await
        .context("failed to look up people")?;
    let wanted = email.trim().to_lowercase();
    let found = users.into_iter().find(|user| user.email == wanted);
    found.with_context(|| {
        format!("nobody of the address {email:?} was added; `runwatch user list` shows everybody")
    })
}

fn as_table(users: &[UserJson]) -> String {
    let row = |user: &UserJson| {
        let is_admin = if user.is_instance_admin { "yes" } else { "" };
        vec![
            user.id.clone(),
            user.email.clone(),
            user.name.clone(),
            is_admin.to_owned(),
            user.created_at.clone(),
            user.disabled_at.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    table(
        &["ID", "EMAIL", "NAME", "INSTANCE ADMIN", "ADDED", "SHUT OUT"],
        &rows,
    )
}
