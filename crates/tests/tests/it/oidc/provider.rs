//! Providers that are away, and such as are none.

use std::time::Duration;

use reqwest::Method;
use runwatch_tests::app::TestApp;
use runwatch_tests::block_on;
use runwatch_tests::oidc::{Browser, Person, Provider};
use runwatch_tests::people::{PASSWORD, sign_in};
use tokio::time::Instant;

use super::{SAM, add, counts, is_refused, is_signed_in, with_provider};

/// How long somebody waits at most for a provider that says nothing, on a machine that does more besides.
const PATIENCE: Duration = Duration::from_secs(9);

/// Where a provider is none, and what people are told of it.
const BAD: [(&str, u16, &str); 7] = [
    ("liar", 502, "oidc_invalid"),
    ("elsewhere", 502, "oidc_invalid"),
    ("huge", 502, "oidc_invalid"),
    ("moved", 503, "oidc_unavailable"),
    ("down", 503, "oidc_unavailable"),
    ("silent", 503, "oidc_unavailable"),
    ("nothing", 502, "oidc_invalid"),
];

#[test]
fn a_provider_that_is_none_is_told_and_nothing_else_suffers() {
    block_on(async {
        let provider = Provider::start(&[]).await;
        for (bad, status, code) in BAD {
            println!("{bad}");
            let issuer = format!("{}/{bad}", provider.issuer());
            let app = TestApp::start_with(&provider.settings_at(&issuer)).await;
            let admin = app.first_admin().await;
            let began = Instant::now();
            // Those who come at once do not wait one after the other.
            let (mut one, mut other) = (Browser::new(&app), Browser::new(&app));
            let answers = tokio::join!(one.open("/v1/auth/oidc"), other.open("/v1/auth/oidc"));
            for answer in [answers.0, answers.1] {
                is_refused(&answer, status, code);
            }
            assert!(began.elapsed() < PATIENCE, "{bad}: {:?}", began.elapsed());
            let nobody = app.nobody();
            let ready = nobody.request_to_control(Method::GET, "/ready");
            nobody.call(ready).await.expect(200);
            admin.get("/v1/auth/me").await.expect(200);
            let by_password = sign_in(&nobody, "ada@example.com", PASSWORD).await;
            by_password.expect(200);
            app.stop().await;
        }
        provider.stop().await;
    });
}

#[test]
fn a_provider_that_goes_meanwhile_is_told_and_signs_nobody_in() {
    block_on(async {
        let provider = Provider::start(&[]).await;
        let app = TestApp::start_with(&provider.settings()).await;
        add(&app.first_admin().await, SAM.email).await;
        let before = counts(&app).await;
        let mut browser = Browser::new(&app);
        let path = browser.to_callback(SAM).await;
        provider.stop().await;
        is_refused(&browser.open(&path).await, 503, "oidc_unavailable");
        assert_eq!(counts(&app).await, before);
        app.stop().await;
    });
}

#[test]
fn a_key_that_is_published_meanwhile_is_asked_for() {
    with_provider(&[], async |app, _, _| {
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
        let twist = "rotated";
        is_signed_in(&Browser::new(app).sign_in(Person { twist, ..SAM }).await);
        // Not for every token that names an unknown one: this one is no stranger's, and is refused.
        let answer = Browser::new(app)
            .sign_in(Person {
                twist: "unknown_kid",
                ..SAM
            })
            .await;
        is_refused(&answer, 502, "oidc_invalid");
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
    });
}

#[test]
fn a_secret_that_is_wrong_is_our_mistake_and_not_that_of_people() {
    block_on(async {
        let provider = Provider::start(&[]).await;
        let mut settings = provider.settings();
        settings.retain(|(name, _)| *name != "OIDC_CLIENT_SECRET");
        settings.push(("OIDC_CLIENT_SECRET", "another"));
        let app = TestApp::start_with(&settings).await;
        add(&app.first_admin().await, SAM.email).await;
        let answer = Browser::new(&app).sign_in(SAM).await;
        is_refused(&answer, 502, "oidc_invalid");
        app.stop().await;
        provider.stop().await;
    });
}
