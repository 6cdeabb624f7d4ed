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

#[test]
fn a_variable_may_name_a_file_with_its_text() {
    let path = std::env::temp_dir().join(format!("runwatch-env-{}", std::process::id()));
    std::fs::write(&path, "17\n").unwrap();
    let path = path.to_str().unwrap();
    let read = |variables: &[(&str, &str)]| {
        Env::of(variables).read(|env| {
            env.required_or_file("SIZE", |text| match text.trim().parse::<u8>() {
                Ok(number) => Ok(number),
                Err(_) => Err("it must be a number".to_owned()),
            })
        })
    };
    assert_eq!(read(&[("SIZE", "3")]), Ok(Some(3)));
    assert_eq!(read(&[("SIZE", ""), ("SIZE_FILE", path)]), Ok(Some(17)));
    for (variables, expected) in [
        (&[][..], "SIZE is not set"),
        (&[("SIZE", "x")], "SIZE cannot be used: it must be a number"),
        (
            &[("SIZE", "3"), ("SIZE_FILE", path)],
            "SIZE and SIZE_FILE are both set: set one",
        ),
        (
            &[("SIZE_FILE", "/nowhere")],
            "SIZE_FILE cannot be used: the file cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(read(variables), Err(Mistakes(vec![expected.to_owned()])));
    }
    std::fs::write(path, "hunter2").unwrap();
    let mistakes = read(&[("SIZE_FILE", path)]).unwrap_err();
    assert_eq!(
        mistakes.0,
        ["SIZE_FILE cannot be used: it must be a number"]
    );
    std::fs::remove_file(path).unwrap();
}
