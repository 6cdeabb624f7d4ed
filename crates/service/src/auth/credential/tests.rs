use super::{Credentials, cookie};

fn in_api_key(value: &str) -> Option<String> {
    let api_key = Some(value.as_bytes());
    Credentials {
        api_key,
        ..Credentials::default()
    }
    .key()
}

fn in_authorization(value: &str) -> Option<String> {
    let authorization = Some(value.as_bytes());
    Credentials {
        authorization,
        ..Credentials::default()
    }
    .key()
}

#[test]
fn a_key_is_found_wherever_it_may_be() {
    assert_eq!(in_api_key(" rw_a ").as_deref(), Some("rw_a"));
    assert_eq!(in_authorization("Bearer rw_a").as_deref(), Some("rw_a"));
    assert_eq!(in_authorization("bearer  rw_a").as_deref(), Some("rw_a"));
    // `user:rw_a` and `:rw:a`.
    assert_eq!(
        in_authorization("Basic dXNlcjpyd19h").as_deref(),
        Some("rw_a")
    );
    assert_eq!(in_authorization("basic OnJ3OmE=").as_deref(), Some("rw:a"));
}

#[test]
fn other_headers_and_broken_ones_hold_no_key() {
    assert_eq!(Credentials::default().key(), None);
    for value in [
        "rw_a",
        "Digest rw_a",
        "Basic ???",
        "Basic cndfYQ==",
        "Basic /w==",
        "",
    ] {
        assert_eq!(in_authorization(value), None, "{value}");
    }
}

#[test]
fn a_cookie_is_taken_only_if_it_is_there_once() {
    let found = |headers: &[&'static str]| {
        let headers = headers.iter().map(|header| header.as_bytes());
        cookie(headers, "__Host-runwatch")
    };
    assert_eq!(found(&["a=1; __Host-runwatch=x; b=2"]), Some("x"));
    assert_eq!(found(&["a=1", "__Host-runwatch=x=y"]), Some("x=y"));
    for headers in [
        &[][..],
        &["__Host-runwatch2=x"],
        &["a=__Host-runwatch=x"],
        &["__Host-runwatch=x; __Host-runwatch=y"],
        &["__Host-runwatch=x", "__Host-runwatch=x"],
    ] {
        assert_eq!(found(headers), None, "{headers:?}");
    }
}
