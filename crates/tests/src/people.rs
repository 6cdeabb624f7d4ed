//! People who sign in, each as a browser would.

use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_core::token::hash;
use runwatch_store::{password_links, pool};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::answer::Answer;
use crate::app::TestApp;
use crate::projects::TestProject;

/// The password of everybody in tests.
pub const PASSWORD: &str = "a horse, a battery and a staple";

impl TestApp {
    /// The token of the link of the first start.
    pub async fn setup_token(&self) -> &'static str {
        let token = "the token of the link of the first start";
        let mut conn = pool::connect(&self.db().url("runwatch_control")).await;
        let conn = conn.as_mut().expect("the database takes connections");
        password_links::create(conn, None, hash(token))
            .await
            .expect("the link is made");
        token
    }

    /// The first person, who is an admin of the installation and of all projects, signed in.
    pub async fn first_admin(&self) -> Actor {
        let token = self.setup_token().await;
        let body = json!({"token": token, "password": PASSWORD, "email": "ada@example.com",
            "name": "Ada"});
        let nobody = self.nobody();
        nobody
            .send(Method::POST, "/v1/auth/password", &body)
            .await
            .expect(200);
        signed_in(&nobody, "ada@example.com").await
    }

    /// Somebody who is this in a project, invited by the first admin and signed in.
    pub async fn member(&self, admin: &Actor, project: TestProject, role: Role) -> Actor {
        let email = format!("{}.{}@example.com", role.name(), project.id());
        let new = json!({"email": email, "name": role.name()});
        let added = admin.send(Method::POST, "/v1/users", &new).await;
        let added = added.expect(201).json();
        let body = json!({"token": added["password_link"]["token"], "password": PASSWORD});
        let nobody = self.nobody();
        nobody
            .send(Method::POST, "/v1/auth/password", &body)
            .await
            .expect(200);
        let member = json!({"email": email, "role": role.name()});
        admin
            .of_project(project)
            .send(Method::POST, "/v1/members", &member)
            .await
            .expect(204);
        signed_in(&nobody, &email).await.of_project(project)
    }
}

impl Actor {
    /// The same person, who speaks of this project.
    pub fn of_project(&self, project: TestProject) -> Self {
        self.with_header("x-runwatch-project", &project.id().to_string())
    }

    /// The same person, with the cookies that an answer sets.
    pub fn with_cookies_of(&self, answer: &Answer) -> Self {
        self.with_header("cookie", &cookies(answer).join("; "))
    }
}

/// The cookies that an answer sets, as they are sent back.
pub fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .map(str::to_owned)
        .collect()
}

/// Signs in.
pub async fn sign_in(nobody: &Actor, email: &str, password: &str) -> Answer {
    let body: Value = json!({"email": email, "password": password});
    nobody.send(Method::POST, "/v1/auth/login", &body).await
}

async fn signed_in(nobody: &Actor, email: &str) -> Actor {
    let answer = sign_in(nobody, email, PASSWORD).await.expect(200);
    nobody.with_cookies_of(&answer)
}
