//! What stock SDKs send to a whole installation is what is read back from it.

mod drop_in;
mod opentelemetry;

use runwatch_tests::actor::{Actor, Urls};
use runwatch_tests::app::client;
use runwatch_tests::block_on;
use runwatch_tests::installation::Installation;

/// Runs a test with somebody who reads from an installation that others send to.
fn with_installation(test: impl AsyncFnOnce(&Actor, &Installation)) {
    block_on(async {
        let installation = Installation::start(&Installation::data_dir()).await;
        let (url, key) = (installation.url(), installation.key());
        let reader = Actor::new(client(), Urls::all_at(&url), Some(key));
        test(&reader, &installation).await;
        assert!(installation.interrupt().await.success());
    });
}
