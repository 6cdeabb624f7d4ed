//! The link by which the first person makes their account, instead of a password that everybody knows.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runwatch_core::token::hash;
use runwatch_store::pool::connect;
use runwatch_store::{password_links, users};

use crate::secrets::random;

/// A new token for the link; none if somebody has an account already. Tokens of earlier starts work no
/// longer.
pub(super) async fn token(admin_url: &str) -> Result<Option<String>> {
    let failed = "failed to make the link for the first account";
    let mut conn = connect(admin_url).await.context(failed)?;
    if users::is_anybody(&mut conn).await.context(failed)? {
        return Ok(None);
    }
    let token = URL_SAFE_NO_PAD.encode(random::<32>().context("failed to read random bytes")?);
    password_links::create(&mut conn, None, hash(&token))
        .await
        .context(failed)?;
    Ok(Some(token))
}
