//! Signing in at an OpenID provider: a real one, and browsers that go there and back.

mod accounts;
mod provider;
mod settings;
mod way_back;

use reqwest::Method;
use runwatch_store::audit;
use runwatch_store::pool;
use runwatch_tests::actor::Actor;
use runwatch_tests::answer::Answer;
use runwatch_tests::app::TestApp;
use runwatch_tests::block_on;
use runwatch_tests::oidc::{Browser, Person, Provider};
use serde_json::json;

/// Somebody who was added here and has set no password.
const SAM: Person<'_> = Person {
    sub: "sam at the provider",
    email: "sam@example.com",
    email_verified: Some("true"),
    twist: "",
    error: "",
};

/// Runs a test with a provider, services that know it, and an admin who has added Sam.
fn with_provider(variables: &[(&str, &str)], test: impl AsyncFnOnce(&TestApp, &Actor, &Provider)) {
    block_on(async {
        let provider = Provider::start(variables).await;
        let app = TestApp::start_with(&provider.settings()).await;
        let admin = app.first_admin().await;
        add(&admin, SAM.email).await;
        test(&app, &admin, &provider).await;
        app.stop().await;
        provider.stop().await;
    });
}

/// Adds somebody; the answer is their id.
async fn add(admin: &Actor, email: &str) -> String {
    let new = json!({"email": email, "name": "somebody"});
    let added = admin.send(Method::POST, "/v1/users", &new).await;
    let added = added.expect(201).json();
    added["user"]["user_id"].as_str().unwrap().to_owned()
}

/// Whose browser it is.
async fn email_of(app: &TestApp, browser: &Browser) -> String {
    let me = browser.person(app).get("/v1/auth/me").await.expect(200);
    me.json()["user"]["email"].as_str().unwrap().to_owned()
}

/// The answer is the way into Runwatch, with the cookies of somebody who is signed in.
#[track_caller]
fn is_signed_in(answer: &Answer) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), Some("/"));
    assert_eq!(
        set_cookies(answer),
        ["__Host-runwatch", "__Host-runwatch-refresh"]
    );
    is_private(answer);
}

/// The answer is a page for people with this code, and gives nothing to their browser.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, code: &str) {
    let page = answer.text();
    assert_eq!(answer.status, status, "{page}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.contains(code), "{code}: {page}");
    let request = answer.header("x-request-id").unwrap();
    assert!(page.contains(request), "{request}: {page}");
    assert_eq!(set_cookies(answer), Vec::<String>::new());
    is_private(answer);
}

#[track_caller]
fn is_private(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}

/// The names of the cookies that an answer sets to something.
fn set_cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.map(|set| set.to_str().unwrap().split(';').next().unwrap());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
    let set = pairs.filter(|(_, value)| !value.is_empty());
    set.map(|(name, _)| name.to_owned()).collect()
}

/// How many sign-ins and how many identities there are.
async fn counts(app: &TestApp) -> (i64, i64) {
    let counts = "SELECT (SELECT count(*) FROM sign_ins), (SELECT count(*) FROM identities)";
    let row = app.db().admin().await.query_one(counts, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// What the audit log says that was done by or to whom after the first so many entries, outside projects.
async fn audited(app: &TestApp, after: i64) -> Vec<String> {
    let mut conn = pool::connect(&app.db().url("runwatch_control"))
        .await
        .unwrap();
    let project = runwatch_core::audit::NO_PROJECT;
    let entries = audit::after(&mut conn, project, after, 100).await.unwrap();
    let entries = entries.into_iter();
    entries
        .map(|(entry, _)| format!("{}: {}", entry.action, entry.details))
        .collect()
}

#[test]
fn who_signs_in_at_the_provider_is_who_they_are_here() {
    with_provider(&[], async |app, _, provider| {
        let before = audited(app, 0).await.len();
        let mut browser = Browser::new(app);
        is_signed_in(&browser.sign_in(SAM).await);
        assert_eq!(email_of(app, &browser).await, SAM.email);
        let linked = json!({"identity": SAM.sub, "issuer": provider.issuer()});
        let expected = [
            format!("link_identity: {linked}"),
            r#"create_sign_in: {"by":"oidc"}"#.to_owned(),
        ];
        assert_eq!(audited(app, i64::try_from(before).unwrap()).await, expected);
        // It is renewed and ended like any other.
        let sam = browser.person(app);
        let renewed = sam
            .send(Method::POST, "/v1/auth/refresh", &json!(null))
            .await;
        let sam = sam.with_cookies_of(&renewed.expect(204));
        let ended = sam
            .send(Method::POST, "/v1/auth/logout", &json!(null))
            .await;
        ended.expect(204);
    });
}

#[test]
fn the_browser_is_sent_with_what_proves_that_it_began_and_nothing_else() {
    with_provider(&[], async |app, _, provider| {
        let mut browser = Browser::new(app);
        let answer = browser.open("/v1/auth/oidc").await.expect(303);
        is_private(&answer);
        let set = answer.header("set-cookie").unwrap();
        for part in [
            "; HttpOnly",
            "; Secure",
            "; SameSite=Lax",
            "; Path=/",
            "; Max-Age=600",
        ] {
            assert!(set.contains(part), "{set}");
        }
        assert!(set.starts_with("__Host-runwatch-oidc="), "{set}");
        let location = answer.header("location").unwrap();
        let url = reqwest::Url::parse(location).unwrap();
        assert!(location.starts_with(provider.issuer()), "{location}");
        let told: std::collections::BTreeMap<_, _> = url.query_pairs().collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "runwatch"),
            ("redirect_uri", "http://127.0.0.1/v1/auth/oidc/callback"),
            ("scope", "openid email"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(told[name], value);
        }
        let kept = &browser.cookies()["__Host-runwatch-oidc"];
        let random = ["state", "nonce", "code_challenge"].map(|name| told[name].as_ref());
        for (at, one) in random.iter().enumerate() {
            assert_eq!(one.len(), 43, "256 bits");
            assert!(one != kept && !random[..at].contains(one), "{random:?}");
        }
        assert_eq!(told.len(), 8);
    });
}

#[test]
fn each_algorithm_each_kind_of_client_and_an_address_that_is_asked_for() {
    block_on(async {
        let post = ("OIDC_AUTH_METHOD", "client_secret_post");
        let asked = ("OIDC_CLAIMS_IN", "userinfo");
        for (secret, algorithm, more) in [
            (None, "ES256", asked),
            (Some("x"), "PS256", post),
            (None, "EdDSA", ("", "")),
            (Some("x"), "RS256", asked),
        ] {
            let mut variables = vec![("OIDC_ALGORITHM", algorithm)];
            variables.extend(Some(more).filter(|(name, _)| !name.is_empty()));
            let provider = Provider::start_for(secret, &variables).await;
            let app = TestApp::start_with(&provider.settings()).await;
            add(&app.first_admin().await, SAM.email).await;
            let mut browser = Browser::new(&app);
            is_signed_in(&browser.sign_in(SAM).await);
            assert_eq!(email_of(&app, &browser).await, SAM.email, "{algorithm}");
            app.stop().await;
            provider.stop().await;
        }
    });
}

#[test]
fn the_dashboard_is_told_how_people_can_sign_in() {
    with_provider(&[], async |app, _, _| {
        let methods = app.nobody().get("/v1/auth/methods").await.expect(200);
        let expected = json!({"password": true, "oidc": {"name": "Single sign-on"}});
        assert_eq!(methods.json(), expected);
    });
    runwatch_tests::app::with_app(async |app| {
        let nobody = app.nobody();
        let methods = nobody.get("/v1/auth/methods").await.expect(200);
        assert_eq!(methods.json(), json!({"password": true, "oidc": null}));
        for path in ["/v1/auth/oidc", "/v1/auth/oidc/callback?state=x&code=x"] {
            assert_eq!(nobody.get(path).await.expect(404).code(), "not_found");
        }
    });
}
