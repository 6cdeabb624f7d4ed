use std::net::SocketAddr;

use super::{Env, Mistakes, Secret};

#[test]
fn every_mistake_is_reported_at_once() {
    let env = Env::of(&[("SIZE", "0"), ("BIND", "localhost"), ("FLAG", "yes")]);
    let default = SocketAddr::from(([127, 0, 0, 1], 1));
    let read = env.read(|env| {
        let url = env.required("URL");
        (
            url,
            env.number("SIZE", 8, 1..=64),
            env.parsed("BIND", default),
            env.flag("FLAG"),
        )
    });
    let expected = [
        "URL is not set",
        "SIZE cannot be used: it must be a number from 1 to 64",
        "BIND cannot be used: invalid socket address syntax",
        "FLAG cannot be used: it must be 1, 0, true or false",
    ];
    assert_eq!(
        read.unwrap_err(),
        Mistakes(expected.map(str::to_owned).to_vec())
    );
}

#[test]
fn what_is_not_set_has_its_default_and_what_is_set_counts() {
    let env = Env::of(&[("SIZE", "9"), ("FLAG", "1"), ("EMPTY", "")]);
    let read = env.read(|env| {
        let size = env.number("SIZE", 8, 1..=64);
        (
            size,
            env.flag("FLAG"),
            env.number("EMPTY", 3, 1..=4),
            env.number("ABSENT", 2, 1..=4),
        )
    });
    assert_eq!(read.unwrap(), (9, true, 3, 2));
}

#[test]
fn a_variable_set_to_nothing_does_not_satisfy_a_requirement() {
    let read = Env::of(&[("URL", "")]).read(|env| env.required("URL"));
    assert_eq!(
        read.unwrap_err(),
        Mistakes(vec!["URL is not set".to_owned()])
    );
}

#[test]
fn a_secret_is_shown_nowhere() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert_eq!(secret.expose(), "hunter2");
}
