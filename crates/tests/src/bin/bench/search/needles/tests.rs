use super::*;

#[test]
fn each_needle_has_its_turn_and_those_of_a_kind_are_far_apart() {
    let numbers: Vec<String> = (0..NUMBERS).map(|number| format!("1234{number}")).collect();
    let texts = texts(&numbers);

    assert_eq!(texts.len(), NEEDLES);
    for number in 0..WORDS {
        let places = texts.iter().enumerate();
        let places = places.filter(|(_, text)| **text == word(number));
        let places: Vec<usize> = places.map(|(at, _)| at).collect();
        assert_eq!(places.len(), RUNS_OF_A_WORD);
        assert!(places[1] - places[0] > 5, "{places:?}");
    }
    let runs_of = |text: &str| texts.iter().filter(|it| *it == text).count();
    assert_eq!(
        (runs_of("712340"), runs_of(CHINESE), runs_of(GERMAN)),
        (1, 4, 1)
    );
}

#[test]
fn a_needle_is_in_one_step_of_its_run() {
    let (_, mut runs) = draw_runs();
    put(&mut runs[0], "\u{1F9A9}");
    let body: serde_json::Value = serde_json::from_slice(&native::render(&runs[0])).unwrap();
    let steps = body["steps"].as_array().unwrap();
    let with_it = steps
        .iter()
        .filter(|step| step.to_string().contains(FLAMINGO));
    assert_eq!(with_it.count(), 1);
}
