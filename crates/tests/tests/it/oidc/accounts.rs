//! Who is whom: somebody is found by a verified address once, and by what the provider calls them from then on.

use std::time::Duration;

use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_tests::app::TestApp;
use runwatch_tests::block_on;
use runwatch_tests::oidc::{Browser, Person, Provider};
use runwatch_tests::people::{PASSWORD, sign_in};
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use serde_json::{Value, json};

use super::{SAM, add, counts, email_of, is_refused, is_signed_in, with_provider};

/// Longer than services remember who is signed in.
const FORGOTTEN: Duration = Duration::from_secs(10);

#[test]
fn who_is_linked_is_known_whatever_their_address_becomes() {
    with_provider(&[], async |app, admin, _| {
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
        add(admin, "kim@example.com").await;
        for (email, email_verified) in [
            ("another@example.com", Some("true")),
            ("kim@example.com", Some("true")),
            (SAM.email, Some("false")),
            ("", None),
        ] {
            let changed = Person {
                email,
                email_verified,
                ..SAM
            };
            let mut browser = Browser::new(app);
            is_signed_in(&browser.sign_in(changed).await);
            assert_eq!(email_of(app, &browser).await, SAM.email);
        }
        assert_eq!(counts(app).await.1, 1);
    });
}

#[test]
fn an_address_is_written_as_people_write_it() {
    with_provider(&[], async |app, _, _| {
        let email = "  Sam@Example.COM ";
        let mut browser = Browser::new(app);
        is_signed_in(&browser.sign_in(Person { email, ..SAM }).await);
        assert_eq!(email_of(app, &browser).await, SAM.email);
    });
}

#[test]
fn nobody_is_let_in_by_an_address_that_is_not_known_to_be_theirs_and_of_somebody_here() {
    with_provider(&[], async |app, admin, _| {
        add(admin, "kim@example.com").await;
        let disabled = add(admin, "gone@example.com").await;
        let path = format!("/v1/users/{disabled}");
        let shut_out = json!({"disabled": true});
        admin
            .send(Method::PATCH, &path, &shut_out)
            .await
            .expect(200);
        let before = counts(app).await;
        for (email, email_verified) in [
            ("nobody@example.com", Some("true")),
            ("gone@example.com", Some("true")),
            (SAM.email, Some("false")),
            (SAM.email, None),
            ("", Some("true")),
            ("", None),
            // Becomes a k in lower case.
            ("\u{212a}im@example.com", Some("true")),
            ("sam@example.com\u{0}", Some("true")),
            ("sam@example.com, ada@example.com", Some("true")),
        ] {
            let person = Person {
                email,
                email_verified,
                ..SAM
            };
            let answer = Browser::new(app).sign_in(person).await;
            println!("{person:?}");
            is_refused(&answer, 403, "oidc_no_account");
            let page = answer.text();
            assert!(!page.contains("@"), "{page}");
        }
        assert_eq!(counts(app).await, before);
    });
}

#[test]
fn an_address_without_a_word_on_it_is_taken_where_that_is_set_and_a_no_never() {
    block_on(async {
        let provider = Provider::start(&[]).await;
        let mut settings = provider.settings();
        settings.push(("OIDC_TRUST_EMAIL", "1"));
        let app = TestApp::start_with(&settings).await;
        add(&app.first_admin().await, SAM.email).await;
        let with = |email_verified| Person {
            email_verified,
            ..SAM
        };
        let denied = Browser::new(&app).sign_in(with(Some("false"))).await;
        is_refused(&denied, 403, "oidc_no_account");
        is_signed_in(&Browser::new(&app).sign_in(with(None)).await);
        app.stop().await;
        provider.stop().await;
    });
}

#[test]
fn who_is_linked_is_not_taken_over_by_another_with_their_address() {
    with_provider(&[], async |app, _, _| {
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
        let before = counts(app).await;
        let sub = "who has Sam's address now";
        let answer = Browser::new(app).sign_in(Person { sub, ..SAM }).await;
        is_refused(&answer, 403, "oidc_no_account");
        assert_eq!(counts(app).await, before);
    });
}

#[test]
fn of_two_first_sign_ins_at_once_one_links_and_the_other_finds_it() {
    with_provider(&[], async |app, _, _| {
        let (mut phone, mut laptop) = (Browser::new(app), Browser::new(app));
        let by_phone = phone.to_callback(SAM).await;
        let by_laptop = laptop.to_callback(SAM).await;
        let (one, other) = tokio::join!(phone.open(&by_phone), laptop.open(&by_laptop));
        is_signed_in(&one);
        is_signed_in(&other);
        assert_eq!(counts(app).await.1, 1);
        assert_eq!(email_of(app, &phone).await, SAM.email);
        assert_eq!(email_of(app, &laptop).await, SAM.email);
    });
}

#[test]
fn of_two_people_with_one_address_at_once_one_is_let_in() {
    with_provider(&[], async |app, _, _| {
        let (mut one, mut other) = (Browser::new(app), Browser::new(app));
        let by_one = one.to_callback(SAM).await;
        let sub = "another with Sam's address";
        let by_other = other.to_callback(Person { sub, ..SAM }).await;
        let answers = tokio::join!(one.open(&by_one), other.open(&by_other));
        let mut statuses = [answers.0.status, answers.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 403]);
        assert_eq!(counts(app).await.1, 1);
    });
}

#[test]
fn who_is_shut_out_is_out_there_too() {
    with_provider(&[], async |app, admin, _| {
        let mut browser = Browser::new(app);
        is_signed_in(&browser.sign_in(SAM).await);
        let sam = browser.person(app);
        let me = sam.get("/v1/auth/me").await.expect(200).json();
        let path = format!("/v1/users/{}", me["user"]["user_id"].as_str().unwrap());
        let shut_out = |disabled: bool| json!({"disabled": disabled});
        let set = async |disabled| {
            let set = admin.send(Method::PATCH, &path, &shut_out(disabled)).await;
            set.expect(200);
        };
        set(true).await;
        until(FORGOTTEN, "the sign-in to be forgotten", async || {
            (sam.get("/v1/auth/me").await.status == 401).then_some(())
        })
        .await;
        let refused = Browser::new(app).sign_in(SAM).await;
        is_refused(&refused, 403, "oidc_no_account");
        // Another account with the address that Sam has there now is not Sam's.
        add(admin, "kim@example.com").await;
        let email = "kim@example.com";
        let refused = Browser::new(app).sign_in(Person { email, ..SAM }).await;
        is_refused(&refused, 403, "oidc_no_account");
        set(false).await;
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
    });
}

#[test]
fn a_wrong_link_can_be_undone_by_an_admin_of_the_installation() {
    with_provider(&[], async |app, admin, _| {
        let sub = "not Sam at all";
        let mut wrong = Browser::new(app);
        is_signed_in(&wrong.sign_in(Person { sub, ..SAM }).await);
        let wrong = wrong.person(app);
        let me = wrong.get("/v1/auth/me").await.expect(200).json();
        let id = me["user"]["user_id"].as_str().unwrap();
        let path = format!("/v1/users/{id}/identities");
        let member = app.member(admin, OURS, Role::Admin).await;
        for who in [&wrong, &member] {
            let refused = who.send(Method::DELETE, &path, &Value::Null).await;
            assert_eq!(refused.expect(403).code(), "missing_role");
        }
        let done = super::audited(app, 0).await.len();
        let undone = admin.send(Method::DELETE, &path, &Value::Null).await;
        undone.expect(204);
        let told = super::audited(app, i64::try_from(done).unwrap()).await;
        assert_eq!(told, [r#"delete_identities: {"identities":1}"#]);
        until(FORGOTTEN, "the sign-in to be forgotten", async || {
            (wrong.get("/v1/auth/me").await.status == 401).then_some(())
        })
        .await;
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
        let nobody = format!("/v1/users/{}/identities", uuid::Uuid::nil());
        let nobody = admin.send(Method::DELETE, &nobody, &Value::Null).await;
        nobody.expect(404);
    });
}

#[test]
fn who_signs_in_elsewhere_alone_has_no_password_to_be_guessed() {
    with_provider(&[], async |app, admin, _| {
        is_signed_in(&Browser::new(app).sign_in(SAM).await);
        for password in ["", PASSWORD] {
            let refused = sign_in(&app.nobody(), SAM.email, password).await;
            assert_eq!(refused.expect(401).code(), "wrong_password");
        }
        // Whoever has a password may sign in in both ways.
        let email = "ada@example.com";
        let ada = Person {
            sub: "ada",
            email,
            ..SAM
        };
        let mut browser = Browser::new(app);
        is_signed_in(&browser.sign_in(ada).await);
        assert_eq!(email_of(app, &browser).await, email);
        admin.get("/v1/users").await.expect(200);
        sign_in(&app.nobody(), email, PASSWORD).await.expect(200);
    });
}
