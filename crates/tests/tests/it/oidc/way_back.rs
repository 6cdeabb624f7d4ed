//! The way back from the provider: it works once, in the browser that began, and for what the provider said.

use runwatch_tests::oidc::{Browser, Person};
use runwatch_tests::people::{PASSWORD, sign_in};

use super::{SAM, counts, email_of, is_refused, is_signed_in, with_provider};

const COOKIE: &str = "__Host-runwatch-oidc";

/// What becomes of ID tokens at the provider, each of which nobody should take.
const TWISTS: [&str; 17] = [
    "nonce",
    "no_nonce",
    "issuer",
    "audience",
    "audiences",
    "expired",
    "no_exp",
    "future",
    "no_sub",
    "another_key",
    "unknown_kid",
    "unsigned",
    "hs256",
    "hs256_secret",
    "truncated",
    "huge",
    "no_id_token",
];

#[test]
fn an_id_token_that_is_not_as_it_should_be_signs_nobody_in() {
    with_provider(&[], async |app, _, _| {
        let before = counts(app).await;
        for twist in TWISTS {
            let spoilt = Person { twist, ..SAM };
            let mut browser = Browser::new(app);
            let answer = browser.sign_in(spoilt).await;
            println!("{twist}");
            is_refused(&answer, 502, "oidc_invalid");
            assert!(browser.cookies().is_empty(), "{twist}");
            assert_eq!(counts(app).await, before, "{twist}");
        }
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
    });
}

#[test]
fn an_address_of_somebody_else_is_not_taken() {
    with_provider(&[("OIDC_CLAIMS_IN", "userinfo")], async |app, _, _| {
        let before = counts(app).await;
        let twist = "userinfo_sub";
        let answer = Browser::new(app).sign_in(Person { twist, ..SAM }).await;
        is_refused(&answer, 502, "oidc_invalid");
        assert_eq!(counts(app).await, before);
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
    });
}

#[test]
fn the_way_back_belongs_to_the_browser_that_began() {
    with_provider(&[], async |app, _, _| {
        let before = counts(app).await;
        let (mut sam, mut other) = (Browser::new(app), Browser::new(app));
        let path = sam.to_callback(SAM).await;
        // A browser that never began, one that began another time, and one that forgot.
        is_refused(&other.open(&path).await, 400, "oidc_expired");
        other.open("/v1/auth/oidc").await.expect(303);
        is_refused(&other.open(&path).await, 400, "oidc_expired");
        assert!(other.cookies().is_empty(), "an attempt is made once");
        let kept = sam.forget(COOKIE).unwrap();
        is_refused(&sam.open(&path).await, 400, "oidc_expired");
        for wrong in ["", "x", kept.get(1..).unwrap(), &format!("{kept}{kept}")] {
            let header = format!("{COOKIE}={wrong}");
            let answer = sam.open_with(&path, &[("cookie", &header)]).await;
            is_refused(&answer, 400, "oidc_expired");
        }
        let twice = format!("{COOKIE}={kept}; {COOKIE}={kept}");
        let answer = sam.open_with(&path, &[("cookie", &twice)]).await;
        is_refused(&answer, 400, "oidc_expired");
        assert_eq!(counts(app).await, before);
        let header = format!("{COOKIE}={kept}");
        is_signed_in(&sam.open_with(&path, &[("cookie", &header)]).await);
    });
}

#[test]
fn what_comes_back_is_said_once_and_is_whole() {
    with_provider(&[], async |app, _, _| {
        let before = counts(app).await;
        let mut sam = Browser::new(app);
        let path = sam.to_callback(SAM).await;
        let header = format!("{COOKIE}={}", sam.cookies()[COOKIE]);
        let header = [("cookie", header.as_str())];
        let query = path.split_once('?').unwrap().1;
        let pairs: Vec<&str> = query.split('&').collect();
        let without = |name: &str| {
            let kept = pairs.iter().filter(|pair| !pair.starts_with(name));
            kept.copied().collect::<Vec<_>>().join("&")
        };
        let state = pairs
            .iter()
            .find(|pair| pair.starts_with("state="))
            .unwrap();
        let mut wrong = vec![
            without("state="),
            without("code="),
            format!("{}&state=another", without("state=")),
            format!("{state}x&{}", without("state=")),
            String::new(),
        ];
        // Twice, even if it is the same.
        wrong.extend(pairs.iter().map(|pair| format!("{query}&{pair}")));
        wrong.push(format!("{query}&error=x&error=x"));
        for query in wrong {
            println!("{query}");
            let path = format!("/v1/auth/oidc/callback?{query}");
            is_refused(&sam.open_with(&path, &header).await, 400, "oidc_expired");
        }
        assert_eq!(counts(app).await, before);
        // What means nothing to us may be there as often as it likes.
        let path = format!("{path}&session_state=x&scope=a&scope=b");
        is_signed_in(&sam.open_with(&path, &header).await);
    });
}

#[test]
fn another_provider_sends_nobody_back() {
    with_provider(&[], async |app, _, provider| {
        let before = counts(app).await;
        let mut sam = Browser::new(app);
        let path = sam.to_callback(SAM).await;
        let header = format!("{COOKIE}={}", sam.cookies()[COOKIE]);
        let header = [("cookie", header.as_str())];
        let (begin, _) = path.split_once("&iss=").unwrap();
        for iss in [
            "&iss=https://another.example.com".to_owned(),
            format!("&iss={}/", provider.issuer()),
            "&iss=".to_owned(),
            // It says that it always names itself.
            String::new(),
        ] {
            let answer = sam.open_with(&format!("{begin}{iss}"), &header).await;
            println!("{iss}");
            is_refused(&answer, 502, "oidc_invalid");
        }
        assert_eq!(counts(app).await, before);
        is_signed_in(&sam.open_with(&path, &header).await);
    });
}

#[test]
fn a_code_works_once() {
    with_provider(&[], async |app, _, _| {
        let mut sam = Browser::new(app);
        let path = sam.to_callback(SAM).await;
        let header = format!("{COOKIE}={}", sam.cookies()[COOKIE]);
        is_signed_in(&sam.open(&path).await);
        let before = counts(app).await;
        // The browser has no such cookie any more; somebody who kept it gets nothing either.
        assert!(!sam.cookies().contains_key(COOKIE));
        is_refused(&sam.open(&path).await, 400, "oidc_expired");
        let mut thief = Browser::new(app);
        let answer = thief.open_with(&path, &[("cookie", &header)]).await;
        is_refused(&answer, 400, "oidc_expired");
        assert_eq!(counts(app).await, before);
        assert_eq!(email_of(app, &sam).await, SAM.email);
    });
}

#[test]
fn a_provider_that_says_no_is_taken_at_its_word_and_not_quoted() {
    with_provider(&[], async |app, _, _| {
        let before = counts(app).await;
        let mut sam = Browser::new(app);
        let error = "access_denied";
        let path = sam.to_callback(Person { error, ..SAM }).await;
        let path = format!("{path}&error_uri=%3Cscript%3Ehello");
        let answer = sam.open(&path).await;
        is_refused(&answer, 403, "oidc_refused");
        let page = answer.text();
        for quoted in ["script>hello", "access_denied", "refused\"", "state="] {
            assert!(!page.contains(quoted), "{page}");
        }
        assert_eq!(counts(app).await, before);
        is_signed_in(&sam.sign_in(SAM).await);
    });
}

#[test]
fn it_needs_tls_where_others_can_listen_and_is_tried_only_so_often() {
    with_provider(&[], async |app, _, _| {
        let mut browser = Browser::new(app);
        let elsewhere = [("host", "runwatch.example")];
        for path in ["/v1/auth/oidc", "/v1/auth/oidc/callback?state=x&code=x"] {
            let answer = browser.open_with(path, &elsewhere).await;
            is_refused(&answer, 403, "tls_required");
        }
        let path = browser.to_callback(SAM).await;
        let header = format!("{COOKIE}={}", browser.cookies()[COOKIE]);
        let many = "INSERT INTO sign_in_attempts SELECT sha256(of::bytea), rw_now(), 100
            FROM (VALUES ('address 127.0.0.1'), ('oidc address 127.0.0.1')) attempts (of)
            ON CONFLICT (subject_hash) DO UPDATE SET attempts = 100";
        app.db().admin().await.batch_execute(many).await.unwrap();
        for path in ["/v1/auth/oidc", &path] {
            let answer = browser.open_with(path, &[("cookie", &header)]).await;
            is_refused(&answer, 429, "too_many_attempts");
            let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((800..=900).contains(&wait), "{wait}");
        }
        // Who comes back from nowhere is not counted, and costs nothing.
        is_refused(&browser.open(&path).await, 400, "oidc_expired");
        let password = sign_in(&app.nobody(), "ada@example.com", PASSWORD).await;
        assert_eq!(password.expect(429).code(), "too_many_attempts");
    });
}
