//! The binary `alert-worker`; everything is in the library.

use alert_worker::settings::Settings;
use runwatch_service::env::Env;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(Settings::from_env)?;
    let _log = runwatch_service::logging::init(&settings.log)?;
    let worker = alert_worker::start(&settings)?;
    worker.run_until_signal().await
}
