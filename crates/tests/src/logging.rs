//! What the services log, for people who look for the cause of a failed test.

use runwatch_service::env::Env;
use runwatch_service::logging;
use runwatch_service::settings::{LogFormat, LogSettings};

/// Shows what the services log if `RUNWATCH_LOG` is set to a filter such as `info`.
pub(crate) fn init() {
    let filter = Env::process()
        .read(|env| env.checked("RUNWATCH_LOG", None, |text| Ok(Some(text.to_owned()))))
        .expect("any text is taken");
    if let Some(filter) = filter {
        let settings = LogSettings {
            filter,
            format: LogFormat::Text,
        };
        let log = logging::init(&settings);
        // It is written as long as there are tests.
        std::mem::forget(log.expect("RUNWATCH_LOG is a filter, and logging is set up once"));
    }
}
