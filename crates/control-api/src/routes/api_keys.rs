//! `/v1/api-keys`: what programs call with.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use runwatch_core::api_key::{ApiKey, Scope};
use runwatch_core::ids::KeyId;
use runwatch_core::limits::KEYS_PER_PROJECT_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::auth::{Caller, ManageAccess};
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::api_keys::{self, KeyInfo, NewKey};
use runwatch_store::error::StoreError;
use runwatch_store::members;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{Act, App, Done};
use crate::json::Time;
use crate::random;
use crate::routes::users::name;

const TOO_MANY: StoreError = StoreError::Rule {
    code: "too_many_keys",
    detail: "The project has 100 valid keys, as many as it may; revoke one first.",
};

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct ApiKeyJson {
    /// Its public half.
    #[schema(value_type = String, format = Uuid)]
    key_id: KeyId,
    /// What its owner calls it.
    name: String,
    /// What it may do: `ingest`, `read`, `alerts`, `admin`.
    scopes: Vec<&'static str>,
    /// When it was made.
    created_at: Time,
    /// From when on it works no longer; null if it has no end.
    expires_at: Option<Time>,
    /// When it was revoked; null if it was not.
    revoked_at: Option<Time>,
    /// When it was used last, to the minute; null if it never was.
    last_used_at: Option<Time>,
}

/// Keys.
#[derive(Debug, Serialize, ToSchema)]
struct ApiKeyList {
    /// The newest first.
    api_keys: Vec<ApiKeyJson>,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyToMake {
    /// What its owner calls it.
    name: String,
    /// What it may do: `ingest`, `read`, `alerts`, `admin`. `ingest` unless said otherwise.
    scopes: Option<Vec<String>>,
    /// From when on it works no longer, in RFC 3339; it has no end unless said otherwise.
    expires_at: Option<String>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
struct MadeKey {
    /// Its public half.
    #[schema(value_type = String, format = Uuid)]
    key_id: KeyId,
    /// The key, which is shown only now.
    key: String,
}

impl From<KeyInfo> for ApiKeyJson {
    fn from(key: KeyInfo) -> Self {
        let KeyInfo {
            id,
            name,
            scopes,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
        } = key;
        Self {
            key_id: id,
            name,
            scopes: scopes.into_iter().map(Scope::name).collect(),
            created_at: created_at.into(),
            expires_at: expires_at.map(Into::into),
            revoked_at: revoked_at.map(Into::into),
            last_used_at: last_used_at.map(Into::into),
        }
    }
}

/// Lists the keys of the project, revoked ones too.
#[utoipa::path(tag = "keys", responses((status = 200, body = ApiKeyList)))]
#[get("/v1/api-keys")]
pub(crate) async fn list_api_keys(
    who: Caller<ManageAccess>,
    app: Data<App>,
) -> Result<Json<ApiKeyList>, Problem> {
    let keys = app
        .run(async |conn| api_keys::list(conn, who.project).await)
        .await?;
    let api_keys = keys.into_iter().map(Into::into).collect();
    Ok(Json(ApiKeyList { api_keys }))
}

/// Makes a key, which is shown only in the answer. To replace one, make another, put that into use and
/// revoke the first.
#[utoipa::path(tag = "keys", request_body = inline(KeyToMake), responses(
    (status = 201, description = "The key", body = MadeKey)))]
#[post("/v1/api-keys")]
pub(crate) async fn create_api_key(
    who: Caller<ManageAccess>,
    request: HttpRequest,
    body: JsonBody<KeyToMake>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let body = body.0;
    let id = KeyId(Uuid::new_v4());
    let key = ApiKey::from_random(id, random::bytes()?);
    let new = NewKey {
        id,
        name: name(&body.name)?,
        scopes: scopes(body.scopes)?,
        secret_hash: key.secret_hash(&app.pepper),
        expires_at: expiry(body.expires_at.as_deref(), app.clock.now())?,
    };
    let project = who.project;
    let act = Act::new(&request, project, who.actor, "create_api_key");
    app.change(act, async |conn| {
        members::lock(conn, project).await?;
        if api_keys::count_valid(conn, project).await? >= KEYS_PER_PROJECT_MAX {
            return Err(TOO_MANY);
        }
        api_keys::create(conn, project, &new).await?;
        Ok(Done {
            answer: (),
            subject: id.to_string(),
            details: new.told(),
        })
    })
    .await?;
    let key = key.to_text();
    Ok(HttpResponse::Created().json(MadeKey { key_id: id, key }))
}

/// Revokes a key: within 5 s no service takes it any more.
#[utoipa::path(tag = "keys", params(("key" = String, Path, description = "Id of the key")),
    responses((status = 204, description = "Revoked")))]
#[delete("/v1/api-keys/{key}")]
pub(crate) async fn delete_api_key(
    who: Caller<ManageAccess>,
    path: Path<KeyId>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (id, project) = (path.into_inner(), who.project);
    let act = Act::new(&request, project, who.actor, "delete_api_key");
    app.change(act, async |conn| {
        if !api_keys::revoke(conn, project, id).await? {
            return Err(StoreError::NotFound);
        }
        Ok(Done {
            answer: (),
            subject: id.to_string(),
            details: json!({}),
        })
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn scopes(names: Option<Vec<String>>) -> Result<Vec<Scope>, Problem> {
    let Some(names) = names else {
        return Ok(vec![Scope::Ingest]);
    };
    let known = names.iter().map(|name| Scope::from_name(name));
    let known: Option<Vec<Scope>> = known.collect();
    known.filter(|scopes| !scopes.is_empty()).ok_or_else(|| {
        let detail = "It must be a list of `ingest`, `read`, `alerts`, `admin`.";
        Problem::invalid_parameter("scopes", detail)
    })
}

fn expiry(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let at = Timestamp::parse_rfc3339(text).filter(|at| *at > now);
    at.map(Some).ok_or_else(|| {
        let detail = "It must be a time to come, such as 2027-11-21T08:00:00Z.";
        Problem::invalid_parameter("expires_at", detail)
    })
}
