//! Runs in the normal form: whole ones, and pieces of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

use serde_json::value::RawValue;

use runwatch_core::claims::{Claims, DEFAULTED, Field, TOLD};
use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::payload::{Encoding, Owner, Part, Payload};
use runwatch_core::run::{RunPart, RunStatus};
use runwatch_core::time::Timestamp;

use crate::native::failure::failure;
use crate::native::feedback::feedback;
use crate::native::json::{ChangeJson, FailureJson, FeedbackJson, RunJson, StepJson};
use crate::native::step::{Place, body, sorted, step};
use crate::native::{ItemError, Text};
use crate::prepare::Context;

/// A whole run, or the head of one. `fallback` is the id of a run that came without one.
pub(crate) fn whole_run(
    context: Context<'_>,
    text: &Text<'_>,
    fallback: RunId,
) -> Result<RunPart, ItemError> {
    let json: RunJson<'_> = text.parse()?;
    let run_id = parse_id(json.run_id.as_deref(), "run_id")?.unwrap_or(fallback);
    if json.agent_id.trim().is_empty() {
        return Err(ItemError::invalid("agent_id", "It must not be empty."));
    }
    let RunJson {
        steps,
        failures,
        feedback,
        ..
    } = &json;
    let (steps, failures, feedback) = (
        steps.clone().unwrap_or_default(),
        failures.clone().unwrap_or_default(),
        feedback.clone().unwrap_or_default(),
    );
    let head = ChangeJson {
        agent_id: Some(json.agent_id),
        agent_type: json.agent_type,
        agent_version: json.agent_version,
        workflow_id: json.workflow_id,
        session_id: json.session_id,
        user_id: json.user_id,
        environment: json.environment,
        release: json.release,
        tags: json.tags,
        status: json.status,
        started_at: json.started_at,
        ended_at: json.ended_at,
        input: json.input,
        output: json.output,
        attributes: json.attributes,
    };
    let mut part = head_part(context, run_id, &head)?;
    part.claims.set_run();
    let run_ended_at = parse_time(head.ended_at.as_deref(), "ended_at")?;
    let place = Place {
        run: run_id,
        position: None,
        run_ended_at,
        sanitized: text.sanitized,
    };
    add_steps(context, place, &mut part, &steps)?;
    for (at, raw) in failures.iter().enumerate() {
        add_failure(context, &mut part, raw.get())
            .map_err(|error| error.within(&format!("failures[{at}]")))?;
    }
    for (at, raw) in feedback.iter().enumerate() {
        add_feedback(context, &mut part, raw.get())
            .map_err(|error| error.within(&format!("feedback[{at}]")))?;
    }
    default_start(context, &mut part);
    Ok(part)
}

/// What is new of a run.
pub(crate) fn change(
    context: Context<'_>,
    text: &Text<'_>,
    run: RunId,
) -> Result<RunPart, ItemError> {
    let json: ChangeJson<'_> = text.parse()?;
    let mut part = head_part(context, run, &json)?;
    part.claims.set_run();
    default_start(context, &mut part);
    Ok(part)
}

/// That a run is still alive.
pub(crate) fn heartbeat(context: Context<'_>, run: RunId) -> RunPart {
    let mut part = RunPart::empty(run);
    part.claims.set_run();
    default_start(context, &mut part);
    part
}

/// A step that is told by itself.
pub(crate) fn single_step(
    context: Context<'_>,
    text: &Text<'_>,
    run: RunId,
) -> Result<RunPart, ItemError> {
    let json: StepJson<'_> = text.parse()?;
    let place = Place {
        run,
        position: None,
        run_ended_at: None,
        sanitized: text.sanitized,
    };
    let (step, payloads) = step(context, place, &json)?;
    let mut part = RunPart {
        steps: vec![step],
        payloads,
        ..RunPart::empty(run)
    };
    part.claims.set_run();
    Ok(part)
}

/// A failure that is told by itself.
pub(crate) fn single_failure(
    context: Context<'_>,
    text: &Text<'_>,
    run: RunId,
) -> Result<RunPart, ItemError> {
    let json: FailureJson<'_> = text.parse()?;
    let mut part = RunPart {
        failures: vec![failure(context, run, &json)?],
        ..RunPart::empty(run)
    };
    part.claims.set_run();
    default_start(context, &mut part);
    Ok(part)
}

/// A judgement that is told by itself. It does not make the run known.
pub(crate) fn single_feedback(
    context: Context<'_>,
    text: &Text<'_>,
    run: RunId,
) -> Result<RunPart, ItemError> {
    let json: FeedbackJson<'_> = text.parse()?;
    let judgement = feedback(context, run, &json)?;
    Ok(RunPart::of_feedback(run, vec![judgement]))
}

/// A run that says nothing about when it started has started by now.
fn default_start(context: Context<'_>, part: &mut RunPart) {
    if part.steps.is_empty() && part.claims.get(Field::StartedAt).is_none() {
        claim_now(context, &mut part.claims, Field::StartedAt);
    }
}

fn claim_now(context: Context<'_>, claims: &mut Claims, field: Field) {
    let now = context.received_at.0;
    claims.claim(field, DEFAULTED, now, now.to_string());
}

fn head_part(
    context: Context<'_>,
    run: RunId,
    json: &ChangeJson<'_>,
) -> Result<RunPart, ItemError> {
    let mut part = RunPart::empty(run);
    let claims = &mut part.claims;
    let told = [
        (Field::AgentName, &json.agent_id),
        (Field::AgentType, &json.agent_type),
        (Field::AgentVersion, &json.agent_version),
        (Field::WorkflowId, &json.workflow_id),
        (Field::SessionId, &json.session_id),
        (Field::UserId, &json.user_id),
        (Field::Environment, &json.environment),
        (Field::Release, &json.release),
    ];
    for (field, value) in told {
        claims.claim(field, TOLD, 0, value.as_deref().unwrap_or_default());
    }
    json.tags
        .iter()
        .flatten()
        .for_each(|tag: &Cow<'_, str>| claims.tag(tag));
    claim_times(context, claims, json)?;
    if let Some(attributes) = &json.attributes {
        for (key, value) in sorted(attributes)? {
            claims.claim_attribute(key, TOLD, 0, body(value).0);
        }
    }
    for (field, part_of_run, value) in [
        (Field::Input, Part::Input, json.input),
        (Field::Output, Part::Output, json.output),
    ] {
        let Some(value) = value else { continue };
        let hash = ContentHasher::new(context.key)
            .text(value.get())
            .finish128();
        claims.claim(field, TOLD, 0, hash.simple().to_string());
        let body = body(value.get()).0;
        let (owner, encoding) = (Owner::Run, Encoding::Json);
        part.payloads.push(Payload {
            owner,
            part: part_of_run,
            encoding,
            body,
        });
    }
    Ok(part)
}

fn claim_times(
    context: Context<'_>,
    claims: &mut Claims,
    json: &ChangeJson<'_>,
) -> Result<(), ItemError> {
    let started = parse_time(json.started_at.as_deref(), "started_at")?;
    let ended = parse_time(json.ended_at.as_deref(), "ended_at")?;
    if let (Some(started), Some(ended)) = (started, ended)
        && ended < started
    {
        return Err(ItemError::invalid(
            "ended_at",
            "It ended before it started.",
        ));
    }
    for (field, time) in [(Field::StartedAt, started), (Field::EndedAt, ended)] {
        match time {
            Some(time) if context.believes(time) => {
                claims.claim(field, TOLD, 0, time.0.to_string())
            }
            // A time that cannot be believed is as good as none; see prepare::fit_times.
            Some(_) => claim_now(context, claims, field),
            None => {}
        }
    }
    let Some(name) = json.status.as_deref() else {
        return Ok(());
    };
    let not_told = |status: &RunStatus| *status != RunStatus::Abandoned;
    let status = RunStatus::from_name(name).filter(not_told).ok_or_else(|| {
        let message =
            "Not a status of a run; there are running, succeeded, failed, cancelled, timed_out.";
        ItemError::invalid("status", message)
    })?;
    if status == RunStatus::Running {
        return Ok(());
    }
    claims.claim(Field::Status, TOLD, 0, status.name());
    if ended.is_none() {
        claim_now(context, claims, Field::EndedAt);
    }
    Ok(())
}

fn add_steps(
    context: Context<'_>,
    place: Place,
    part: &mut RunPart,
    steps: &[&RawValue],
) -> Result<(), ItemError> {
    let mut positions: HashMap<StepId, usize> = HashMap::with_capacity(steps.len());
    for (at, raw) in steps.iter().enumerate() {
        let within = |error: ItemError| error.within(&format!("steps[{at}]"));
        let text = Text::new(raw.get()).map_err(within)?;
        let json: StepJson<'_> = text.parse().map_err(within)?;
        let place = Place {
            position: Some(at),
            ..place
        };
        let (step, payloads) = step(context, place, &json).map_err(within)?;
        if let Some(first) = positions.insert(step.id, at) {
            let message = format!("The same step_id as that of steps[{first}].");
            return Err(within(ItemError::new("duplicate_id", "step_id", message)));
        }
        part.steps.push(step);
        part.payloads.extend(payloads);
    }
    Ok(())
}

fn add_failure(context: Context<'_>, part: &mut RunPart, raw: &str) -> Result<(), ItemError> {
    let text = Text::new(raw)?;
    let json: FailureJson<'_> = text.parse()?;
    let failure = failure(context, part.run_id, &json)?;
    // The same failure twice in one run is one failure.
    if !part.failures.contains(&failure) {
        part.failures.push(failure);
    }
    Ok(())
}

fn add_feedback(context: Context<'_>, part: &mut RunPart, raw: &str) -> Result<(), ItemError> {
    let text = Text::new(raw)?;
    let json: FeedbackJson<'_> = text.parse()?;
    let judgement = feedback(context, part.run_id, &json)?;
    // As with failures: the same twice is one.
    if !part.feedback.contains(&judgement) {
        part.feedback.push(judgement);
    }
    Ok(())
}

/// Reads an id that may be missing.
pub(super) fn parse_id<T: FromStr>(
    text: Option<&str>,
    field: &str,
) -> Result<Option<T>, ItemError> {
    let bad = |_| {
        ItemError::new(
            "invalid_id",
            field,
            "Neither a UUID nor hex digits of an id.",
        )
    };
    text.map(str::parse).transpose().map_err(bad)
}

/// Reads a time that may be missing.
pub(super) fn parse_time(text: Option<&str>, field: &str) -> Result<Option<Timestamp>, ItemError> {
    let Some(text) = text else { return Ok(None) };
    let bad = || {
        ItemError::invalid(
            field,
            "Not a time in RFC 3339, such as 2026-11-20T10:00:00Z.",
        )
    };
    Timestamp::parse_rfc3339(text).map(Some).ok_or_else(bad)
}
