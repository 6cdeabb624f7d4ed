//! The table of providers and models, and how a call's names are found in it.

use chrono::NaiveDate;
use serde::Deserialize;

use super::clause::Clause;
use super::rates::{DatedRates, Rates};
use crate::time::Timestamp;

/// The provider by which senders say that the model's name begins with the real one.
const LITELLM: &str = "litellm";

/// Every provider in the table's order: the first that matches is taken.
#[derive(Debug, Deserialize)]
pub(super) struct Catalog {
    #[cfg(test)]
    pub(super) version: String,
    providers: Vec<Provider>,
}

#[derive(Debug, Deserialize)]
struct Provider {
    id: String,
    /// Other names of this provider.
    provider_match: Option<Clause>,
    /// Names of models that are this provider's when no provider is known.
    model_match: Option<Clause>,
    /// Providers whose models it offers too.
    #[serde(default)]
    fallback: Vec<String>,
    models: Vec<Model>,
}

/// A model of one provider.
#[derive(Debug, Deserialize)]
pub(super) struct Model {
    #[serde(rename = "match")]
    clause: Clause,
    prices: Vec<DatedRates>,
}

/// Where a model stands in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    provider: usize,
    model: usize,
}

impl Catalog {
    /// The table that is part of this program.
    pub(super) fn bundled() -> Self {
        serde_json::from_str(include_str!("../../data/prices.json"))
            .expect("the bundled table is read by a test")
    }

    /// The model that stands there.
    pub(super) fn model(&self, place: Place) -> &Model {
        &self.providers[place.provider].models[place.model]
    }

    #[cfg(test)]
    pub(super) fn models(&self) -> impl Iterator<Item = &Model> {
        self.providers.iter().flat_map(|provider| &provider.models)
    }

    /// Finds a model as genai-prices does with the provider, then as it does without one (the
    /// provider may be wrong, or the name of a framework), then by the provider that the model's
    /// name begins with, as in `openai/gpt-4o`.
    pub(super) fn find(&self, provider: &str, model: &str) -> Option<Place> {
        let provider = provider.to_lowercase();
        let model = model.to_lowercase();
        let by_model = || self.find_without_provider(&model);
        let by_prefix = || {
            let (provider, model) = model.split_once('/')?;
            self.find_at(self.provider(provider)?, model)
        };
        if provider == LITELLM {
            return by_prefix().or_else(by_model);
        }
        let by_provider = self
            .provider(&provider)
            .and_then(|at| self.find_at(at, &model));
        by_provider.or_else(by_model).or_else(by_prefix)
    }

    fn find_without_provider(&self, model: &str) -> Option<Place> {
        let is_its = |provider: &Provider| {
            provider
                .model_match
                .as_ref()
                .is_some_and(|clause| clause.matches(model))
        };
        self.find_at(self.providers.iter().position(is_its)?, model)
    }

    fn provider(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        let has_name = |provider: &Provider| {
            provider
                .provider_match
                .as_ref()
                .is_some_and(|clause| clause.matches(name))
        };
        self.provider_with_id(name)
            .or_else(|| self.providers.iter().position(has_name))
    }

    fn provider_with_id(&self, id: &str) -> Option<usize> {
        self.providers.iter().position(|provider| provider.id == id)
    }

    fn find_at(&self, provider: usize, model: &str) -> Option<Place> {
        self.find_at_or_fallback(provider, model)
            .or_else(|| self.find_at_or_fallback(provider, &with_dashed_date(model)?))
    }

    fn find_at_or_fallback(&self, provider: usize, model: &str) -> Option<Place> {
        let own = |provider: usize| {
            let models = &self.providers[provider].models;
            let model = models
                .iter()
                .position(|entry| entry.clause.matches(model))?;
            Some(Place { provider, model })
        };
        own(provider).or_else(|| {
            let fallback = &self.providers[provider].fallback;
            fallback
                .iter()
                .filter_map(|id| self.provider_with_id(id))
                .find_map(own)
        })
    }
}

impl Model {
    /// The prices of a moment: of those that hold then, the last in the table's order.
    pub(super) fn rates_at(&self, at: Timestamp) -> &Rates {
        let active = self.prices.iter().rev().find(|dated| dated.holds(at));
        active.map_or(&self.prices[0].rates, |dated| &dated.rates)
    }
}

/// The name with its dates of the form `-20251211` written `-2025-12-11`; none if it has no such
/// date. Routers write the first, the table the second.
fn with_dashed_date(model: &str) -> Option<String> {
    let mut dashed = String::new();
    let mut parts = model.split('-');
    dashed.push_str(parts.next()?);
    for part in parts {
        let (digits, rest) = part.split_at_checked(8).unwrap_or((part, ""));
        let is_whole = rest.is_empty() || rest.starts_with(':');
        let date = (is_whole && digits.starts_with("20"))
            .then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok())
            .flatten();
        dashed.push('-');
        match date {
            Some(date) => dashed.extend([date.to_string().as_str(), rest]),
            None => dashed.push_str(part),
        }
    }
    (dashed != model).then_some(dashed)
}
