use super::*;

#[test]
fn a_name_with_parentheses_does_not_shift_the_fields() {
    let text = "77 (a) b (c)) S 5 77 77 0 -1 4194560 1 2 3 4 120 30 7 3 20 0 1 0 99 0 0";
    let stat = parse_stat(text).unwrap();
    assert_eq!(
        (stat.parent, stat.own_ticks, stat.waited_ticks),
        (5, 150, 10)
    );
}

#[test]
fn what_all_programs_used_is_at_least_what_this_one_used() {
    assert!(busy_s().unwrap() >= cpu_s(std::process::id()).unwrap());
}
