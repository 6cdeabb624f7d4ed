use std::collections::HashSet;

use uuid::Uuid;

use super::Marks;

#[test]
fn an_id_is_found_in_every_form_that_it_is_sent_in() {
    let marks = Marks::new(&["Zo\u{eb} \"17\" \u{1f600}"], HashSet::new());
    for sent in [
        "user=Zo\u{eb} \"17\" \u{1f600};",
        "{\"user\":\"Zo\u{eb} \\\"17\\\" \u{1f600}\"}",
        "{\"user\":\"Zo\\u00eb \\\"17\\\" \\ud83d\\ude00\"}",
    ] {
        assert!(marks.are_in(sent.as_bytes()), "{sent}");
    }
    assert!(!marks.are_in(b"Zoe 17"));
    assert!(!Marks::new(&[""], HashSet::new()).are_in(b"anything"));
}

#[test]
fn a_run_is_found_as_bytes_and_as_digits() {
    let id = Uuid::from_u128(0x0199_c7a2_7a51_7cc0_9d3e_5b6f_0f7d_2a11);
    let marks = Marks::new(&[], HashSet::from([id]));
    let raw = [b"\x0a\x10", id.as_bytes().as_slice(), b"rest"].concat();
    for sent in [
        raw,
        format!("{{\"run_id\":\"{id}\"}}").into_bytes(),
        format!("ab{}/1", id.simple()).into_bytes(),
        id.simple().to_string().to_uppercase().into_bytes(),
    ] {
        assert!(marks.are_in(&sent), "{}", String::from_utf8_lossy(&sent));
    }
    let other = Uuid::from_u128(id.as_u128() + 1);
    assert!(!marks.are_in(other.to_string().as_bytes()));
    let broken = id.simple().to_string().replace("9d3e", "9d3 e");
    assert!(!marks.are_in(broken.as_bytes()));
    assert!(!marks.are_in(b""));
}
