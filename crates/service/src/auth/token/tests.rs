use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runwatch_core::time::MINUTE_US;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::clock::{Clock as _, SystemClock};

/// A key pair as PKCS #8, and its public half.
fn key_pair() -> (String, String) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let private = pair.to_pkcs8v1().unwrap();
    let public = pair.public_key().as_ref();
    (STANDARD.encode(private), STANDARD.encode(public))
}

fn who() -> (UserId, SignInId) {
    (UserId(Uuid::from_u128(1)), SignInId(Uuid::from_u128(2)))
}

fn signed(signer: &TokenSigner, now: Timestamp) -> String {
    let (user, sign_in) = who();
    signer.sign(user, sign_in, now).unwrap()
}

#[test]
fn a_token_says_who_signed_in_for_a_quarter_of_an_hour() {
    let (private, public) = key_pair();
    let (signer, verifier) = (
        TokenSigner::new(&private).unwrap(),
        TokenVerifier::new(&public).unwrap(),
    );
    let now = SystemClock.now();
    let at = |minutes: i64| Timestamp(now.0 + minutes * MINUTE_US);
    for (minutes, expected) in [(0, true), (-14, true), (-16, false), (2, false)] {
        let proven = verifier.prove(&signed(&signer, at(minutes)));
        assert_eq!(proven, expected.then_some(who()), "{minutes}");
    }
}

#[test]
fn a_key_of_another_kind_is_refused_at_the_start() {
    for key in ["", "abc", "AAAA", &STANDARD.encode([7; 32])] {
        assert!(TokenSigner::new(key).is_err(), "{key}");
    }
    assert!(TokenVerifier::new(&STANDARD.encode([7; 31])).is_err());
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn claims(now: i64) -> Value {
    let (user, sign_in) = who();
    json!({"iss": "runwatch", "aud": "runwatch", "sub": user, "sid": sign_in, "iat": now, "nbf": now,
        "exp": now + 900})
}

/// Claims with one replaced, or taken out.
fn with(now: i64, name: &str, value: Option<Value>) -> Value {
    let mut claims = claims(now);
    let members = claims.as_object_mut().unwrap();
    match value {
        Some(value) => drop(members.insert(name.to_owned(), value)),
        None => drop(members.remove(name)),
    }
    claims
}

/// Tokens that nobody should take, signed with the right key where they are signed.
fn forged(pair: &Ed25519KeyPair, now: i64) -> Vec<(String, String)> {
    let good = json!({"alg": "EdDSA", "typ": "at+jwt"});
    let sign = |header: &Value, claims: &Value| {
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    };
    let mut tokens = Vec::new();
    for header in [
        json!({"alg": "none", "typ": "at+jwt"}),
        json!({"alg": "None", "typ": "at+jwt"}),
        json!({"alg": "HS256", "typ": "at+jwt"}),
        json!({"alg": "ES256", "typ": "at+jwt"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "typ": "JWT"}),
        json!({"alg": "EdDSA", "typ": "refresh"}),
        json!({"typ": "at+jwt"}),
    ] {
        tokens.push((header.to_string(), sign(&header, &claims(now))));
    }
    for name in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp"] {
        tokens.push((
            format!("without {name}"),
            sign(&good, &with(now, name, None)),
        ));
        for value in [
            json!(null),
            json!("x"),
            json!(["x"]),
            json!({}),
            json!(-1),
            json!(1e300),
        ] {
            if name == "iat" && value == json!(-1) {
                continue;
            }
            let title = format!("{name} is {value}");
            tokens.push((title, sign(&good, &with(now, name, Some(value)))));
        }
    }
    let whole = sign(&good, &claims(now));
    let (body, _) = whole.rsplit_once('.').unwrap();
    tokens.push(("unsigned".to_owned(), format!("{body}.")));
    tokens.push(("two parts".to_owned(), body.to_owned()));
    tokens.push(("long".to_owned(), format!("{whole}{}", "A".repeat(100_000))));
    tokens.push(("cut".to_owned(), format!("{body}.AAAA")));
    tokens.push(("empty".to_owned(), String::new()));
    tokens
}

#[test]
fn forged_tokens_are_refused() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let public = STANDARD.encode(pair.public_key().as_ref());
    let verifier = TokenVerifier::new(&public).unwrap();
    let now = SystemClock.now().0 / SECOND_US;
    let tokens = forged(&pair, now);
    assert!(tokens.len() > 55);
    for (title, token) in tokens {
        assert_eq!(verifier.prove(&token), None, "{title}");
    }
    let (other, _) = key_pair();
    let of_other = signed(&TokenSigner::new(&other).unwrap(), SystemClock.now());
    assert_eq!(verifier.prove(&of_other), None);
}

#[test]
fn a_public_key_is_no_password_for_a_symmetric_signature() {
    let (private, public) = key_pair();
    let verifier = TokenVerifier::new(&public).unwrap();
    let token = signed(&TokenSigner::new(&private).unwrap(), SystemClock.now());
    let claims = token.split('.').nth(1).unwrap();
    let header = part(&json!({"alg": "HS256", "typ": "at+jwt"}));
    let key = EncodingKey::from_secret(&STANDARD.decode(&public).unwrap());
    let body = format!("{header}.{claims}");
    let signature = jsonwebtoken::crypto::sign(body.as_bytes(), &key, Algorithm::HS256).unwrap();
    assert_eq!(verifier.prove(&format!("{body}.{signature}")), None);
}
