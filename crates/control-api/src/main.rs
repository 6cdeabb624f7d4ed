//! Runs control-api until it is told to stop.

use runwatch_service::env::Env;
use runwatch_service::logging;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(control_api::Settings::from_env)?;
    let _log = logging::init(&settings.log)?;
    control_api::start(&settings)?.run_until_signal().await?;
    Ok(())
}
