//! A histogram of durations with fixed logarithmic buckets and signed counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Ratio of neighbouring bucket borders. A value reported as the middle of its bucket is at most
/// (√1.04 − 1) = 1.98 % off, in the manner of `DDSketch` (Masson, Rim, Lee: VLDB 2019).
const GAMMA: f64 = 1.04;

/// Counts of durations by bucket. Bucket 0 holds durations below one microsecond, bucket `n` those
/// from 1.04^(n-1) up to 1.04^n microseconds. Counts add and subtract; empty buckets are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u16, i64>);

impl Histogram {
    /// The histogram of a single duration in microseconds.
    pub fn of(duration_us: i64) -> Self {
        Self(BTreeMap::from([(bucket(duration_us), 1)]))
    }

    /// Adds `times` times the counts of another.
    pub fn add(&mut self, other: &Self, times: i64) {
        for (bucket, count) in &other.0 {
            let sum = self.0.entry(*bucket).or_default();
            *sum = sum.wrapping_add(count.wrapping_mul(times));
            if *sum == 0 {
                self.0.remove(bucket);
            }
        }
    }

    /// The duration in microseconds below which the share `quantile` (0 to 1) of all lies, with at
    /// most 2 % relative error; none of an empty histogram.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let total: i64 = self.0.values().sum();
        if total <= 0 {
            return None;
        }
        let rank = quantile.clamp(0.0, 1.0) * (total - 1) as f64;
        let mut seen = 0;
        for (bucket, count) in &self.0 {
            seen += count;
            if seen as f64 > rank {
                return Some(middle(*bucket));
            }
        }
        self.0.keys().next_back().map(|bucket| middle(*bucket))
    }

    /// The bytes that a row of the rollups keeps (postcard's format).
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data of known lengths always encodes")
    }

    /// Reads the bytes of a row of the rollups.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, super::Unreadable> {
        Ok(postcard::from_bytes(bytes)?)
    }
}

fn bucket(duration_us: i64) -> u16 {
    if duration_us < 1 {
        return 0;
    }
    let exponent = (duration_us as f64).ln() / GAMMA.ln();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the logarithm of a positive i64 to this base lies between 0 and 1114"
    )]
    let bucket = exponent.floor() as u16 + 1;
    bucket
}

fn middle(bucket: u16) -> f64 {
    if bucket == 0 {
        0.0
    } else {
        GAMMA.powf(f64::from(bucket) - 0.5)
    }
}
