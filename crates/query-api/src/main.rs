//! The binary `query-api`; everything is in the library.

use query_api::Settings;
use runwatch_service::env::Env;
use runwatch_service::process;

fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(Settings::from_env)?;
    process::run(&settings.log, async {
        Ok(query_api::start(&settings)?.run_until_signal().await?)
    })
}
