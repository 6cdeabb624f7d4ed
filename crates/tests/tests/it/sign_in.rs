//! Signing in and out.

use std::time::Duration;

use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_core::limits::SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX;
use runwatch_tests::app::with_app;
use runwatch_tests::moments::without_times;
use runwatch_tests::people::{PASSWORD, cookies, sign_in};
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.com";
/// Longer than services remember who is signed in.
const FORGOTTEN: Duration = Duration::from_secs(10);

#[test]
fn the_link_of_the_first_start_makes_the_first_admin_and_works_once() {
    with_app(async |app| {
        let token = app.setup_token().await;
        let nobody = app.nobody();
        let mut body =
            json!({"token": token, "password": "too short", "email": EMAIL, "name": "Ada"});
        let short = nobody.send(Method::POST, "/v1/auth/password", &body).await;
        assert_eq!(short.expect(400).json()["field"], "password");
        body["password"] = json!(PASSWORD);
        body["email"] = json!("nobody");
        let wrong = nobody.send(Method::POST, "/v1/auth/password", &body).await;
        assert_eq!(wrong.expect(400).json()["field"], "email");
        body["email"] = json!("  Ada@Example.COM ");
        let made = nobody.send(Method::POST, "/v1/auth/password", &body).await;
        assert_eq!(made.expect(200).json()["email"], EMAIL);
        let again = nobody.send(Method::POST, "/v1/auth/password", &body).await;
        assert_eq!(again.expect(410).code(), "wrong_link");
        let ada = nobody.with_cookies_of(&sign_in(&nobody, "ADA@example.com", PASSWORD).await);
        let me = ada.get("/v1/auth/me").await.expect(200).json();
        insta::assert_json_snapshot!("me", without_times(me), {".user.user_id" => "[id]"});
    });
}

#[test]
fn a_sign_in_sets_cookies_that_only_the_browser_of_this_host_has() {
    with_app(async |app| {
        app.first_admin().await;
        let answer = sign_in(&app.nobody(), EMAIL, PASSWORD).await.expect(200);
        let set: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|it| it.to_str().unwrap())
            .collect();
        assert_eq!(set.len(), 2);
        for cookie in set {
            assert!(cookie.starts_with("__Host-runwatch"), "{cookie}");
            for part in [
                "; Path=/",
                "; Secure",
                "; HttpOnly",
                "; SameSite=Lax",
                "; Max-Age=",
            ] {
                assert!(cookie.contains(part), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    });
}

#[test]
fn a_wrong_password_is_refused_like_an_unknown_account_and_only_so_often() {
    with_app(async |app| {
        app.first_admin().await;
        let nobody = app.nobody();
        for email in [EMAIL, "nobody@example.com"] {
            let refused = sign_in(&nobody, email, "another horse and a battery").await;
            let refused = refused.expect(401);
            assert_eq!(refused.code(), "wrong_password");
            assert!(cookies(&refused).is_empty());
        }
        for _ in 0..9 {
            sign_in(&nobody, EMAIL, "another horse and a battery")
                .await
                .expect(401);
        }
        let refused = sign_in(&nobody, EMAIL, PASSWORD).await.expect(429);
        assert_eq!(refused.code(), "too_many_attempts");
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((800..=900).contains(&wait), "{wait}");
    });
}

#[test]
fn a_sign_in_is_renewed_and_a_token_that_was_used_up_ends_it() {
    with_app(async |app| {
        app.first_admin().await;
        let nobody = app.nobody();
        let first = nobody.with_cookies_of(&sign_in(&nobody, EMAIL, PASSWORD).await.expect(200));
        let renew = async |who: &runwatch_tests::actor::Actor| {
            who.send(Method::POST, "/v1/auth/refresh", &Value::Null)
                .await
        };
        let renewed = renew(&first).await.expect(204);
        assert_eq!(cookies(&renewed).len(), 2);
        // Another tab renewed with the same token at the same moment: it gets no new one.
        assert_eq!(cookies(&renew(&first).await.expect(204)).len(), 1);
        let second = nobody.with_cookies_of(&renewed);
        let third = nobody.with_cookies_of(&renew(&second).await.expect(204));
        // The first token is two renewals old: somebody has a copy of it, or of the others.
        renew(&first).await.expect(401);
        renew(&third).await.expect(401);
    });
}

#[test]
fn who_signs_out_is_out_everywhere_within_seconds() {
    with_app(async |app| {
        let ada = app.first_admin().await.of_project(OURS);
        ada.get("/v1/runs").await.expect(200);
        let out = ada
            .send(Method::POST, "/v1/auth/logout", &Value::Null)
            .await;
        let cleared = out.expect(204);
        assert!(cookies(&cleared).iter().all(|cookie| cookie.ends_with('=')));
        for path in ["/v1/runs", "/v1/members", "/v1/auth/me"] {
            until(FORGOTTEN, "the sign-in to be forgotten", async || {
                (ada.get(path).await.status == 401).then_some(())
            })
            .await;
        }
    });
}

#[test]
fn who_signs_out_after_their_token_has_ended_is_out_too() {
    with_app(async |app| {
        app.first_admin().await;
        let nobody = app.nobody();
        let answer = sign_in(&nobody, EMAIL, PASSWORD).await.expect(200);
        let refresh = cookies(&answer)
            .into_iter()
            .find(|it| it.contains("refresh"));
        let later = nobody.with_header("cookie", &refresh.unwrap());
        let out = later
            .send(Method::POST, "/v1/auth/logout", &Value::Null)
            .await;
        assert_eq!(cookies(&out.expect(204)).len(), 2);
        let renewed = later
            .send(Method::POST, "/v1/auth/refresh", &Value::Null)
            .await;
        renewed.expect(401);
        nobody
            .send(Method::POST, "/v1/auth/logout", &Value::Null)
            .await
            .expect(204);
    });
}

#[test]
fn other_sites_cannot_make_a_browser_change_anything() {
    with_app(async |app| {
        let ada = app.first_admin().await;
        let project = json!({"name": "made by another site"});
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let lured = ada.with_header(header, value);
            let refused = lured.send(Method::POST, "/v1/projects", &project).await;
            assert_eq!(
                refused.expect(403).code(),
                "cross_site",
                "{header}: {value}"
            );
        }
        let form = ada.request(Method::POST, "/v1/projects");
        let form = form
            .header("content-type", "text/plain")
            .body(project.to_string());
        ada.call(form).await.expect(415);
        let own = ada.with_header("sec-fetch-site", "same-origin");
        own.send(Method::POST, "/v1/projects", &project)
            .await
            .expect(201);
        let here = ada
            .with_header("host", "localhost:8080")
            .with_header("origin", "http://localhost:8080");
        here.send(Method::POST, "/v1/projects", &json!({"name": "made here"}))
            .await
            .expect(201);
    });
}

#[test]
fn signing_in_needs_tls_where_others_can_listen() {
    with_app(async |app| {
        app.first_admin().await;
        let elsewhere = app.nobody().with_header("host", "runwatch.example");
        let refused = sign_in(&elsewhere, EMAIL, PASSWORD).await.expect(403);
        assert_eq!(refused.code(), "tls_required");
        let by_tls = elsewhere.with_header("x-forwarded-proto", "https");
        sign_in(&by_tls, EMAIL, PASSWORD).await.expect(200);
    });
}

#[test]
fn links_and_sign_ins_end_with_their_time() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        let new = json!({"email": "bob@example.com", "name": "Bob"});
        let added = admin
            .send(Method::POST, "/v1/users", &new)
            .await
            .expect(201);
        let token = added.json()["password_link"]["token"].clone();
        let nobody = app.nobody();
        let ada = nobody.with_cookies_of(&sign_in(&nobody, EMAIL, PASSWORD).await.expect(200));
        app.db().move_clock("25 hours").await;
        let body = json!({"token": token, "password": PASSWORD});
        let late = nobody.send(Method::POST, "/v1/auth/password", &body).await;
        assert_eq!(late.expect(410).code(), "wrong_link");
        let renew = async || {
            ada.send(Method::POST, "/v1/auth/refresh", &Value::Null)
                .await
        };
        app.db().move_clock("29 days").await;
        renew().await.expect(401);
    });
}

#[test]
fn of_two_who_use_a_link_at_once_one_sets_the_password() {
    with_app(async |app| {
        let token = app.setup_token().await;
        let nobody = app.nobody();
        let setup = async |name: &str| {
            let email = format!("{name}@example.com");
            let body = json!({"token": token, "password": PASSWORD, "email": email, "name": name});
            nobody
                .send(Method::POST, "/v1/auth/password", &body)
                .await
                .status
        };
        let mut statuses: [u16; 2] = tokio::join!(setup("ada"), setup("eve")).into();
        statuses.sort_unstable();
        assert!([[200, 404], [200, 410]].contains(&statuses), "{statuses:?}");
    });
}

#[test]
fn a_new_password_ends_every_sign_in() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        let users = admin.get("/v1/users").await.expect(200).json();
        let id = users["users"][0]["user_id"].as_str().unwrap();
        let link = format!("/v1/users/{id}/password-link");
        let link = admin
            .send(Method::POST, &link, &Value::Null)
            .await
            .expect(201);
        let new = "another horse, another battery";
        let body = json!({"token": link.json()["token"], "password": new});
        let nobody = app.nobody();
        nobody
            .send(Method::POST, "/v1/auth/password", &body)
            .await
            .expect(200);
        until(FORGOTTEN, "the sign-in to be forgotten", async || {
            (admin.get("/v1/auth/me").await.status == 401).then_some(())
        })
        .await;
        sign_in(&nobody, EMAIL, PASSWORD).await.expect(401);
        sign_in(&nobody, EMAIL, new).await.expect(200);
    });
}

#[test]
fn a_sign_in_with_the_old_password_that_meets_the_new_one_is_refused() {
    with_app(async |app| {
        app.first_admin().await;
        let changing = app.db().admin().await;
        // Whoever changes it has not committed when the old one is found to be right.
        let change = "BEGIN; UPDATE users SET password_hash = password_hash || 'x'";
        changing.batch_execute(change).await.unwrap();
        let watching = app.db().admin().await;
        let waits = "SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let nobody = app.nobody();
        let (answer, ()) = tokio::join!(sign_in(&nobody, EMAIL, PASSWORD), async {
            until(
                FORGOTTEN,
                "the sign-in to wait for the change",
                async || {
                    let waiting = watching.query(waits, &[]).await.unwrap();
                    (!waiting.is_empty()).then_some(())
                },
            )
            .await;
            changing.batch_execute("COMMIT").await.unwrap();
        });
        assert_eq!(answer.expect(409).code(), "changed_meanwhile");
        let signed_in = "SELECT FROM sign_ins WHERE ended_at IS NULL";
        let signed_in = watching.query(signed_in, &[]).await.unwrap();
        assert_eq!(
            signed_in.len(),
            1,
            "the one with which the account was made"
        );
    });
}

#[test]
fn whoever_was_shut_out_is_refused_with_the_right_password_and_odd_addresses_are_too() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        app.member(&admin, OURS, Role::Viewer).await;
        let users = admin.get("/v1/users").await.expect(200).json();
        let viewer = &users["users"][1];
        let path = format!("/v1/users/{}", viewer["user_id"].as_str().unwrap());
        admin
            .send(Method::PATCH, &path, &json!({"disabled": true}))
            .await
            .expect(200);
        let nobody = app.nobody();
        let email = viewer["email"].as_str().unwrap();
        for email in [email, "ada\0@example.com", "", "' OR true --"] {
            let refused = sign_in(&nobody, email, PASSWORD).await.expect(401);
            assert_eq!(refused.code(), "wrong_password");
        }
    });
}

#[test]
fn one_address_cannot_try_many_accounts() {
    with_app(async |app| {
        app.first_admin().await;
        let nobody = app.nobody().with_header("x-real-ip", "203.0.113.7");
        let nobody = nobody.with_header("x-forwarded-proto", "https");
        sign_in(&nobody, "nobody@example.com", PASSWORD)
            .await
            .expect(401);
        let nearly = format!(
            "UPDATE sign_in_attempts SET attempts = {SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX} - 1"
        );
        app.db().admin().await.batch_execute(&nearly).await.unwrap();
        sign_in(&nobody, "somebody@example.com", PASSWORD)
            .await
            .expect(401);
        sign_in(&nobody, EMAIL, PASSWORD).await.expect(429);
        let elsewhere = nobody.with_header("x-real-ip", "203.0.113.8");
        sign_in(&elsewhere, EMAIL, PASSWORD).await.expect(200);
    });
}
