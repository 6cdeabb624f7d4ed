//! `/v1/settings`: what a project keeps, takes and leaves out.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get, put};
use runwatch_core::project_settings::{ProjectSettings, Quotas};
use runwatch_core::redact::{Pattern, Rules};
use runwatch_service::auth::{Administer, Caller};
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::project_settings;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::{Act, App, Done};
use crate::json::Time;

/// The settings of a project. What is left out has no limit, and is not redacted.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct SettingsJson {
    /// Days for which runs are kept after the last that was received of them; null keeps them without end.
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<u32>,
    /// How much may be sent.
    quotas: QuotasJson,
    /// What is taken out of texts before they are stored.
    redaction: RedactionJson,
}

/// How much may be sent; null is no limit. What is more is answered 429.
#[derive(Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct QuotasJson {
    /// Steps a second, over ten seconds, at each ingest-api.
    #[schema(minimum = 1)]
    steps_per_second: Option<u32>,
    /// Bytes of bodies a second, decompressed, over ten seconds, at each ingest-api.
    #[schema(minimum = 1)]
    bytes_per_second: Option<u32>,
    /// Bytes that the project may take on the disk, measured every five minutes.
    #[schema(minimum = 1)]
    stored_bytes: Option<u64>,
}

/// What is taken out of texts. In its place stands what it was, such as `[redacted:jwt]`.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct RedactionJson {
    /// What is known by its form: `email_addresses`, `card_numbers`, `ibans`, `provider_keys`, `jwts`.
    #[schema(value_type = Vec<String>)]
    detectors: Vec<runwatch_core::redact::Detector>,
    /// What else is looked for, 20 patterns at most.
    patterns: Vec<PatternJson>,
}

/// A pattern of one's own.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PatternJson {
    /// What stands where it was found: `[redacted:NAME]`; lower-case letters, digits and `_`.
    name: String,
    /// A regular expression as Rust's crate `regex` reads it.
    regex: String,
}

/// The settings, and what the project takes on the disk.
#[derive(Serialize, ToSchema)]
struct KnownSettings {
    /// The settings.
    settings: SettingsJson,
    /// Bytes that the project takes on the disk; 0 before it was measured, which is done if there is a
    /// quota.
    stored_bytes: i64,
    /// When that was measured; null if it never was.
    measured_at: Option<Time>,
}

impl From<ProjectSettings> for SettingsJson {
    fn from(settings: ProjectSettings) -> Self {
        let Quotas {
            steps_per_second,
            bytes_per_second,
            stored_bytes,
        } = settings.quotas;
        let Rules {
            detectors,
            patterns,
        } = settings.redaction;
        let pattern = |Pattern { name, regex }| PatternJson { name, regex };
        let patterns = patterns.into_iter().map(pattern).collect();
        Self {
            retention_days: settings.retention_days,
            quotas: QuotasJson {
                steps_per_second,
                bytes_per_second,
                stored_bytes,
            },
            redaction: RedactionJson {
                detectors,
                patterns,
            },
        }
    }
}

impl From<SettingsJson> for ProjectSettings {
    fn from(json: SettingsJson) -> Self {
        let QuotasJson {
            steps_per_second,
            bytes_per_second,
            stored_bytes,
        } = json.quotas;
        let pattern = |PatternJson { name, regex }| Pattern { name, regex };
        Self {
            retention_days: json.retention_days,
            quotas: Quotas {
                steps_per_second,
                bytes_per_second,
                stored_bytes,
            },
            redaction: Rules {
                detectors: json.redaction.detectors,
                patterns: json.redaction.patterns.into_iter().map(pattern).collect(),
            },
        }
    }
}

/// The settings of the project.
#[utoipa::path(tag = "settings", responses((status = 200, body = KnownSettings)))]
#[get("/v1/settings")]
pub(crate) async fn get_settings(
    who: Caller<Administer>,
    app: Data<App>,
) -> Result<Json<KnownSettings>, Problem> {
    let known = app
        .run(async |conn| project_settings::find(conn, who.project).await)
        .await?;
    Ok(Json(KnownSettings {
        settings: known.settings.into(),
        stored_bytes: known.stored_bytes,
        measured_at: known.measured_at.map(Into::into),
    }))
}

/// Replaces the settings of the project: what is left out has no limit then. They hold everywhere within
/// 5 s; a shorter retention deletes within the hour what is older.
#[utoipa::path(tag = "settings", request_body = inline(SettingsJson), responses(
    (status = 200, description = "The settings as they are now", body = SettingsJson)))]
#[put("/v1/settings")]
pub(crate) async fn change_settings(
    who: Caller<Administer>,
    request: HttpRequest,
    body: JsonBody<SettingsJson>,
    app: Data<App>,
) -> Result<Json<SettingsJson>, Problem> {
    let settings = ProjectSettings::from(body.0);
    let check = settings.check();
    check.map_err(|bad| Problem::invalid_parameter(bad.field(), bad.to_string()))?;
    let project = who.project;
    let act = Act::new(&request, project, who.actor, "change_settings");
    app.change(act, async |conn| {
        project_settings::put(conn, project, &settings).await?;
        Ok(Done {
            answer: (),
            subject: project.to_string(),
            details: json!(settings),
        })
    })
    .await?;
    Ok(Json(settings.into()))
}
