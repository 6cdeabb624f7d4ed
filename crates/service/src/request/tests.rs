use actix_web::http::header::{HeaderMap, HeaderValue};

use super::{REQUEST_ID, id_of};

fn taken(given: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
    id_of(&headers) == given
}

#[test]
fn a_harmless_request_id_is_taken_over_and_any_other_is_replaced() {
    assert!(taken("a-B_9.z"));
    assert!(taken(&"a".repeat(64)));
    for odd in ["", "a b", "a\"b", "<script>", "a\\n", &"a".repeat(65)] {
        assert!(!taken(odd), "{odd}");
    }
}

#[test]
fn new_request_ids_are_harmless_and_differ() {
    let (first, second) = (id_of(&HeaderMap::new()), id_of(&HeaderMap::new()));
    assert_ne!(first, second);
    assert!(taken(&first));
}
