//! A real OpenID provider (`sdks/oidc`), and browsers of people who sign in there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::actor::Actor;
use crate::answer::Answer;
use crate::app::TestApp;
use crate::sdks;

/// Our name at the provider.
pub const CLIENT_ID: &str = "runwatch";
/// Our secret there: with characters that have to be encoded.
pub const SECRET: &str = "s3cr+t/%&";
/// Where the provider sends people back to. Nobody listens there: browsers of tests know the way.
pub const REDIRECT_URI: &str = "http://127.0.0.1/v1/auth/oidc/callback";
/// How long an answer may take: longer than any bound inside control-api.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Redirections that a browser follows at the provider.
const STEPS_MAX: usize = 10;

/// A provider that runs until it is stopped.
#[derive(Debug)]
pub struct Provider {
    process: Child,
    issuer: String,
    secret: Option<String>,
}

/// What somebody writes into the provider's form: what it will say of them, and how it is spoilt.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// What the provider calls them.
    pub sub: &'a str,
    /// Their address.
    pub email: &'a str,
    /// Whether the provider knows that it is theirs.
    pub email_verified: Option<&'a str>,
    /// What becomes of their ID token; nothing if it is empty.
    pub twist: &'a str,
    /// With what the provider refuses them; with nothing if it is empty.
    pub error: &'a str,
}

/// Somebody's browser: it has the cookies of control-api, and goes where it is sent.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    url: String,
    cookies: BTreeMap<String, String>,
}

impl Provider {
    /// Starts one that knows us by a secret.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_for(Some(SECRET), variables).await
    }

    /// Starts one; without a secret we are a public client.
    pub async fn start_for(secret: Option<&str>, variables: &[(&str, &str)]) -> Self {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| sdks::node_program("oidc", "provider.js"));
        let mut command = Command::new("node");
        command
            .arg(program)
            .env("OIDC_CLIENT_ID", CLIENT_ID)
            .env("OIDC_REDIRECT_URI", REDIRECT_URI)
            .envs(secret.map(|secret| ("OIDC_CLIENT_SECRET", secret)))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command.spawn().expect("node runs");
        let output = process.stdout.take().expect("it is a pipe");
        let line = BufReader::new(output).lines().next_line().await;
        let line = line.expect("it prints text").expect("it starts");
        let said: Value = serde_json::from_str(&line).expect("it prints JSON");
        let issuer = said["issuer"].as_str().expect("it says where it is");
        Self {
            process,
            issuer: issuer.to_owned(),
            secret: secret.map(str::to_owned),
        }
    }

    /// Where it is.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What control-api is told of it, or of one at another address.
    pub fn settings_at<'a>(&'a self, issuer: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut settings = vec![
            ("OIDC_ISSUER", issuer),
            ("OIDC_CLIENT_ID", CLIENT_ID),
            ("OIDC_REDIRECT_URI", REDIRECT_URI),
        ];
        let secret = self.secret.as_deref();
        settings.extend(secret.map(|secret| ("OIDC_CLIENT_SECRET", secret)));
        settings
    }

    /// What control-api is told of it.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings_at(&self.issuer)
    }

    /// Ends it.
    pub async fn stop(mut self) {
        // It runs until its input ends.
        drop(self.process.stdin.take());
        let ended = self.process.wait().await.expect("it is our child");
        assert!(ended.success(), "the provider ended with {ended}");
    }
}

impl Browser {
    /// A new one, without cookies.
    pub fn new(app: &TestApp) -> Self {
        let client = Client::builder().timeout(ANSWER_LIMIT).no_proxy();
        let client = client.redirect(Policy::none()).build();
        Self {
            client: client.expect("a plain HTTP client needs nothing"),
            url: app.control_url(),
            cookies: BTreeMap::new(),
        }
    }

    /// Opens a page of control-api, goes nowhere from there, and takes its cookies.
    pub async fn open(&mut self, path: &str) -> Answer {
        self.open_with(path, &[]).await
    }

    /// The same with further headers; a cookie among them is sent instead of its own.
    pub async fn open_with(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "cookie") {
            request = request.header(COOKIE, header(&self.cookies));
        }
        let answer = request.send().await.expect("there is an answer");
        take_cookies(answer.headers(), &mut self.cookies);
        Answer::read(answer).await
    }

    /// Begins to sign in, signs in at the provider, and is on the way back: the path of the callback.
    pub async fn to_callback(&mut self, person: Person<'_>) -> String {
        let answer = self.open("/v1/auth/oidc").await.expect(303);
        let location = answer.header("location").expect("it leads somewhere");
        self.at_provider(location, person).await
    }

    /// Signs in.
    pub async fn sign_in(&mut self, person: Person<'_>) -> Answer {
        let path = self.to_callback(person).await;
        self.open(&path).await
    }

    /// Forgets a cookie.
    pub fn forget(&mut self, name: &str) -> Option<String> {
        self.cookies.remove(name)
    }

    /// Its cookies, as they are sent.
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Whoever signed in with it.
    pub fn person(&self, app: &TestApp) -> Actor {
        app.nobody().with_header("cookie", &header(&self.cookies))
    }

    /// Fills in the provider's form and follows until it sends back; the path of the callback.
    async fn at_provider(&self, address: &str, person: Person<'_>) -> String {
        // As somebody who has not signed in there before.
        let mut cookies = BTreeMap::new();
        let shown = send(self.client.get(address), &mut cookies).await;
        let form = shown.url().join(&location(shown.headers()));
        let form = form.expect("it leads to the form");
        let mut said = vec![("sub", person.sub)];
        let more = [
            ("email", person.email),
            ("twist", person.twist),
            ("error", person.error),
        ];
        said.extend(more.into_iter().filter(|(_, value)| !value.is_empty()));
        said.extend(person.email_verified.map(|is| ("email_verified", is)));
        let mut next = send(self.client.post(form).form(&said), &mut cookies).await;
        for _ in 0..STEPS_MAX {
            let location = location(next.headers());
            if let Some(query) = location.strip_prefix(REDIRECT_URI) {
                return format!("/v1/auth/oidc/callback{query}");
            }
            let address = next.url().join(&location).expect("it leads on");
            next = send(self.client.get(address), &mut cookies).await;
        }
        panic!("the provider never sends back");
    }
}

async fn send(
    request: RequestBuilder,
    cookies: &mut BTreeMap<String, String>,
) -> reqwest::Response {
    let request = request.header(COOKIE, header(cookies));
    let answer = request.send().await.expect("there is an answer");
    take_cookies(answer.headers(), cookies);
    answer
}

fn take_cookies(headers: &HeaderMap, cookies: &mut BTreeMap<String, String>) {
    for set in headers.get_all("set-cookie") {
        let set = set.to_str().expect("a cookie is text");
        let (pair, _) = set.split_once(';').expect("a cookie has attributes");
        let (name, value) = pair.split_once('=').expect("a cookie has a value");
        // One is deleted by being set to nothing.
        if value.is_empty() {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn header(cookies: &BTreeMap<String, String>) -> String {
    let pairs = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("; ")
}

fn location(headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).expect("it leads on");
    location.to_str().expect("an address is text").to_owned()
}
