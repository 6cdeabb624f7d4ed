//! Numbers that look random and are the same for the same seed on every machine.

/// Steele, Lea and Flood's `SplitMix64` (OOPSLA 2014): one addition and one mix a number.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

/// What the state grows by: 2^64 divided by the golden ratio.
const GROWTH: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// A sequence of its own for every combination of these numbers.
    pub(super) fn of(numbers: &[u64]) -> Self {
        let step = |state: u64, number: &u64| mix(state.wrapping_add(GROWTH) ^ mix(*number));
        Self(numbers.iter().fold(GROWTH, step))
    }

    /// The next number.
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GROWTH);
        mix(self.0)
    }

    /// A number from 0 to below the limit, which must not be 0.
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        let number = self.number() % limit.unsigned_abs();
        i64::try_from(number).expect("it is below a number that fits")
    }

    /// A number of the range, its end included.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(to - from + 1)
    }

    /// One of the items, of which there must be some.
    pub(super) fn one_of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        let at = self.number() % items.len() as u64;
        &items[usize::try_from(at).expect("it is below the length of a slice")]
    }

    /// True in so many of a thousand cases.
    pub(super) fn permille(&mut self, of_thousand: i64) -> bool {
        self.below(1_000) < of_thousand
    }

    /// Random bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let number = self.number().to_be_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        bytes
    }
}

/// The mixing function of `SplitMix64`.
fn mix(state: u64) -> u64 {
    let first = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    second ^ (second >> 31)
}
