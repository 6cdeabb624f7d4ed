//! Numbers that look random and are the same in every run of the program, so that two commits are
//! measured with the same input.

/// Steele, Lea and Flood's `SplitMix64`: one addition and one mix a number, and never the same
/// number twice within its period of 2^64, which makes it fit for ids.
pub(crate) struct Random(u64);

/// What the state grows by: 2^64 divided by the golden ratio.
const GROWTH: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// A sequence of its own for every seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GROWTH)))
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GROWTH);
        mix(self.0)
    }

    /// A number below the limit, which must not be 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// A number of the range, its end excluded.
    pub(crate) fn between(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }

    /// One of the items, of which there must be some.
    pub(crate) fn one_of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        let at = self.below(items.len() as u64);
        &items[usize::try_from(at).expect("it is below the length of a slice")]
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }
}

/// The mixing function of `SplitMix64`.
fn mix(state: u64) -> u64 {
    let first = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    second ^ (second >> 31)
}
