//! A histogram of durations with fixed logarithmic buckets and signed counts.

use serde::{Deserialize, Serialize};

/// Ratio of neighbouring bucket borders. A value reported as the middle of its bucket is at most
/// (√1.04 − 1) = 1.98 % off, in the manner of `DDSketch` (Masson, Rim, Lee: VLDB 2019).
const GAMMA: f64 = 1.04;

/// Counts of durations by bucket, in the order of the buckets.
///
/// Bucket 0 holds durations below one microsecond, bucket `n` those
/// from 1.04^(n-1) up to 1.04^n microseconds. Counts add and subtract; empty buckets are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(Vec<(u16, i64)>);

/// Durations in microseconds that a half, 95 % and 99 % stay below; off by 2 % at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the type says it")]
pub struct Percentiles {
    pub p50_us: i64,
    pub p95_us: i64,
    pub p99_us: i64,
}

impl Histogram {
    /// The histogram of a single duration in microseconds.
    pub fn of(duration_us: i64) -> Self {
        Self(vec![(bucket(duration_us), 1)])
    }

    /// Adds `times` times the counts of another.
    pub fn add(&mut self, other: &Self, times: i64) {
        let mut sums = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut ours, mut theirs) = (self.0.as_slice(), other.0.as_slice());
        while let ([(our, count), our_rest @ ..], [(their, added), their_rest @ ..]) =
            (ours, theirs)
        {
            let order = our.cmp(their);
            let mut sum = 0_i64;
            if order.is_le() {
                (sum, ours) = (*count, our_rest);
            }
            if order.is_ge() {
                (sum, theirs) = (sum.wrapping_add(added.wrapping_mul(times)), their_rest);
            }
            sums.push((*our.min(their), sum));
        }
        sums.extend_from_slice(ours);
        sums.extend(
            theirs
                .iter()
                .map(|(bucket, added)| (*bucket, added.wrapping_mul(times))),
        );
        sums.retain(|(_, count)| *count != 0);
        self.0 = sums;
    }

    /// The duration in microseconds below which the share `quantile` (0 to 1) of all lies, with at
    /// most 2 % relative error; none of an empty histogram.
    pub(super) fn quantile(&self, quantile: f64) -> Option<f64> {
        let total: i64 = self.0.iter().map(|(_, count)| count).sum();
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
        self.0.last().map(|(bucket, _)| middle(*bucket))
    }

    /// The percentiles that are shown; none of an empty histogram.
    pub fn percentiles(&self) -> Option<Percentiles> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "below 1.04^1115 microseconds"
        )]
        let us = |quantile: f64| Some(self.quantile(quantile)?.round() as i64);
        Some(Percentiles {
            p50_us: us(0.5)?,
            p95_us: us(0.95)?,
            p99_us: us(0.99)?,
        })
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
