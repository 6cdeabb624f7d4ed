//! Which runs a list shows.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Text};

use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::money::NanoUsd;
use runwatch_core::run::RunStatus;
use runwatch_core::time::Timestamp;

use crate::schema::agent_runs;

pub(super) const DURATION_US: &str =
    "(extract(epoch FROM coalesce(ended_at, started_at) - started_at) * 1000000)::bigint";
pub(super) const COST: &str = "coalesce(cost_nano_usd, 0)";
pub(super) const TOKENS: &str = "(input_tokens + output_tokens)";

/// What a run must be to be listed; what is not set does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFilter {
    /// The agent's name.
    pub agent: Option<String>,
    /// The agent's type.
    pub agent_type: Option<String>,
    /// The agent's version.
    pub agent_version: Option<String>,
    /// The workflow that it is part of.
    pub workflow_id: Option<String>,
    /// The conversation that it is part of.
    pub session_id: Option<String>,
    /// The user that it ran for.
    pub user_id: Option<String>,
    /// The environment that it ran in.
    pub environment: Option<String>,
    /// The release that it ran with.
    pub release: Option<String>,
    /// One of these.
    pub statuses: Vec<RunStatus>,
    /// It has a failure of this type.
    pub failure_type: Option<FailureType>,
    /// It has a finding of this kind.
    pub finding: Option<FindingKind>,
    /// It has this tag.
    pub tag: Option<String>,
    /// A step used this model.
    pub model: Option<String>,
    /// A step called this tool.
    pub tool: Option<String>,
    /// It has all of these attributes, whose values are compared as text.
    pub attributes: BTreeMap<String, String>,
    /// Whether it is stalled.
    pub stalled: Option<bool>,
    /// It took at least so many microseconds.
    pub min_duration_us: Option<i64>,
    /// It took at most so many microseconds.
    pub max_duration_us: Option<i64>,
    /// It cost at least so much.
    pub min_cost: Option<NanoUsd>,
    /// It cost at most so much.
    pub max_cost: Option<NanoUsd>,
    /// It used at least so many tokens, in and out.
    pub min_tokens: Option<i64>,
    /// It used at most so many tokens, in and out.
    pub max_tokens: Option<i64>,
    /// It started then or later.
    pub started_after: Option<Timestamp>,
    /// It started before then.
    pub started_before: Option<Timestamp>,
    /// It has feedback as each of these says.
    pub scores: Vec<ScoreCondition>,
}

/// A condition on the feedback of a run: some of this name compares so with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreCondition {
    /// What is judged.
    pub name: String,
    /// How the judgement compares.
    pub comparison: Comparison,
    /// With what.
    pub value: ScoreValue,
}

/// What a judgement is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum ScoreValue {
    /// With its number; yes is 1 and no is 0.
    Number(f64),
    /// With its text.
    Text(String),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Comparison {
    fn sql(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

type Query<'a> = agent_runs::BoxedQuery<'a, Pg>;

impl RunFilter {
    pub(super) fn apply<'a>(&'a self, query: Query<'a>) -> Query<'a> {
        let query = self.by_time(self.by_label(query));
        self.by_scores(self.by_amount(self.by_content(query)))
    }

    fn by_label<'a>(&'a self, mut query: Query<'a>) -> Query<'a> {
        macro_rules! equal {
            ($($column:ident)*) => {
                $(if let Some(wanted) = &self.$column {
                    query = query.filter(agent_runs::$column.eq(wanted));
                })*
            };
        }
        equal! {
            agent agent_type agent_version workflow_id session_id user_id environment release stalled
        }
        // Postgres reads the index in its order only for equality, not for a list.
        if let [status] = self.statuses.as_slice() {
            query = query.filter(agent_runs::status.eq(status.code()));
        } else if !self.statuses.is_empty() {
            let codes: Vec<i16> = self.statuses.iter().map(|status| status.code()).collect();
            query = query.filter(agent_runs::status.eq_any(codes));
        }
        query
    }

    fn by_time<'a>(&'a self, mut query: Query<'a>) -> Query<'a> {
        if let Some(from) = self.started_after.and_then(Timestamp::to_utc) {
            query = query.filter(agent_runs::started_at.ge(from));
        }
        if let Some(to) = self.started_before.and_then(Timestamp::to_utc) {
            query = query.filter(agent_runs::started_at.lt(to));
        }
        query
    }

    fn by_content<'a>(&'a self, mut query: Query<'a>) -> Query<'a> {
        if let Some(kind) = self.failure_type {
            query = query.filter(agent_runs::failure_types.contains(vec![Some(kind.code())]));
        }
        if let Some(kind) = self.finding {
            query = query.filter(agent_runs::finding_kinds.contains(vec![Some(kind.code())]));
        }
        if let Some(tag) = &self.tag {
            query = query.filter(agent_runs::tags.contains(vec![Some(tag)]));
        }
        if let Some(model) = &self.model {
            query = query.filter(agent_runs::models.contains(vec![Some(model)]));
        }
        if let Some(tool) = &self.tool {
            query = query.filter(agent_runs::tools.contains(vec![Some(tool)]));
        }
        for (key, value) in &self.attributes {
            // The claims hold attributes as JSON text: a string in quotes, other scalars without.
            let quoted = serde_json::Value::from(value.as_str()).to_string();
            let claimed = sql::<Bool>("(claims::jsonb #>> ARRAY['a', ")
                .bind::<Text, _>(key)
                .sql(", '2']) = ANY(")
                .bind::<Array<Text>, _>(vec![quoted, value.clone()])
                .sql(")");
            query = query.filter(claimed);
        }
        query
    }

    fn by_scores<'a>(&'a self, mut query: Query<'a>) -> Query<'a> {
        for condition in &self.scores {
            let comparison = condition.comparison.sql();
            // Of each run that is looked at, its feedback is found by the first columns of its key.
            let named = sql::<Bool>(
                "EXISTS (SELECT FROM run_feedback WHERE run_feedback.project_id = agent_runs.project_id
                    AND run_feedback.run_id = agent_runs.run_id AND run_feedback.name = ",
            )
            .bind::<Text, _>(&condition.name);
            query = match &condition.value {
                ScoreValue::Number(number) => {
                    let head = named.sql(&format!(" AND run_feedback.number {comparison} "));
                    query.filter(head.bind::<Double, _>(number).sql(")"))
                }
                ScoreValue::Text(text) => {
                    let head = named.sql(&format!(" AND run_feedback.text {comparison} "));
                    query.filter(head.bind::<Text, _>(text).sql(")"))
                }
            };
        }
        query
    }

    fn by_amount<'a>(&'a self, mut query: Query<'a>) -> Query<'a> {
        let amounts = [
            (DURATION_US, self.min_duration_us, self.max_duration_us),
            (
                COST,
                self.min_cost.map(|cost| cost.0),
                self.max_cost.map(|cost| cost.0),
            ),
            (TOKENS, self.min_tokens, self.max_tokens),
        ];
        for (amount, min, max) in amounts {
            if let Some(min) = min {
                query = query.filter(sql::<BigInt>(amount).ge(min));
            }
            if let Some(max) = max {
                query = query.filter(sql::<BigInt>(amount).le(max));
            }
        }
        query
    }
}
