use super::*;
use crate::load::draw_runs;

#[test]
fn numbers_are_nowhere_and_their_grams_are_in_several_runs() {
    let (_, runs) = draw_runs();
    let texts: Vec<String> = runs.iter().map(text).collect();

    let numbers = with_false_candidates(&runs);

    assert_eq!(numbers.len(), NUMBERS);
    for number in numbers {
        assert!(texts.iter().all(|text| !text.contains(&number)), "{number}");
        let grams = [0, 1, 2].map(|at| number.get(at..at + 3).unwrap());
        let has_all = |text: &&String| grams.iter().all(|gram| text.contains(gram));
        let candidates = texts.iter().filter(has_all).count();
        assert!(candidates >= 2, "{number}: {candidates}");
    }
}
