//! The link by which the first person makes their account, instead of a password that everybody knows.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runwatch_core::audit::NO_PROJECT;
use runwatch_core::token::hash;
use runwatch_store::{password_links, users};
use serde_json::json;

use crate::admin::{Admin, Done};
use crate::secrets::random;

/// A new token for the link; none if somebody has an account already. Tokens of earlier starts work no
/// longer.
pub(super) async fn token(admin: &mut Admin) -> Result<Option<String>> {
    let failed = "failed to make the link for the first account";
    if users::is_anybody(&mut admin.conn).await.context(failed)? {
        return Ok(None);
    }
    let token = URL_SAFE_NO_PAD.encode(random::<32>().context("failed to read random bytes")?);
    let hash = hash(&token);
    let made = admin.change(NO_PROJECT, "create_password_link", async |conn| {
        password_links::create(conn, None, hash).await?;
        Ok(Done {
            answer: (),
            subject: String::new(),
            details: json!({ "first_admin": true }),
        })
    });
    made.await.context(failed)?;
    Ok(Some(token))
}
