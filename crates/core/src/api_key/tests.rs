use uuid::Uuid;

use super::{ApiKey, NotAnApiKey, Pepper, Scope, crc32};
use crate::ids::KeyId;

fn key() -> ApiKey {
    ApiKey::from_random(
        KeyId(Uuid::from_u128(0x0199_c7a2_7a51_7cc0_9d3e_5b6f_0f7d_2a11)),
        [251; 32],
    )
}

#[test]
fn a_key_reads_back_as_it_was_written() {
    let text = key().to_text();
    let read: ApiKey = text.parse().unwrap();
    assert_eq!(read.id(), key().id());
    let pepper = Pepper::new([1; 32]);
    assert_eq!(read.secret_hash(&pepper), key().secret_hash(&pepper));
    assert_eq!(read.to_text(), text);
    assert!(text.starts_with("rw_live_0199c7a27a517cc09d3e5b6f0f7d2a11_"));
}

#[test]
fn any_single_mistyped_character_is_noticed() {
    let text = key().to_text();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        let mistyped = String::from_utf8(bytes).unwrap();
        assert_eq!(
            mistyped.parse::<ApiKey>().unwrap_err(),
            NotAnApiKey,
            "{mistyped}"
        );
    }
}

#[test]
fn cut_or_lengthened_keys_and_other_text_are_no_keys() {
    let text = key().to_text();
    let others = [
        String::new(),
        "rw_".to_owned(),
        "Bearer".to_owned(),
        "é".repeat(50),
        text.chars().skip(1).collect(),
        text.chars().take(text.len() - 1).collect(),
        format!("{text}0"),
        format!(" {text}"),
        "x".repeat(10_000),
    ];
    for other in others {
        assert!(other.parse::<ApiKey>().is_err(), "{other}");
    }
}

#[test]
fn only_its_own_hash_fits_a_key() {
    let other = ApiKey::from_random(key().id(), [252; 32]);
    let (pepper, another) = (Pepper::new([1; 32]), Pepper::new([2; 32]));
    assert!(key().has_hash(&pepper, &key().secret_hash(&pepper)));
    assert!(!key().has_hash(&pepper, &other.secret_hash(&pepper)));
    assert!(!key().has_hash(&pepper, &key().secret_hash(&another)));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", key());
    assert_eq!(shown, "ApiKey(0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11, ..)");
}

#[test]
fn the_check_is_the_crc_32_that_others_compute() {
    // The check value of the catalogue of CRC algorithms for CRC-32/ISO-HDLC.
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn every_scope_is_found_by_its_name() {
    for scope in Scope::ALL {
        assert_eq!(Scope::from_name(scope.name()), Some(scope));
    }
    assert_eq!(Scope::from_name("Read"), None);
}
