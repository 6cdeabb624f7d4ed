use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::of;

fn found(name: HeaderName, value: &str) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    of(&headers)
}

#[test]
fn a_key_is_found_wherever_it_may_be() {
    let x_api_key = HeaderName::from_static("x-api-key");
    assert_eq!(found(x_api_key, " rw_a ").as_deref(), Some("rw_a"));
    assert_eq!(found(AUTHORIZATION, "Bearer rw_a").as_deref(), Some("rw_a"));
    assert_eq!(
        found(AUTHORIZATION, "bearer  rw_a").as_deref(),
        Some("rw_a")
    );
    // `user:rw_a` and `:rw:a`.
    assert_eq!(
        found(AUTHORIZATION, "Basic dXNlcjpyd19h").as_deref(),
        Some("rw_a")
    );
    assert_eq!(
        found(AUTHORIZATION, "basic OnJ3OmE=").as_deref(),
        Some("rw:a")
    );
}

#[test]
fn other_headers_and_broken_ones_hold_no_key() {
    assert_eq!(of(&HeaderMap::new()), None);
    for value in [
        "rw_a",
        "Digest rw_a",
        "Basic ???",
        "Basic cndfYQ==",
        "Basic /w==",
        "",
    ] {
        assert_eq!(found(AUTHORIZATION, value), None, "{value}");
    }
}
