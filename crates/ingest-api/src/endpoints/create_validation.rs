//! `POST /v1/validate`: a dry run.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{Bytes, Data, Json, Payload};
use actix_web::{HttpRequest, post};
use serde::Deserialize;
use serde::de::IgnoredAny;
use utoipa::IntoParams;
use uuid::Uuid;

use runwatch_core::ids::{RunId, StepId};
use runwatch_core::limits::{ITEMS_PER_REQUEST_MAX, VALIDATED_ITEMS_MAX};
use runwatch_core::run::RunPart;
use runwatch_otlp::explain::Explained;
use runwatch_otlp::{Decoded, Format, explain_traces};
use runwatch_service::auth::Inspector;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;

use crate::App;
use crate::body;
use crate::endpoints::answer::Rejection;
use crate::endpoints::compute;
use crate::endpoints::intake::{is_lines, text};
use crate::endpoints::otlp_form::format;
use crate::endpoints::validation::{
    Form, ItemPreview, RunPreview, StepPreview, Validation, Verdict, attribute_previews,
};
use crate::native::{ItemError, Text, items, single_failure, single_step, whole_run};
use crate::prepare::{Context, prepare};
use crate::tenants::Tenant;
use crate::traces::undecodable;

/// How a native body is to be read.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValidateParams {
    /// What the items of a native body are: `run` (the default), `step` or `failure`.
    #[param(inline)]
    item: ItemName,
}

/// What an item of a native body is.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemName {
    /// A run, as for `POST /v1/runs`.
    #[default]
    Run,
    /// A step, as for `POST /v1/runs/{run}/steps`.
    Step,
    /// A failure, as for `POST /v1/runs/{run}/failures`.
    Failure,
}

/// Says what would become of a body, and stores nothing: OpenTelemetry traces as protobuf or JSON,
/// or runs, steps or failures in the native form; plain or gzip.
///
/// For each item it tells the run and step that it would become, what each attribute would become,
/// and what would be refused and why. What is stored already is not looked at.
#[utoipa::path(
    tag = "validation",
    params(ValidateParams),
    request_body(content = Object, content_type = "application/json",
        description = "What would be sent to `POST /v1/traces` or `POST /v1/runs`"),
    responses((status = 200, description = "What would become of it", body = Validation)),
)]
#[post("/v1/validate")]
pub(crate) async fn create_validation(
    who: Inspector,
    app: Data<App>,
    params: Query<ValidateParams>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Validation>, Problem> {
    let form = match format(&request) {
        Some(Format::Protobuf) => Some(Format::Protobuf),
        _ => None,
    };
    let is_lines = form.is_none() && is_lines(&request)?;
    let body = body::read(&request, payload, &app, who.project).await?;
    let work = DryRun {
        tenant: app.tenants.find(who.project, &who.settings)?,
        app: app.clone(),
        who,
        item: params.0.item,
        is_lines,
    };
    let (size, held) = (body.bytes.len(), body.held);
    let validation = compute(&app, size, move || match form {
        Some(form) => work.traces(&body.bytes, form),
        None => work.json(&body.bytes),
    })
    .await??;
    drop(held);
    Ok(Json(validation))
}

/// Tells whether a JSON document is an export of traces.
#[derive(Deserialize)]
struct Probe {
    #[serde(default, rename = "resourceSpans")]
    resource_spans: Option<IgnoredAny>,
}

struct DryRun {
    app: Data<App>,
    who: Inspector,
    tenant: Arc<Tenant>,
    item: ItemName,
    is_lines: bool,
}

impl DryRun {
    fn context(&self) -> Context<'_> {
        Context {
            key: self.who.content_key,
            received_at: self.app.clock.now(),
            prices: &self.app.prices,
            redactor: &self.tenant.redactor,
        }
    }

    fn json(&self, body: &Bytes) -> Result<Validation, Problem> {
        let text = text(body)?;
        // What JSON forbids is mended later: a word in the text has to do then.
        let is_export = !self.is_lines
            && text.trim_start().starts_with('{')
            && serde_json::from_str::<Probe>(text).map_or_else(
                |_not_strict| text.contains("\"resourceSpans\""),
                |probe| probe.resource_spans.is_some(),
            );
        match is_export {
            true => self.traces(body, Format::Json),
            false => self.native(text),
        }
    }

    fn traces(&self, body: &Bytes, format: Format) -> Result<Validation, Problem> {
        let (decoded, explained) =
            explain_traces(body, format, self.who.content_key).map_err(undecodable)?;
        let Decoded {
            parts,
            spans,
            duplicates,
            rejected,
        } = decoded;
        let mut validation = Validation::new(Form::Otlp);
        validation.duplicates = duplicates;
        validation.rejected = rejected.len();
        validation.accepted = spans - duplicates - rejected.len();
        validation.not_understood(&explained);
        let mut steps = HashMap::new();
        for part in parts {
            self.run(part, &mut validation, &mut |run, step| {
                steps.insert((run, step.id()), step);
            });
        }
        let mut explained: HashMap<usize, Explained> =
            explained.into_iter().map(|one| (one.index, one)).collect();
        let mut refused: HashMap<usize, Rejection> = rejected
            .iter()
            .map(|span| (span.index, Rejection::of_span(span)))
            .collect();
        for index in 0..spans.min(VALIDATED_ITEMS_MAX) {
            let mut item = ItemPreview::new(index, Verdict::Duplicate);
            if let Some(rejection) = refused.remove(&index) {
                item.verdict = Verdict::Rejected;
                item.rejections.push(rejection);
            } else if let Some(explained) = explained.remove(&index)
                && let Some(step) = steps.remove(&(explained.run, explained.step))
            {
                item.verdict = Verdict::Accepted;
                item.run_id = Some(explained.run.to_string());
                item.attributes = attribute_previews(&explained);
                item.add_step(step);
            }
            validation.items.push(item);
        }
        Ok(validation)
    }

    fn native(&self, text: &str) -> Result<Validation, Problem> {
        let items = items(text, self.is_lines, ITEMS_PER_REQUEST_MAX)?;
        let mut validation = Validation::new(Form::Native);
        for (index, item) in items.0.iter().enumerate() {
            let read = Text::new(item).and_then(|text| self.read(&text));
            let mut preview = ItemPreview::new(index, Verdict::Accepted);
            match read {
                Ok(part) => {
                    validation.accepted += 1;
                    preview.run_id = Some(part.run_id.to_string());
                    self.run(part, &mut validation, &mut |_, step| preview.add_step(step));
                }
                Err(error) => {
                    validation.rejected += 1;
                    preview.verdict = Verdict::Rejected;
                    let rejection = Rejection::unreadable(index, &error);
                    preview.rejections.push(rejection);
                }
            }
            if index < VALIDATED_ITEMS_MAX {
                validation.items.push(preview);
            }
        }
        Ok(validation)
    }

    fn read(&self, text: &Text<'_>) -> Result<RunPart, ItemError> {
        let fallback = RunId(Uuid::now_v7());
        match self.item {
            ItemName::Run => whole_run(self.context(), text, fallback),
            ItemName::Step => single_step(self.context(), text, fallback),
            ItemName::Failure => single_failure(self.context(), text, fallback),
        }
    }

    /// Prepares a run as if it were to be stored, and shows it and its steps.
    fn run(
        &self,
        mut part: RunPart,
        validation: &mut Validation,
        take: &mut dyn FnMut(RunId, StepPreview),
    ) {
        // Bodies are shown as they would be stored.
        self.tenant.redactor.run(self.who.content_key, &mut part);
        let mut bodies: HashMap<StepId, _> = StepPreview::bodies(&part);
        let arriving = prepare(self.context(), part, false);
        for step in &arriving.part.steps {
            let bodies = bodies.remove(&step.id).unwrap_or_default();
            take(arriving.part.run_id, StepPreview::new(step, bodies));
        }
        validation.add_run(RunPreview::new(&arriving));
    }
}
