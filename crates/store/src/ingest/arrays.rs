//! Rows as arrays of columns, which is how many of them travel in one statement. Each struct's
//! fields stand in the order of its statement's parameters.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use runwatch_core::claims::{Claims, Field};
use runwatch_core::findings::Finding;
use runwatch_core::ids::StepId;
use runwatch_core::step::{Step, StepError};
use runwatch_core::summary::{Failure, Summary};
use runwatch_core::time::Timestamp;

use crate::ingest::RunKey;
use crate::payloads::Chunk;

/// Parameters of a statement.
pub(super) type Params<'p> = Vec<&'p (dyn ToSql + Sync)>;

macro_rules! arrays {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(super) struct $name<'a> { $(pub(super) $field: Vec<$type>,)* }

        impl<'a> $name<'a> {
            /// The columns as parameters, in the order of the fields.
            pub(super) fn params(&self) -> Params<'_> {
                vec![$(&self.$field,)*]
            }
        }
    };
}

arrays!(
    /// Rows of `agent_runs`.
    Runs {
        project_id: Uuid,
        run_id: Uuid,
        started_at: Option<DateTime<Utc>>,
        ended_at: Option<DateTime<Utc>>,
        input_tokens: i64,
        output_tokens: i64,
        cached_tokens: i64,
        reasoning_tokens: i64,
        cost_nano_usd: Option<i64>,
        steps: i64,
        failed_steps: i64,
        status: i16,
        is_run: bool,
        provisional: bool,
        agent: Option<&'a str>,
        agent_type: Option<&'a str>,
        agent_version: Option<&'a str>,
        workflow_id: Option<&'a str>,
        session_id: Option<&'a str>,
        user_id: Option<&'a str>,
        environment: Option<&'a str>,
        release: Option<&'a str>,
        models: Option<String>,
        tools: Option<String>,
        tags: Option<String>,
        failure_types: Option<String>,
        finding_kinds: Option<String>,
        findings: Option<String>,
        main_step: Option<&'a [u8]>,
        claims: String,
        contribution: Vec<u8>,
    }
);

impl<'a> Runs<'a> {
    /// Adds a run with what follows from its facts.
    pub(super) fn push(
        &mut self,
        (project, run): RunKey,
        claims: &'a Claims,
        summary: &'a Summary,
    ) {
        let totals = &summary.totals;
        self.project_id.push(project.0);
        self.run_id.push(run.0);
        self.started_at
            .push(summary.started_at.and_then(Timestamp::to_utc));
        self.ended_at
            .push(summary.ended_at.and_then(Timestamp::to_utc));
        self.input_tokens.push(totals.input_tokens);
        self.output_tokens.push(totals.output_tokens);
        self.cached_tokens.push(totals.cached_tokens);
        self.reasoning_tokens.push(totals.reasoning_tokens);
        self.cost_nano_usd.push(totals.cost.map(|cost| cost.0));
        self.steps.push(totals.steps);
        self.failed_steps.push(totals.failed_steps);
        self.status.push(summary.status.code());
        self.is_run.push(summary.is_run);
        self.provisional.push(summary.provisional);
        self.agent.push(summary.agent.as_deref());
        self.agent_type.push(claims.get(Field::AgentType));
        self.agent_version.push(claims.get(Field::AgentVersion));
        self.workflow_id.push(claims.get(Field::WorkflowId));
        self.session_id.push(claims.get(Field::SessionId));
        self.user_id.push(claims.get(Field::UserId));
        self.environment.push(claims.get(Field::Environment));
        self.release.push(claims.get(Field::Release));
        self.models
            .push(joined(summary.models.iter().map(String::as_str)));
        self.tools
            .push(joined(summary.tools.iter().map(String::as_str)));
        self.tags.push(joined(claims.tags()));
        self.failure_types.push(failure_types(&summary.failures));
        self.finding_kinds.push(finding_kinds(&summary.findings));
        self.findings.push(findings(&summary.findings));
        self.main_step
            .push(summary.main_step.as_ref().map(StepId::as_bytes));
        self.claims
            .push(serde_json::to_string(claims).expect("claims are plain text and numbers"));
        self.contribution.push(summary.contribution.to_bytes());
    }
}

arrays!(
    /// Rows of `agent_steps`.
    Steps {
        project_id: Uuid,
        run_id: Uuid,
        run_day: NaiveDate,
        step_id: &'a [u8],
        parent_id: Option<&'a [u8]>,
        kind: i16,
        status: i16,
        flags: i16,
        started_at: Option<DateTime<Utc>>,
        duration_us: Option<i64>,
        content_hash: i64,
        cost_nano_usd: Option<i64>,
        reported_cost_nano_usd: Option<i64>,
        price_version: Option<i32>,
        args_hash: Option<i64>,
        first_token_us: Option<i64>,
        input_tokens: Option<i32>,
        output_tokens: Option<i32>,
        cached_tokens: Option<i32>,
        cache_write_tokens: Option<i32>,
        reasoning_tokens: Option<i32>,
        total_tokens: Option<i32>,
        seq: Option<i32>,
        name: &'a str,
        agent: Option<&'a str>,
        model: Option<&'a str>,
        provider: Option<&'a str>,
        tool: Option<&'a str>,
        capability: Option<&'a str>,
        error_type: Option<&'a str>,
        error_code: Option<&'a str>,
        error_message: Option<&'a str>,
        error_decided: Option<i16>,
        attributes: Option<&'a str>,
    }
);

impl<'a> Steps<'a> {
    /// Adds a step of a run.
    pub(super) fn push(&mut self, (project, run): RunKey, day: NaiveDate, step: &'a Step) {
        let error = |field: fn(&StepError) -> &Option<String>| {
            step.error
                .as_ref()
                .and_then(|error| field(error).as_deref())
        };
        self.project_id.push(project.0);
        self.run_id.push(run.0);
        self.run_day.push(day);
        self.step_id.push(step.id.as_bytes());
        self.parent_id
            .push(step.parent.as_ref().map(StepId::as_bytes));
        self.kind.push(step.kind.code());
        self.status.push(step.status.code());
        self.flags.push(step.flags);
        self.started_at.push(step.started_at.to_utc());
        self.duration_us.push(step.duration_us);
        self.content_hash.push(step.content_hash);
        self.cost_nano_usd.push(step.cost.map(|cost| cost.0));
        self.reported_cost_nano_usd
            .push(step.reported_cost.map(|cost| cost.0));
        self.price_version.push(step.price_version);
        self.args_hash.push(step.args_hash);
        self.first_token_us.push(step.first_token_us);
        self.input_tokens.push(step.usage.input);
        self.output_tokens.push(step.usage.output);
        self.cached_tokens.push(step.usage.cached);
        self.cache_write_tokens.push(step.usage.cache_write);
        self.reasoning_tokens.push(step.usage.reasoning);
        self.total_tokens.push(step.usage.total);
        self.seq.push(step.seq);
        self.name.push(&step.name);
        self.agent.push(step.agent.as_deref());
        self.model.push(step.model.as_deref());
        self.provider.push(step.provider.as_deref());
        self.tool.push(step.tool.as_deref());
        self.capability.push(step.capability.as_deref());
        self.error_type.push(error(|error| &error.kind));
        self.error_code.push(error(|error| &error.code));
        self.error_message.push(error(|error| &error.message));
        let decided = step.error.as_ref().and_then(|error| error.decided);
        self.error_decided.push(decided.map(|kind| kind.code()));
        self.attributes
            .push(Some(step.attributes.as_str()).filter(|json| !json.is_empty()));
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.step_id.is_empty()
    }
}

arrays!(
    /// Rows of `agent_payloads`.
    Chunks {
        project_id: Uuid,
        run_id: Uuid,
        run_day: NaiveDate,
        chunk_id: Uuid,
        steps: &'a [u8],
        decoded_bytes: i32,
        body: &'a [u8],
    }
);

impl<'a> Chunks<'a> {
    /// Adds a chunk of a run.
    pub(super) fn push(&mut self, (project, run): RunKey, day: NaiveDate, chunk: &'a Chunk) {
        self.project_id.push(project.0);
        self.run_id.push(run.0);
        self.run_day.push(day);
        self.chunk_id.push(chunk.id);
        self.steps.push(&chunk.steps);
        self.decoded_bytes
            .push(i32::try_from(chunk.decoded_bytes).unwrap_or(i32::MAX));
        self.body.push(&chunk.body);
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.chunk_id.is_empty()
    }
}

arrays!(
    /// Rows of `agent_failures`.
    Failures {
        project_id: Uuid,
        run_id: Uuid,
        run_day: NaiveDate,
        failure_id: Uuid,
        fingerprint: Uuid,
        step_id: Option<&'a [u8]>,
        step_name: &'a str,
        kind: i16,
        code: Option<&'a str>,
        message: &'a str,
        occurred_at: Option<DateTime<Utc>>,
        told: bool,
        told_at: Option<DateTime<Utc>>,
        agent: Option<&'a str>,
        environment: Option<&'a str>,
        release: Option<&'a str>,
    }
);

impl<'a> Failures<'a> {
    /// Adds the failures of a run.
    pub(super) fn push_all(
        &mut self,
        (project, run): RunKey,
        day: NaiveDate,
        claims: &'a Claims,
        summary: &'a Summary,
    ) {
        for failure in &summary.failures {
            self.project_id.push(project.0);
            self.run_id.push(run.0);
            self.run_day.push(day);
            self.failure_id.push(failure.id.0);
            self.fingerprint.push(failure.fingerprint.0);
            self.step_id
                .push(failure.step.as_ref().map(StepId::as_bytes));
            self.step_name.push(&failure.step_name);
            self.kind.push(failure.kind.code());
            self.code.push(failure.code.as_deref());
            self.message.push(&failure.message);
            self.occurred_at.push(failure.at.to_utc());
            self.told.push(failure.told.is_some());
            self.told_at
                .push(failure.told.flatten().and_then(Timestamp::to_utc));
            self.agent.push(summary.agent.as_deref());
            self.environment.push(claims.get(Field::Environment));
            self.release.push(claims.get(Field::Release));
        }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.failure_id.is_empty()
    }
}

/// Names as one text, since Postgres has no arrays of arrays of different lengths; none if empty.
/// The separator cannot be in a name: control characters are taken out of names before.
fn joined<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    (!names.is_empty()).then(|| names.join("\u{1f}"))
}

fn failure_types(failures: &[Failure]) -> Option<String> {
    codes(failures.iter().map(|failure| failure.kind.code()))
}

fn finding_kinds(findings: &[Finding]) -> Option<String> {
    codes(findings.iter().map(|finding| finding.kind().code()))
}

fn findings(findings: &[Finding]) -> Option<String> {
    let json = || serde_json::to_string(findings).expect("text and numbers always encode");
    (!findings.is_empty()).then(json)
}

/// Numbers, each once, as one text; none if there are none.
fn codes(codes: impl Iterator<Item = i16>) -> Option<String> {
    let codes: BTreeSet<i16> = codes.collect();
    let texts: Vec<String> = codes.iter().map(i16::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

arrays!(
    /// Rows of `run_feedback`.
    Judgements {
        project_id: Uuid,
        run_id: Uuid,
        feedback_id: Uuid,
        content_hash: i64,
        created_at: DateTime<Utc>,
        number: Option<f64>,
        value_kind: i16,
        source: i16,
        step_id: Option<&'a [u8]>,
        name: &'a str,
        text: Option<&'a str>,
        user_id: Option<&'a str>,
        comment: Option<&'a str>,
    }
);
