use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;
use crate::clock::{Clock as _, SystemClock};

const ISSUER: &str = "https://id.example.com";
const CLIENT: &str = "runwatch";
const NONCE: &str = "a word that was given along";

/// A provider with one key.
struct Issuer {
    pair: Ed25519KeyPair,
    now: Timestamp,
}

impl Issuer {
    fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let now = SystemClock.now();
        Self { pair, now }
    }

    fn seconds(&self) -> i64 {
        self.now.0 / SECOND_US
    }

    /// Its key as it publishes it, with what is different.
    fn key(&self, changes: &Value) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "alg": "EdDSA",
            "x": x});
        changed(key, changes)
    }

    /// A good token but for what is different in its header and claims; null takes a member out.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let now = self.seconds();
        let good = json!({"iss": ISSUER, "aud": CLIENT, "sub": "ada", "nonce": NONCE, "iat": now,
            "exp": now + 60, "email": "ada@example.com", "email_verified": true});
        let header = changed(json!({"alg": "EdDSA", "kid": "one"}), header);
        let signed = format!("{}.{}", part(&header), part(&changed(good, claims)));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn expected(&self) -> Expected<'static> {
        Expected {
            issuer: ISSUER,
            client_id: CLIENT,
            nonce: NONCE,
            algorithms: &[],
            now: self.now,
        }
    }

    fn prove(&self, token: &str) -> Result<Proven, Unproven> {
        ProviderKeys::new(vec![self.key(&json!({}))]).prove(token, &self.expected())
    }

    /// What becomes of a token whose claims are different in this.
    fn claims(&self, claims: &Value) -> Result<Proven, Unproven> {
        self.prove(&self.token(&json!({}), claims))
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn changed(mut whole: Value, changes: &Value) -> Value {
    let members = whole.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    whole
}

#[test]
fn a_token_says_who_has_signed_in() {
    let proven = Issuer::new().claims(&json!({})).unwrap();
    assert_eq!(proven.subject, "ada");
    let about = proven.about;
    assert_eq!(about.email.as_deref(), Some("ada@example.com"));
    assert_eq!(about.email_verified, Some(true));
}

#[test]
fn what_differs_between_providers_is_taken() {
    let issuer = Issuer::new();
    let now = issuer.seconds();
    for claims in [
        json!({"aud": [CLIENT]}),
        json!({"azp": CLIENT}),
        json!({"aud": [CLIENT, "another"], "azp": CLIENT}),
        json!({"sub": "x".repeat(255)}),
        json!({"iat": now + 20}),
        json!({"nbf": now + 20}),
        json!({"exp": now - 20}),
        json!({"iat": now as f64 + 0.5, "exp": now as f64 + 60.5}),
        json!({"email": null, "email_verified": null}),
        json!({"at_hash": "x", "amr": ["pwd"], "groups": [{"name": "x"}]}),
    ] {
        let proven = issuer.claims(&claims);
        assert!(proven.is_ok(), "{claims}: {proven:?}");
    }
}

#[test]
fn a_token_that_was_not_made_for_this_sign_in_is_refused() {
    let issuer = Issuer::new();
    let now = issuer.seconds();
    for claims in [
        json!({"iss": "https://id.example.com/"}),
        json!({"iss": "https://ID.example.com"}),
        json!({"iss": [ISSUER]}),
        json!({"iss": [ISSUER, "https://another.example.com"]}),
        json!({"iss": null}),
        json!({"aud": "another"}),
        json!({"aud": []}),
        json!({"aud": "another", "azp": CLIENT}),
        json!({"aud": ["another"], "azp": CLIENT}),
        json!({"aud": ["another"]}),
        json!({"aud": [CLIENT, "another"]}),
        json!({"aud": [CLIENT, "another"], "azp": "another"}),
        json!({"aud": null}),
        json!({"azp": "another"}),
        json!({"azp": ""}),
        json!({"sub": ""}),
        json!({"sub": "x".repeat(256)}),
        json!({"sub": "a\u{0}da"}),
        json!({"sub": 7}),
        json!({"sub": null}),
        json!({"nonce": null}),
        json!({"nonce": ""}),
        json!({"nonce": NONCE.trim_start_matches('a')}),
        json!({"nonce": format!("{NONCE} ")}),
        json!({"nonce": [NONCE]}),
        json!({"exp": null}),
        json!({"exp": now - 40}),
        json!({"exp": "2999"}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
        json!({"nbf": now + 40}),
        json!({"nbf": "soon"}),
        json!({"iat": null}),
        json!({"iat": now + 40}),
        json!({"iat": "now"}),
        json!({"email": 7}),
        json!({"email": ["ada@example.com"]}),
    ] {
        let refused = issuer.claims(&claims).unwrap_err();
        assert!(matches!(refused, Unproven::Wrong(_)), "{claims}");
    }
}

#[test]
fn only_a_plain_yes_says_that_an_address_is_verified() {
    let issuer = Issuer::new();
    for (written, verified) in [
        (json!(true), Some(true)),
        (json!("true"), Some(true)),
        (json!(null), None),
        (json!(false), Some(false)),
        (json!("false"), Some(false)),
        (json!("True"), Some(false)),
        (json!(""), Some(false)),
        (json!(1), Some(false)),
        (json!([true]), Some(false)),
    ] {
        let proven = issuer.claims(&json!({"email_verified": written})).unwrap();
        assert_eq!(proven.about.email_verified, verified, "{written}");
    }
    // Written as null rather than left out.
    let about: About = serde_json::from_value(json!({"email_verified": null})).unwrap();
    assert_eq!(about, About::default());
}

#[test]
fn the_header_is_held_to_what_the_provider_signs_with() {
    let issuer = Issuer::new();
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None"}),
        json!({"alg": "HS256"}),
        json!({"alg": "ES256"}),
        json!({"alg": "RS256"}),
        json!({"alg": "RS512"}),
        json!({"alg": null}),
        json!({"crit": []}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"kid": 1}),
    ] {
        let token = issuer.token(&header, &json!({}));
        assert!(issuer.prove(&token).is_err(), "{header}");
    }
    let token = issuer.token(&json!({}), &json!({}));
    let keys = ProviderKeys::new(vec![issuer.key(&json!({}))]);
    for (announced, is_taken) in [(["EdDSA"], true), (["RS256"], false), (["eddsa"], false)] {
        let algorithms = announced.map(str::to_owned);
        let algorithms = &algorithms[..];
        let expected = Expected {
            algorithms,
            ..issuer.expected()
        };
        let proven = keys.prove(&token, &expected);
        assert_eq!(proven.is_ok(), is_taken, "{announced:?}");
    }
}

#[test]
fn the_key_is_chosen_by_its_id_its_use_and_its_kind() {
    let (issuer, another) = (Issuer::new(), Issuer::new());
    let named = issuer.token(&json!({}), &json!({}));
    let unnamed = issuer.token(&json!({"kid": null}), &json!({}));
    let key = |changes: Value| issuer.key(&changes);
    let odd = json!({"kty": "OKP", "kid": "one"});
    let p384 = json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"});
    let secret = json!({"kty": "oct", "kid": "one", "k": "AAAA"});
    let unknown = Err(Unproven::UnknownKey);
    let ambiguous = Err(Unproven::Wrong("it names none of several keys"));
    for (token, keys, expected) in [
        (&named, vec![key(json!({}))], Ok(())),
        (&named, vec![key(json!({"use": null, "alg": null}))], Ok(())),
        (&named, vec![odd, secret, key(json!({}))], Ok(())),
        (
            &named,
            vec![another.key(&json!({"kid": "two"})), key(json!({}))],
            Ok(()),
        ),
        (&unnamed, vec![key(json!({})), p384], Ok(())),
        (&unnamed, vec![key(json!({"kid": null}))], Ok(())),
        (&named, vec![], unknown),
        (&named, vec![key(json!({"kid": "two"}))], unknown),
        (&named, vec![key(json!({"kid": null}))], unknown),
        (&named, vec![key(json!({"use": "enc"}))], unknown),
        (&named, vec![key(json!({"alg": "ES256"}))], unknown),
        (
            &named,
            vec![key(json!({})), another.key(&json!({}))],
            ambiguous,
        ),
        (
            &unnamed,
            vec![key(json!({})), another.key(&json!({"kid": "two"}))],
            ambiguous,
        ),
        (
            &named,
            vec![another.key(&json!({}))],
            Err(Unproven::Wrong("its signature is wrong")),
        ),
    ] {
        let told = format!("{keys:?}");
        let proven = ProviderKeys::new(keys).prove(token, &issuer.expected());
        assert_eq!(proven.map(|_| ()), expected, "{told}");
    }
}

#[test]
fn a_published_key_is_no_password_for_a_symmetric_signature() {
    let issuer = Issuer::new();
    let token = issuer.token(&json!({"alg": "HS256"}), &json!({}));
    let (body, _) = token.rsplit_once('.').unwrap();
    let public = EncodingKey::from_secret(issuer.pair.public_key().as_ref());
    let signature = jsonwebtoken::crypto::sign(body.as_bytes(), &public, Algorithm::HS256).unwrap();
    assert!(issuer.prove(&format!("{body}.{signature}")).is_err());
}

#[test]
fn no_character_of_a_token_can_be_another() {
    let issuer = Issuer::new();
    let token = issuer.token(&json!({}), &json!({}));
    assert!(issuer.prove(&token).is_ok());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(issuer.prove(&changed).is_err(), "{at}");
    }
    for (title, changed) in [
        ("empty", String::new()),
        ("no signature", token.rsplit_once('.').unwrap().0.to_owned()),
        (
            "long",
            issuer.token(&json!({}), &json!({"x": "x".repeat(33_000)})),
        ),
    ] {
        assert!(issuer.prove(&changed).is_err(), "{title}");
    }
}
