//! The binary `ingest-api`; everything is in the library.

use ingest_api::settings::Settings;
use runwatch_service::env::Env;

/// Frees memory back to the system faster than the system's own under many threads, which keeps
/// the process small (docs/BENCHMARKS.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Env::process().read(Settings::from_env)?;
    runwatch_service::logging::init(&settings.log)?;
    let running = ingest_api::start(&settings)?;
    Ok(running.run_until_signal().await?)
}
