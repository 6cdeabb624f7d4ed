//! The one runtime of the process: the shared Postgres is watched by tasks that outlive each test.

use std::sync::LazyLock;

use tokio::runtime::Runtime;

use crate::logging;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    logging::init();
    Runtime::new().expect("a runtime starts on any machine that runs tests")
});

/// Runs an asynchronous test to its end.
pub fn block_on<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}
