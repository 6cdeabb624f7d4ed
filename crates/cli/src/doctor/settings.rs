//! The settings: the environment of this process, and a file of settings if one is named.

mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use super::report::{Area, Report};
use crate::args::DoctorArgs;

const AREA: Area = Area::Settings;
/// Every setting of the services, which is also what a test compares the services with.
const EXAMPLE: &str = include_str!("../../../../.env.example");
/// Settings of this command, and what `runwatch up` tells the services.
const OF_COMMANDS: [&str; 3] = ["RUNWATCH_URL", "RUNWATCH_API_KEY", "RUNWATCH_PUBLIC_URL"];
/// How names of ours begin; the other beginnings are shared with other programs.
const OURS: &str = "RUNWATCH_";
/// Letters that may be wrong in a name that is still taken for another.
const TYPOS_MAX: usize = 3;

/// Checks the environment, and the file of `--env-file`.
pub(super) fn check(args: &DoctorArgs, report: &mut Report) {
    let names = env::vars_os().filter_map(|(name, value)| {
        Some((
            name.into_string().ok()?,
            value.to_string_lossy().into_owned(),
        ))
    });
    let environment = names.filter(|(name, _)| is_about_us(name)).collect();
    check_all("the environment", &environment, report);
    if let Some(path) = &args.env_file {
        check_file(path, report);
    }
}

fn check_file(path: &Path, report: &mut Report) {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => check_all(&shown.to_string(), &variables(&text), report),
        Err(error) => {
            let what = format!("{shown} cannot be read: {error}");
            report.problem(AREA, what, "check the path of --env-file");
        }
    }
}

fn check_all(place: &str, variables: &BTreeMap<String, String>, report: &mut Report) {
    let mut fine = 0;
    // One that is set to nothing counts as not set.
    for (name, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        if !known().any(|known| known == name) {
            let what = format!("nobody reads {name} (in {place})");
            let advice = match guess(name) {
                Some(guess) => format!("did you mean {guess}?"),
                None => "take it out; .env.example lists every setting".to_owned(),
            };
            report.warning(AREA, what, advice);
        } else if let Some(complaint) = rules::complaint(name, value) {
            let what = format!("{name} (in {place}) cannot be used: {complaint}");
            report.problem(AREA, what, "mend it; .env.example describes every setting");
        } else if let Some(danger) = rules::danger(name, value) {
            let advice = match name.as_str() {
                "DATABASE_URL" => {
                    "let the database speak TLS and take sslmode out; .env.example says how"
                }
                _ => "unset it",
            };
            report.warning(AREA, format!("{name} (in {place}): {danger}"), advice);
        } else {
            fine += 1;
        }
    }
    let what = match fine {
        0 => format!("{place} sets nothing else, so that defaults hold"),
        1 => format!("1 setting in {place} is known and usable"),
        fine => format!("{fine} settings in {place} are known and usable"),
    };
    report.ok(AREA, what);
}

/// The names of all settings.
fn known() -> impl Iterator<Item = &'static str> {
    let of_services = EXAMPLE.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix('#').unwrap_or(line).split_once('=')?;
        is_name(name).then_some(name)
    });
    of_services.chain(OF_COMMANDS)
}

/// `NAME=value` lines, as a shell and Docker read them: comments, `export` and quotes are allowed.
fn variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    let variable = |line: &str| {
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')?;
        let value = value.trim();
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        Some((name.trim().to_owned(), quoted.unwrap_or(value).to_owned()))
    };
    lines.filter_map(variable).collect()
}

/// Whether a variable of the environment is ours, or so near to one that it may be meant.
fn is_about_us(name: &str) -> bool {
    name.starts_with(OURS) || known().any(|known| known == name) || guess(name).is_some()
}

/// The setting that a name is nearest to, if it is near to one.
fn guess(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let near = known().map(|known| (strsim::damerau_levenshtein(&name, known), known));
    let near = near.filter(|(typos, known)| *typos <= TYPOS_MAX.min(known.len() / 4));
    near.min().map(|(_, known)| known)
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    !name.is_empty() && name.bytes().all(fits)
}
