//! `.env.example` lists the variables that the services read, and no others.

use runwatch_service::env::Env;
use runwatch_service::settings::{DatabaseSettings, LogSettings};
use runwatch_tests::keys;

const EXAMPLE: &str = include_str!("../../../../.env.example");

/// Lines such as `NAME=value`, also where they are commented out because the value is the default.
fn variables() -> Vec<(&'static str, &'static str)> {
    let line = |line: &'static str| line.strip_prefix('#').unwrap_or(line).split_once('=');
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    EXAMPLE
        .lines()
        .filter_map(line)
        .filter(|(name, _)| is_name(name))
        .collect()
}

/// The settings of all services as text.
fn settings(variable: (&str, &str)) -> String {
    // What is asked for last counts, so that the variable may be the required one.
    let env = || {
        Env::of(&[
            ("DATABASE_URL", "postgres://"),
            ("API_KEY_PEPPER", keys::PEPPER),
            ("TOKEN_PUBLIC_KEY", keys::PUBLIC),
            ("TOKEN_SIGNING_KEY", keys::SIGNING),
            ("AUDIT_KEY", keys::AUDIT),
            ("SECRETS_KEY", keys::SECRETS),
            variable,
        ])
    };
    let ingest = env().read(ingest_api::settings::Settings::from_env);
    let query = env().read(query_api::Settings::from_env);
    let control = env().read(control_api::Settings::from_env);
    let worker = env().read(alert_worker::settings::Settings::from_env);
    format!("{ingest:?} {query:?} {control:?} {worker:?}")
}

#[test]
fn the_example_lists_what_the_services_read_by_concern() {
    let mut read = Env::names(DatabaseSettings::from_env);
    read.extend(Env::names(LogSettings::from_env));
    let all = [
        Env::names(ingest_api::settings::Settings::from_env),
        Env::names(query_api::Settings::from_env),
        Env::names(control_api::Settings::from_env),
        Env::names(alert_worker::settings::Settings::from_env),
    ]
    .concat();
    // Where they listen, then what is left.
    read.extend(all.iter().filter(|name| name.ends_with("_BIND")).cloned());
    for name in all {
        if !read.contains(&name) {
            read.push(name);
        }
    }
    let listed: Vec<&str> = variables().into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed, read);
}

#[test]
fn a_value_that_is_commented_out_is_the_default() {
    let defaults = settings(("NOTHING", ""));
    assert!(!defaults.contains("Err"), "{defaults}");
    for (name, value) in variables() {
        let is_default = EXAMPLE
            .lines()
            .any(|line| line.starts_with(&format!("#{name}=")));
        // An empty value stands for a default that depends on the machine.
        if is_default && !value.is_empty() {
            assert_eq!(settings((name, value)), defaults, "{name}={value}");
            assert_ne!(settings((name, "!")), defaults, "{name} has no effect");
        }
    }
}
