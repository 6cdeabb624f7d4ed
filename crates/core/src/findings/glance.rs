//! One look at every step, which tells of most runs that they have no findings.

use crate::findings::{growing, repeated, runaway, storm};
use crate::step::{Step, StepKind, StepStatus};
use crate::summary::effective_cost;

/// Cells that tool calls are counted in by their arguments: with a hundred different calls in 256
/// cells, five hardly ever meet in one.
const CELLS: usize = 256;

/// Which rules can find anything at all: what is false here is certain, what is true is looked into.
pub(super) struct Glance {
    pub(super) repetition: bool,
    pub(super) failures: bool,
    pub(super) growth: bool,
    pub(super) cost: bool,
}

impl Glance {
    /// Looks at every step once. For ordinary runs nothing is allocated or sorted: ingest does this
    /// for each run that anything arrives for.
    pub(super) fn of(steps: &[Step], counted: &[bool]) -> Self {
        let mut glance = Self {
            repetition: false,
            failures: false,
            growth: false,
            cost: false,
        };
        if steps.len() < repeated::CALLS_MIN.min(storm::ATTEMPTS_MIN) {
            return glance;
        }
        let mut cells = [0_u8; CELLS];
        let mut is_crowded = false;
        let mut failed = 0_usize;
        let (mut sized, mut least, mut most) = (0_usize, i64::MAX, 0);
        let (mut priced, mut total) = (0_usize, 0_i64);
        for (step, counted) in steps.iter().zip(counted) {
            failed += usize::from(step.status == StepStatus::Failed);
            if step.kind == StepKind::Tool {
                if let Some((_, hash)) = repeated::call(step) {
                    let cell = &mut cells[usize::from(hash.to_le_bytes()[0])];
                    *cell = cell.saturating_add(1);
                    is_crowded |= usize::from(*cell) >= repeated::CALLS_MIN;
                }
            } else if step.kind == StepKind::Llm && *counted {
                if let Some(tokens) = growing::prompt_tokens(step) {
                    sized += 1;
                    (least, most) = (least.min(tokens), most.max(tokens));
                }
                if let Some(cost) = effective_cost(step) {
                    priced += 1;
                    total = total.saturating_add(cost.0);
                }
            }
        }
        glance.repetition = is_crowded && repeats(steps);
        glance.failures = failed >= storm::ATTEMPTS_MIN;
        glance.growth = sized >= growing::CALLS_MIN && growing::is_growth(least, most);
        glance.cost = priced >= runaway::CALLS_MIN && total >= runaway::RISING_TOTAL_MIN.0;
        glance
    }

    /// Whether any rule can find anything.
    pub(super) fn sees_any(&self) -> bool {
        self.repetition || self.failures || self.growth || self.cost
    }
}

/// Whether any arguments were really used often enough: in a long run the cells always fill up.
fn repeats(steps: &[Step]) -> bool {
    let calls = steps.iter().filter_map(repeated::call);
    let mut hashes: Vec<i64> = calls.map(|(_, hash)| hash).collect();
    hashes.sort_unstable();
    hashes
        .windows(repeated::CALLS_MIN)
        .any(|equal| equal.first() == equal.last())
}
