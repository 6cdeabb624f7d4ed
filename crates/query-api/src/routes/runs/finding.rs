//! Findings as they are answered.

use runwatch_core::findings::{Detail, Finding, Runaway};
use runwatch_core::ids::StepId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::dollars;
use crate::schema::FindingKindName;

/// A costly pattern of steps: a place to look at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingItem {
    /// Which pattern it is.
    #[schema(value_type = FindingKindName)]
    kind: &'static str,
    /// What was found, in a sentence.
    message: String,
    /// The tool, model or agent that it is about.
    subject: Option<String>,
    /// How many steps are in the pattern.
    count: i64,
    /// Steps that show it, in their order: the first ones and the last, or for cost the dearest; 20 at
    /// most.
    #[schema(value_type = Vec<String>)]
    steps: Vec<StepId>,
    /// What the pattern cost in US dollars; null if that is not known.
    cost_usd: Option<f64>,
    /// From the first step to the last in microseconds, of repeated calls and of storms.
    #[serde(skip_serializing_if = "Option::is_none")]
    within_us: Option<i64>,
    /// Whether the next attempt succeeded, of storms.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<bool>,
    /// Tokens of the first prompt, of prompts that grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_tokens: Option<i64>,
    /// Tokens of the last prompt, of prompts that grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_tokens: Option<i64>,
    /// What the first quarter of the model calls cost in US dollars, of cost that rises.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_quarter_usd: Option<f64>,
    /// What the last quarter of the model calls cost in US dollars, of cost that rises.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_quarter_usd: Option<f64>,
    /// What all model calls of the run cost in US dollars, of one call that cost nearly all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_usd: Option<f64>,
}

impl From<&Finding> for FindingItem {
    fn from(finding: &Finding) -> Self {
        let mut item = Self {
            kind: finding.kind().name(),
            message: finding.sentence(),
            subject: finding.subject.clone(),
            count: finding.count,
            steps: finding.steps.clone(),
            cost_usd: dollars(finding.cost),
            within_us: None,
            recovered: None,
            first_tokens: None,
            last_tokens: None,
            first_quarter_usd: None,
            last_quarter_usd: None,
            total_usd: None,
        };
        item.describe(finding.detail);
        item
    }
}

impl FindingItem {
    fn describe(&mut self, detail: Detail) {
        match detail {
            Detail::RepeatedToolCall { within_us } => self.within_us = Some(within_us),
            Detail::RetryStorm {
                within_us,
                recovered,
            } => {
                self.within_us = Some(within_us);
                self.recovered = Some(recovered);
            }
            Detail::GrowingContext {
                first_tokens,
                last_tokens,
            } => {
                self.first_tokens = Some(first_tokens);
                self.last_tokens = Some(last_tokens);
            }
            Detail::RunawayCost(Runaway::Rising {
                first_quarter,
                last_quarter,
            }) => {
                self.first_quarter_usd = dollars(Some(first_quarter));
                self.last_quarter_usd = dollars(Some(last_quarter));
            }
            Detail::RunawayCost(Runaway::OneCall { total }) => {
                self.total_usd = dollars(Some(total));
            }
            Detail::Other => {}
        }
    }
}
