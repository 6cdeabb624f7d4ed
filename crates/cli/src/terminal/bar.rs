//! A bar that shows when a step ran within its run.

use std::ops::Range;

/// A bar of so many columns: the part of the whole that lies in the range is filled, and always
/// something of it.
pub(crate) fn bar(part: Range<i64>, whole: Range<i64>, width: usize) -> String {
    let length = i128::from(whole.end).saturating_sub(whole.start.into());
    let length = length.max(1);
    let columns = i128::try_from(width).unwrap_or(0);
    let column = |at: i64| {
        let from_start = i128::from(at) - i128::from(whole.start);
        let column = (from_start * columns) / length;
        usize::try_from(column.clamp(0, columns)).unwrap_or(0)
    };
    let first = column(part.start).min(width.saturating_sub(1));
    let end = column(part.end).clamp((first + 1).min(width), width);
    let empty = |columns: usize| "·".repeat(columns);
    format!(
        "{}{}{}",
        empty(first),
        "█".repeat(end - first),
        empty(width - end)
    )
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_shows_where_a_step_lies() {
        assert_eq!(bar(0..50, 0..100, 10), "█████·····");
        assert_eq!(bar(50..100, 0..100, 10), "·····█████");
        assert_eq!(bar(20..40, 0..100, 10), "··██······");
    }

    #[test]
    fn the_shortest_step_is_still_seen_and_the_odd_one_stays_within() {
        assert_eq!(bar(100..100, 0..100, 5), "····█");
        assert_eq!(bar(-50..-10, 0..100, 5), "█····");
        assert_eq!(bar(i64::MIN..i64::MAX, 0..100, 3), "███");
        assert_eq!(bar(0..0, 0..0, 3), "█··");
    }
}
