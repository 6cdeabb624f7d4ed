//! The two projects that every test database has, and their keys: the same in all databases, so
//! that what is stored in two of them can be compared.

use crate::keys;
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::{KeyId, ProjectId};
use runwatch_store::api_keys::{self, NewKey};
use runwatch_store::pool::Conn;
use tokio_postgres::Client;
use uuid::Uuid;

/// The project that most tests work with.
pub const OURS: TestProject = TestProject {
    number: 1,
    name: "ours",
};
/// Another one, whose people must never see anything of ours.
pub const THEIRS: TestProject = TestProject {
    number: 2,
    name: "theirs",
};

/// A project of the template database.
#[derive(Clone, Copy, Debug)]
pub struct TestProject {
    number: u8,
    name: &'static str,
}

impl TestProject {
    /// Its id.
    pub fn id(self) -> ProjectId {
        ProjectId(Uuid::from_bytes([self.number; 16]))
    }

    /// The secret under which its contents are hashed.
    pub fn content_key(self) -> ContentKey {
        ContentKey::new(self.content_key_uuid())
    }

    /// The key that may do this and nothing else.
    pub fn key(self, scope: Scope) -> ApiKey {
        let scope_number = Scope::ALL
            .iter()
            .take_while(|other| **other != scope)
            .count();
        let mut id = [self.number; 16];
        id[15] = u8::try_from(scope_number).expect("there are four scopes");
        let id = KeyId(Uuid::from_bytes(id));
        ApiKey::from_random(id, [self.number; 32])
    }

    fn content_key_uuid(self) -> Uuid {
        Uuid::from_bytes([self.number ^ 0xff; 16])
    }

    /// Makes the project, and a key for every scope.
    pub(crate) async fn create(self, admin: &Client, conn: &mut Conn) {
        let insert = "INSERT INTO projects (project_id, name, content_key) VALUES ($1, $2, $3)";
        admin
            .execute(
                insert,
                &[&self.id().0, &self.name, &self.content_key_uuid()],
            )
            .await
            .expect("the project is created");
        for scope in Scope::ALL {
            let key = self.key(scope);
            let new = NewKey {
                id: key.id(),
                name: scope.name().to_owned(),
                scopes: vec![scope],
                secret_hash: key.secret_hash(&keys::pepper()),
                expires_at: None,
            };
            api_keys::create(conn, self.id(), &new)
                .await
                .expect("the key is created");
        }
    }
}
