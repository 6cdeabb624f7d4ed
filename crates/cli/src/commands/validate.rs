//! `runwatch validate`: what would become of a file, without storing anything.

mod body;
mod text;

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;

use crate::args::ValidateArgs;
use crate::client::Client;
use crate::console::say;
use crate::terminal::{self, Paint};

/// Bytes of a file that are read: what one request may have.
const FILE_BYTES_MAX: u64 = runwatch_core::limits::WIRE_BYTES_MAX as u64;

/// Asks the installation, and prints what it says; what would be refused makes the command fail.
pub(crate) async fn run(args: ValidateArgs) -> Result<()> {
    let body = read(&args.file)?;
    let client = Client::new(&args.server)?;
    let kind = body::kind(&args.file, &body);
    let mut request = client
        .request(Method::POST, "/v1/validate")
        .query(&[("item", &args.item)])
        .header("content-type", kind.content_type);
    if kind.is_gzip {
        request = request.header("content-encoding", "gzip");
    }
    let answer: Value = client.answered(request.body(body)).await?;
    if args.json {
        say(&serde_json::to_string(&answer)?);
    } else {
        let validation = serde_json::from_value(answer.clone());
        let validation =
            validation.context("the answer has a form that this version does not know")?;
        say(&text::text(
            &validation,
            Paint::for_output(),
            terminal::width(),
        ));
    }
    match answer["rejected"].as_u64() {
        None | Some(0) => Ok(()),
        Some(1) => bail!("1 item would be refused"),
        Some(refused) => bail!("{refused} items would be refused"),
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin()
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut body),
        _ => std::fs::File::open(file)
            .and_then(|open| open.take(FILE_BYTES_MAX + 1).read_to_end(&mut body)),
    };
    read.with_context(|| format!("failed to read {}", file.display()))?;
    if body.len() as u64 > FILE_BYTES_MAX {
        bail!(
            "the file is larger than a request may be: {} MiB",
            FILE_BYTES_MAX >> 20
        );
    }
    Ok(body)
}
