//! The binary `ingest-api`; everything is in the library.

use ingest_api::settings::Settings;
use runwatch_service::env::Env;
use runwatch_service::process;

fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(Settings::from_env)?;
    process::run(&settings.log, async {
        Ok(ingest_api::start(&settings)?.run_until_signal().await?)
    })
}
