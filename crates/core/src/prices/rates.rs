//! What a model charges at one time, and what a call costs by it.
//!
//! Prices are dollars per million tokens with up to 18 decimals in the table. They are kept as
//! integers of 10^-18 dollars per million tokens, so that a call's cost is a sum of exact products,
//! rounded once: half to even, to a nano-dollar. The largest price, 600 dollars, times 2^32 tokens
//! is below 10^31, and an `i128` holds 10^38.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};

use crate::money::NanoUsd;
use crate::time::{DAY_US, Timestamp};
use crate::usage::TokenUsage;

/// Decimals of a price.
const PRICE_DECIMALS: u32 = 18;
/// Units of a sum of prices times tokens in one nano-dollar: 18 decimals and 6 of the million
/// tokens, less the 9 of the nano-dollar.
const UNITS_PER_NANO_USD: i128 = 10_i128.pow(PRICE_DECIMALS + 6 - 9);
const SECOND_US: i64 = 1_000_000;

/// Prices, and when they hold.
#[derive(Debug, Deserialize)]
pub(super) struct DatedRates {
    /// The first day, in UTC.
    from: Option<NaiveDate>,
    /// Seconds after midnight UTC from and until which they hold each day; may span midnight.
    daily: Option<(i64, i64)>,
    #[serde(flatten)]
    pub(super) rates: Rates,
}

impl DatedRates {
    /// Whether they hold at that moment.
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        if let Some(from) = self.from {
            return at.0.div_euclid(DAY_US) >= days_since_1970(from);
        }
        let Some((start, end)) = self.daily else {
            return true;
        };
        let time_us = at.0.rem_euclid(DAY_US);
        let (started, ended) = (time_us >= start * SECOND_US, time_us >= end * SECOND_US);
        if end < start {
            started || !ended
        } else {
            started && !ended
        }
    }
}

fn days_since_1970(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

/// Prices of each kind of token; what has none of its own costs what its whole does.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Rates {
    input: Option<Rate>,
    output: Option<Rate>,
    cache_read: Option<Rate>,
    cache_write: Option<Rate>,
    reasoning: Option<Rate>,
    /// Price of a thousand requests, besides the tokens.
    thousand_requests: Option<Rate>,
}

impl Rates {
    /// What a call costs; none if it has no tokens, or nothing here is priced.
    pub(super) fn cost(&self, usage: &TokenUsage) -> Option<NanoUsd> {
        let count = |tokens: Option<i32>| i128::from(tokens.unwrap_or(0).max(0));
        let (input, output) = (count(usage.input), count(usage.output));
        if input + output == 0 || !self.has_any() {
            return None;
        }
        let (cached, written) = (count(usage.cached), count(usage.cache_write));
        let reasoning = count(usage.reasoning);
        let plain_input = (input - cached - written).max(0);
        let plain_output = (output - reasoning).max(0);

        // The size of the whole prompt decides the tier of every price.
        let price = |own: &Option<Rate>, whole: &Option<Rate>| {
            own.as_ref()
                .or(whole.as_ref())
                .map_or(0, |rate| rate.at(input))
        };
        let sum = plain_input * price(&self.input, &None)
            + cached * price(&self.cache_read, &self.input)
            + written * price(&self.cache_write, &self.input)
            + plain_output * price(&self.output, &None)
            + reasoning * price(&self.reasoning, &self.output)
            + 1_000 * price(&self.thousand_requests, &None);
        i64::try_from(divide_half_even(sum, UNITS_PER_NANO_USD))
            .ok()
            .map(NanoUsd)
    }

    fn has_any(&self) -> bool {
        [
            &self.input,
            &self.output,
            &self.cache_read,
            &self.cache_write,
            &self.reasoning,
            &self.thousand_requests,
        ]
        .into_iter()
        .any(Option::is_some)
    }
}

/// A price that may depend on how long the prompt is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Rate {
    Flat(Price),
    Tiered {
        base: Price,
        /// In the order of their starts.
        tiers: Vec<Tier>,
    },
}

#[derive(Debug, Deserialize)]
struct Tier {
    /// Prompts of more tokens than this are of this tier.
    start: i64,
    price: Price,
}

impl Rate {
    /// The price of each token of a call whose prompt has that many.
    fn at(&self, input_tokens: i128) -> i128 {
        match self {
            Self::Flat(price) => price.0,
            Self::Tiered { base, tiers } => {
                let reached = tiers
                    .iter()
                    .rev()
                    .find(|tier| input_tokens > i128::from(tier.start));
                reached.map_or(base.0, |tier| tier.price.0)
            }
        }
    }
}

/// A price in units of 10^-18 dollars per million tokens.
#[derive(Clone, Copy, Debug)]
struct Price(i128);

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_price(&text).ok_or_else(|| serde::de::Error::custom("not a price"))
    }
}

/// Reads decimal digits with an optional fraction, exactly or not at all.
fn parse_price(text: &str) -> Option<Price> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let decimals = u32::try_from(fraction.len()).ok()?;
    let zeros = PRICE_DECIMALS.checked_sub(decimals)?;
    let digits: u64 = whole.parse().ok()?;
    let fraction: u64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let units = i128::from(digits).checked_mul(10_i128.pow(PRICE_DECIMALS))?;
    Some(Price(units + i128::from(fraction) * 10_i128.pow(zeros)))
}

/// Divides a number that is not negative, and rounds to the nearest; of two equally near, to the
/// even one.
fn divide_half_even(number: i128, divisor: i128) -> i128 {
    let (quotient, twice_rest) = (number / divisor, number % divisor * 2);
    let is_up = twice_rest > divisor || (twice_rest == divisor && quotient % 2 == 1);
    quotient + i128::from(is_up)
}
