//! The host names under which nginx answers, so that a foreign page cannot reach an installation under a
//! name of its own.

use crate::args::FrontArgs;

/// What is answered: this machine's own names, and those that the arguments name. Elsewhere than on loopback
/// anything, if they name none: one machine has names that only its network knows.
pub(super) fn of(args: &FrontArgs) -> Vec<String> {
    let public = args.public_url.as_deref().and_then(host_of);
    let named = args.server_names.iter().map(String::as_str).chain(public);
    let named: Vec<String> = named.map(str::to_owned).collect();
    if !args.listen.is_loopback() && named.is_empty() {
        return vec!["~.".to_owned()];
    }
    let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
    let mut names: Vec<String> = own.into_iter().chain(named).collect();
    if !args.listen.is_unspecified() {
        names.push(args.listen.to_string());
    }
    names.sort();
    names.dedup();
    names
}

/// The host in a URL, as far as it is made of what host names are made of.
fn host_of(url: &str) -> Option<&str> {
    let (_scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.split(':').next()?;
    let fitting = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(fitting)).then_some(host)
}
