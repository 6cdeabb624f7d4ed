use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// "Random" bytes that are all the same.
fn bytes(byte: u8) -> impl FnOnce(&mut [u8]) -> Result<(), Infallible> {
    move |into| {
        into.fill(byte);
        Ok(())
    }
}

fn nonce(byte: u8) -> Nonce {
    Nonce::from_random(bytes(byte)).unwrap()
}

fn data_key(byte: u8) -> DataKey {
    DataKey::from_random(bytes(byte)).unwrap()
}

fn key(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

fn ring(keys: &[u8]) -> KeyRing {
    let keys: Vec<String> = keys.iter().copied().map(key).collect();
    keys.join(",").parse().unwrap()
}

fn project(number: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(number))
}

fn place(purpose: &str) -> Place<'_> {
    Place {
        purpose,
        project: project(1),
        secret: SecretId(Uuid::from_u128(2)),
        version: 3,
    }
}

fn secret(text: &[u8]) -> Plaintext {
    Plaintext::new(text.to_vec()).unwrap()
}

fn sealed(text: &[u8]) -> Vec<u8> {
    data_key(5).seal(&place("channel"), &secret(text), nonce(6))
}

/// Any place.
fn places() -> impl Strategy<Value = (String, [u128; 2], i64)> {
    any::<(String, [u128; 2], i64)>()
}

fn place_of((purpose, [of, secret], version): &(String, [u128; 2], i64)) -> Place<'_> {
    Place {
        purpose,
        project: project(*of),
        secret: SecretId(Uuid::from_u128(*secret)),
        version: *version,
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens_in_its_place_and_in_no_other(
        text: Vec<u8>, key: [u8; 32], random: [u8; 24], at in places(), other in places(), one_of in 0..4
    ) {
        let key = DataKey(Zeroizing::new(key));
        let fill = |into: &mut [u8]| { into.copy_from_slice(&random); Ok::<_, Infallible>(()) };
        let nonce = Nonce::from_random(fill).unwrap();
        let sealed = key.seal(&place_of(&at), &secret(&text), nonce);
        let opened = key.open(&place_of(&at), &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &text);
        // One part of the place is another.
        let (mut elsewhere, other) = (place_of(&at), place_of(&other));
        match one_of {
            0 => elsewhere.purpose = other.purpose,
            1 => elsewhere.project = other.project,
            2 => elsewhere.secret = other.secret,
            _ => elsewhere.version = other.version,
        }
        prop_assume!(elsewhere != place_of(&at));
        let error = key.open(&elsewhere, &sealed).unwrap_err();
        prop_assert_eq!(error, SecretError::NotAuthentic);
    }

    #[test]
    fn nothing_opens_after_a_bit_was_flipped(text: Vec<u8>, at: prop::sample::Index, bit in 0..8) {
        let mut sealed = sealed(&text);
        let at = at.index(sealed.len());
        sealed[at] ^= 1_u8 << bit;
        prop_assert!(data_key(5).open(&place("channel"), &sealed).is_err());
    }

    #[test]
    fn nothing_opens_under_another_key(text: Vec<u8>, other: [u8; 32]) {
        prop_assume!(other != [5; 32]);
        let other = DataKey(Zeroizing::new(other));
        let error = other.open(&place("channel"), &sealed(&text)).unwrap_err();
        prop_assert_eq!(error, SecretError::NotAuthentic);
    }

    #[test]
    fn bytes_of_anybody_do_not_open(bytes: Vec<u8>) {
        prop_assert!(data_key(5).open(&place("channel"), &bytes).is_err());
    }
}

#[test]
fn fields_that_run_into_each_other_are_told_apart() {
    let one = envelope::fields(&[b"ab", b"c"]);
    for other in [
        &[b"a".as_slice(), b"bc"][..],
        &[b"abc"],
        &[b"ab", b"c", b""],
    ] {
        assert_ne!(one, envelope::fields(other));
    }
}

/// So that a change of the format does not go unnoticed: what is stored would not open any more.
#[test]
fn the_format_is_the_one_that_was_stored() {
    let hex: String = sealed(b"x")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hex,
        "01060606060606060606060606060606060606060606060606b8dfbf2c2cbbf1af2892ead9c697675c27"
    );
    assert_eq!(ring(&[1]).first().to_string(), "1612c29bc62398c0");
}

/// draft-irtf-cfrg-xchacha-03, A.3.1.
#[test]
fn the_cipher_is_the_one_that_others_compute() {
    let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
        the future, sunscreen would be it.";
    let aad = [
        0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    ];
    let key = std::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap());
    let count = |into: &mut [u8]| {
        into.iter_mut()
            .zip(0x40..)
            .for_each(|(byte, number)| *byte = number);
        Ok::<_, Infallible>(())
    };
    let sealed = envelope::seal(&key, &aad, text, Nonce::from_random(count).unwrap());
    assert_eq!(sealed[25..31], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83]);
    let tag = [
        0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf,
        0x49,
    ];
    assert_eq!(sealed[sealed.len() - 16..], tag);
}

#[test]
fn a_format_of_tomorrow_is_told_from_a_forgery() {
    let mut sealed = sealed(b"x");
    sealed[0] = 2;
    let error = data_key(5).open(&place("channel"), &sealed).unwrap_err();
    assert_eq!(error, SecretError::UnknownFormat(2));
}

#[test]
fn a_secret_has_a_bound() {
    assert!(Plaintext::new(vec![0; SECRET_BYTES_MAX]).is_ok());
    let error = Plaintext::new(vec![0; SECRET_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(error.to_string(), "a secret has 16384 bytes at most");
}

#[test]
fn the_first_key_wraps_and_every_key_unwraps() {
    let old = ring(&[1]).wrap(&data_key(5), project(1), nonce(6));
    let both = ring(&[2, 1]);
    let new = both.wrap(&data_key(5), project(1), nonce(7));
    assert_eq!((old.kek, new.kek), (ring(&[1]).first(), ring(&[2]).first()));
    for wrapped in [&old, &new] {
        let key = both.unwrap_key(wrapped, project(1)).unwrap();
        assert_eq!(key.0, data_key(5).0);
    }
    let missing = ring(&[2]).unwrap_key(&old, project(1)).unwrap_err();
    assert_eq!(missing, SecretError::MissingKey(old.kek));
    assert!(missing.to_string().contains(&old.kek.to_string()));
}

#[test]
fn a_wrapped_key_is_of_its_project_and_is_no_secret() {
    let (ring, other) = (ring(&[1, 2]), ring(&[2]));
    let wrapped = ring.wrap(&data_key(5), project(1), nonce(6));
    let forged = Err(SecretError::NotAuthentic);
    let unwrap = |wrapped, project| ring.unwrap_key(wrapped, project).map(|_| ());
    assert_eq!(unwrap(&wrapped, project(2)), forged);
    let relabelled = WrappedKey {
        kek: other.first(),
        ..wrapped.clone()
    };
    assert_eq!(unwrap(&relabelled, project(1)), forged);
    let kek = DataKey(Zeroizing::new([1; 32]));
    let opened = kek.open(&place("data key"), &wrapped.sealed);
    assert_eq!(opened.map(|_| ()), forged);
}

#[test]
fn lists_of_keys_are_read_as_people_write_them() {
    let both = ring(&[1, 2]);
    for text in [
        format!("{}, {}", key(1), key(2)),
        format!("{}\n{}\n", key(1), key(2)),
        format!(" {},\r\n{},", key(1), key(2)),
    ] {
        let read: KeyRing = text.parse().unwrap();
        assert!(read.ids().eq(both.ids()), "{text:?}");
    }
    let many: Vec<String> = (0..=16).map(key).collect();
    assert!(many[1..].join(",").parse::<KeyRing>().is_ok());
    for (text, expected) in [
        (" , \n".to_owned(), NotAKeyRing::Empty),
        (format!("{},hunter2", key(1)), NotAKeyRing::NotAKey(2)),
        (STANDARD.encode([1; 31]), NotAKeyRing::NotAKey(1)),
        (
            format!("{},{},{}", key(1), key(2), key(1)),
            NotAKeyRing::Twice(3),
        ),
        (many.join(","), NotAKeyRing::TooMany),
    ] {
        let error = text.parse::<KeyRing>().unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn ids_of_keys_are_read_as_they_are_written() {
    let id = ring(&[1]).first();
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_ne!(id, ring(&[2]).first());
    for other in [
        "",
        "x",
        "+123456789abcdef",
        "123456789ABCDEF0",
        "0123456789abcdef0",
    ] {
        assert!(other.parse::<KekId>().is_err(), "{other}");
    }
}

#[test]
fn debug_shows_neither_keys_nor_secrets() {
    let shown = format!(
        "{:?} {:?} {:?}",
        secret(b"hunter2"),
        data_key(5),
        ring(&[1, 2])
    );
    let ids = ring(&[1, 2])
        .ids()
        .map(|id| id.to_string())
        .collect::<Vec<_>>();
    let expected = format!(
        "Plaintext(..) DataKey(..) {{KekId({}), KekId({})}}",
        ids[0], ids[1]
    );
    assert_eq!(shown, expected);
}
