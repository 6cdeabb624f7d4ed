//! nginx as the outside sees it: behind a proxy that ends TLS, and speaking TLS itself.

use std::path::Path;

use reqwest::{Certificate as Root, Client, RequestBuilder, Response, Version, redirect};
use runwatch_tests::block_on;
use runwatch_tests::certificate::Certificate;
use runwatch_tests::installation::Installation;
use runwatch_tests::people::PASSWORD;
use runwatch_tests::until::until;
use serde_json::{Value, json};
use std::time::Duration;

const EMAIL: &str = "ada@example.com";
/// Where people reach the installation; nobody asks a name server for it.
const HOST: &str = "runs.example.com";
const CLIENT: &str = "203.0.113.7";
/// nginx writes its log at least once a second.
const LOG_LIMIT: Duration = Duration::from_secs(10);

fn client() -> Client {
    Client::builder()
        .no_proxy()
        .build()
        .expect("it needs nothing")
}

/// A request as a proxy passes it on that was reached in this way.
fn passed_on(request: RequestBuilder, scheme: &str) -> RequestBuilder {
    request
        .header("host", HOST)
        .header("x-forwarded-for", CLIENT)
        .header("x-forwarded-proto", scheme)
        .header("sec-fetch-site", "same-origin")
}

async fn json(answer: Response, status: u16) -> Value {
    let (found, text) = (answer.status(), answer.text().await.expect("it is text"));
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap_or_default()
}

fn first_account(installation: &Installation) -> Value {
    json!({"token": installation.setup_token(), "password": PASSWORD, "email": EMAIL, "name": "Ada"})
}

fn sign_in() -> Value {
    json!({"email": EMAIL, "password": PASSWORD})
}

/// The line of the access log about a path.
async fn logged(data_dir: &Path, path: &str) -> Value {
    let file = data_dir.join("nginx/access.log");
    until(LOG_LIMIT, "the access log", async || {
        let text = std::fs::read_to_string(&file).ok()?;
        let line = text.lines().rfind(|line| line.contains(path))?;
        serde_json::from_str(line).ok()
    })
    .await
}

#[test]
fn people_sign_in_behind_a_proxy_that_ends_tls() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let public = format!("https://{HOST}");
        let installation = Installation::start_with(&data_dir, &["--public-url", &public]).await;
        let (client, url) = (client(), installation.url());
        let post = |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body);
        let setup = || post("/v1/auth/password", first_account(&installation));
        let read_along = passed_on(setup(), "http").send().await.unwrap();
        assert_eq!(json(read_along, 403).await["code"], "tls_required");
        let made = passed_on(setup(), "https").send().await.unwrap();
        assert_eq!(json(made, 200).await["email"], EMAIL);
        let login = || post("/v1/auth/login", sign_in());
        let unsafely = passed_on(login(), "http").send().await.unwrap();
        assert_eq!(json(unsafely, 403).await["code"], "tls_required");
        let signed_in = passed_on(login(), "https").send().await.unwrap();
        let told = signed_in.headers().get("strict-transport-security");
        assert_eq!(
            told.map(|told| told.as_bytes()),
            Some(&b"max-age=31536000"[..])
        );
        json(signed_in, 200).await;
        assert_eq!(logged(&data_dir, "/v1/auth/login").await["client"], CLIENT);
        assert!(installation.interrupt().await.success());
    });
}

#[test]
fn a_proxy_that_is_not_trusted_cannot_say_who_it_passes_on_and_how() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let args = [
            "--public-url",
            "https://runs.example.com",
            "--trusted-proxy",
            "10.0.0.1",
        ];
        let installation = Installation::start_with(&data_dir, &args).await;
        let setup = client()
            .post(format!("{}/v1/auth/password", installation.url()))
            .json(&first_account(&installation));
        let refused = passed_on(setup, "https").send().await.unwrap();
        assert!(refused.headers().get("strict-transport-security").is_none());
        assert_eq!(json(refused, 403).await["code"], "tls_required");
        let line = logged(&data_dir, "/v1/auth/password").await;
        assert_eq!(line["client"], "127.0.0.1");
        assert!(installation.interrupt().await.success());
    });
}

#[test]
fn with_a_certificate_it_speaks_tls_and_http_2_itself() {
    block_on(async {
        let data_dir = Installation::data_dir();
        let certificate = Certificate::new(&data_dir);
        let (path, key) = (&certificate.path, &certificate.key_path);
        let args = [
            "--tls-cert",
            path.to_str().unwrap(),
            "--tls-key",
            key.to_str().unwrap(),
        ];
        let installation = Installation::start_with(&data_dir, &args).await;
        let root = Root::from_pem(certificate.pem.as_bytes()).unwrap();
        let builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none());
        let client = builder.tls_certs_only([root]).build().unwrap();
        let text = installation.text();
        let url = text.split_once("running at ").unwrap().1;
        let url = url.split_whitespace().next().unwrap();
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");

        let post = |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body);
        let made = post("/v1/auth/password", first_account(&installation))
            .send()
            .await
            .unwrap();
        assert_eq!(made.version(), Version::HTTP_2);
        assert!(made.headers().contains_key("strict-transport-security"));
        json(made, 200).await;
        json(post("/v1/auth/login", sign_in()).send().await.unwrap(), 200).await;

        let plain = client
            .get(url.replace("https", "http") + "/v1/runs?limit=1")
            .send()
            .await;
        let plain = plain.unwrap();
        assert_eq!(plain.status(), 308);
        let there = plain.headers()["location"].to_str().unwrap();
        assert_eq!(there, format!("{url}/v1/runs?limit=1"));

        // Programs on this machine need no certificate.
        assert!(installation.url().starts_with("http://127.0.0.1:"));
        let here = client.get(format!("{}/v1/runs", installation.url()));
        let here = here
            .header("x-api-key", installation.key())
            .send()
            .await
            .unwrap();
        json(here, 200).await;

        let grpc = installation.grpc_url();
        let call = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let call = client
            .post(format!("{grpc}{call}"))
            .header("content-type", "application/grpc");
        let called = call.body(vec![0, 0, 0, 0, 0]).send().await.unwrap();
        assert_eq!(called.version(), Version::HTTP_2);
        // 16 is UNAUTHENTICATED: the call reached the service.
        assert_eq!(called.headers()["grpc-status"], "16");
        assert!(installation.interrupt().await.success());
    });
}
