//! `runwatch doctor`: looks at everything that an installation stands on, and says what to do about
//! what is wrong. It changes nothing, unless `--probe` sends a run.

mod database;
mod machine;
mod probe;
mod report;
mod rights;
mod services;
mod settings;

use anyhow::{Result, bail};

use crate::args::DoctorArgs;
use crate::console::say;
use crate::terminal::Paint;

use crate::installation::Installation;
use report::Report;

/// Checks everything, says what was found, and fails if there is a problem.
pub(crate) async fn run(mut args: DoctorArgs) -> Result<()> {
    // A variable that is set to nothing counts as not set.
    let texts = [&mut args.database_url, &mut args.url, &mut args.key];
    texts
        .into_iter()
        .for_each(|text| *text = text.take().filter(|text| !text.trim().is_empty()));
    let mut report = Report::default();
    let installation = Installation::find(args.data_dir.as_deref(), args.port);
    settings::check(&args, &mut report);
    database::check(&args, &installation, &mut report).await;
    machine::check(&installation, &mut report).await;
    services::check(&args, &installation, &mut report).await;
    if args.probe {
        probe::check(&args, &mut report).await;
    }
    say(&match args.json {
        true => report.json()?,
        false => report.text(Paint::for_output()),
    });
    match report.problems() {
        0 => Ok(()),
        1 => bail!("there is a problem"),
        problems => bail!("there are {problems} problems"),
    }
}
