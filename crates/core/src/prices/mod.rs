//! Prices of models, and the cost of a call by them.
//!
//! The table is that of the package genai-prices, whose matching and rules are followed exactly;
//! `scripts/update-prices` writes it and the calls that prove it. Prices of audio, images, pages,
//! searches and service tiers are left out, since no step reports them: audio tokens cost what
//! text tokens do, and every call is taken to be of the standard tier.

mod catalog;
mod clause;
mod rates;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::money::NanoUsd;
use crate::time::Timestamp;
use crate::usage::TokenUsage;
use catalog::{Catalog, Place};

/// Version of the bundled table: that of genai-prices, 0.2.3, as major · 10,000 + minor · 100 +
/// patch.
pub const PRICE_VERSION: i32 = 203;

/// Pairs of provider and model whose place in the table is remembered: far more than one
/// installation uses, and a few megabytes if a sender invents them.
const PLACES_MAX: usize = 10_000;

/// A call to be priced.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Provider as it was reported; may be wrong or missing.
    pub provider: Option<&'a str>,
    /// Model that answered.
    pub model: &'a str,
    /// Tokens, normalised.
    pub usage: TokenUsage,
    /// When the call was made: prices change.
    pub at: Timestamp,
}

/// Cost of a call, and by which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The cost.
    pub cost: NanoUsd,
    /// Version of the table.
    pub version: i32,
}

/// What models cost; one is made when a process starts and shared by its threads.
#[derive(Debug)]
pub struct PriceBook {
    catalog: Catalog,
    /// Where a provider's model stands in the catalog, by the names that calls used; none if it is
    /// not in there. Finding it anew compares with up to 2,330 models.
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    by_provider: HashMap<String, HashMap<String, Option<Place>>>,
    len: usize,
}

impl PriceBook {
    /// The table that is part of this program.
    pub fn bundled() -> Self {
        Self {
            catalog: Catalog::bundled(),
            places: Mutex::default(),
        }
    }

    /// Prices a call; none if the model is not in the table, has no price by the token, or if the
    /// call reported no tokens. A cost of zero is that of a model that is free.
    pub fn price(&self, call: &Call<'_>) -> Option<Priced> {
        let place = self.place(call.provider.unwrap_or_default(), call.model)?;
        let rates = self.catalog.model(place).rates_at(call.at);
        let cost = rates.cost(&call.usage)?;
        Some(Priced {
            cost,
            version: PRICE_VERSION,
        })
    }

    fn place(&self, provider: &str, model: &str) -> Option<Place> {
        // A thread that panicked here left a map that is still whole.
        let lock = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = lock().get(provider, model) {
            return place;
        }
        let place = self.catalog.find(provider, model);
        lock().insert(provider, model, place);
        place
    }
}

impl Places {
    fn get(&self, provider: &str, model: &str) -> Option<Option<Place>> {
        self.by_provider.get(provider)?.get(model).copied()
    }

    fn insert(&mut self, provider: &str, model: &str, place: Option<Place>) {
        if self.len >= PLACES_MAX {
            *self = Self::default();
        }
        let models = self.by_provider.entry(provider.to_owned()).or_default();
        if models.insert(model.to_owned(), place).is_none() {
            self.len += 1;
        }
    }
}

#[cfg(test)]
mod tests;
