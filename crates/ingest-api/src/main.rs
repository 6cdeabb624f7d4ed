//! The binary `ingest-api`; everything is in the library.

use ingest_api::settings::Settings;
use runwatch_service::env::Env;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(Settings::from_env)?;
    let _log = runwatch_service::logging::init(&settings.log)?;
    let running = ingest_api::start(&settings)?;
    Ok(running.run_until_signal().await?)
}
