//! The binary `alert-worker`; everything is in the library.

use alert_worker::settings::Settings;
use runwatch_service::env::Env;
use runwatch_service::process;

fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(Settings::from_env)?;
    process::run(&settings.log, async {
        alert_worker::start(&settings)?.run_until_signal().await
    })
}
