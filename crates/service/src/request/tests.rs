use super::id_of;

fn taken(given: &str) -> bool {
    id_of(Some(given.as_bytes())) == given
}

#[test]
fn a_harmless_request_id_is_taken_over_and_any_other_is_replaced() {
    assert!(taken("a-B_9.z"));
    assert!(taken(&"a".repeat(64)));
    for odd in ["", "a b", "a\"b", "<script>", "a\\n", &"a".repeat(65)] {
        assert!(!taken(odd), "{odd}");
    }
    assert_eq!(id_of(Some(b"\xff")).len(), 32);
}

#[test]
fn new_request_ids_are_harmless_and_differ() {
    let (first, second) = (id_of(None), id_of(None));
    assert_ne!(first, second);
    assert!(taken(&first));
}
