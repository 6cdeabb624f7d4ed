//! Numbers that are hard to find: the ends of order numbers whose grams many other texts have, spread
//! over several numbers, so that the index names those texts too.

#[cfg(test)]
mod tests;

use crate::shape::{Run, Step};

/// How many are looked for.
pub(super) const NUMBERS: usize = 4;
/// Numbers of five digits, and grams of three.
const ALL: usize = 100_000;
const GRAMS: usize = 1_000;

/// Numbers that are in none of the runs, and all of whose grams are in as many runs as possible.
pub(super) fn with_false_candidates(runs: &[Run]) -> Vec<String> {
    let mut is_there = vec![false; ALL];
    let mut grams_of = Vec::with_capacity(runs.len());
    for run in runs {
        let text = text(run);
        let mut grams = vec![false; GRAMS];
        mark(&text, 3, &mut grams);
        grams_of.push(grams);
        mark(&text, 5, &mut is_there);
    }
    let grams = |number: usize| [number / 100, number / 10 % GRAMS, number % GRAMS];
    let candidates = |number: usize| {
        let grams = grams(number);
        let has_all = |of_run: &&Vec<bool>| grams.iter().all(|gram| of_run[*gram]);
        grams_of.iter().filter(has_all).count()
    };
    // Of a digit that repeats itself there would be one gram only.
    let has_three = |number: &usize| {
        let [a, b, c] = grams(*number);
        a != b && b != c && a != c
    };
    let absent = (0..ALL)
        .filter(|number| !is_there[*number])
        .filter(has_three);
    let mut numbers: Vec<(usize, usize)> =
        absent.map(|number| (candidates(number), number)).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let best = numbers.into_iter().take(NUMBERS);
    best.map(|(_, number)| format!("{number:05}")).collect()
}

/// Marks all numbers of so many digits that stand in a text, alone or within longer ones.
fn mark(text: &str, digits: usize, marks: &mut [bool]) {
    for number in text.split(|char: char| !char.is_ascii_digit()) {
        for window in number.as_bytes().windows(digits) {
            let value = |value, digit: &u8| value * 10 + usize::from(digit - b'0');
            marks[window.iter().fold(0, value)] = true;
        }
    }
}

/// All that is searched of a run.
pub(super) fn text(run: &Run) -> String {
    let steps: Vec<String> = run.steps.iter().map(text_of_step).collect();
    steps.join("\n")
}

/// All that is searched of a step.
pub(super) fn text_of_step(step: &Step) -> String {
    let error = step.error.as_ref();
    let error = error.map_or(String::new(), |(kind, message)| format!("{kind} {message}"));
    format!("{} {} {} {error}", step.name, step.input, step.output)
}
