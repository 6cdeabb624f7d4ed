use super::*;

const COLUMNS: [Column; 3] = [
    Column::text("ID"),
    Column::number("COST"),
    Column::text("NAME"),
];

fn table(names: [&str; 2]) -> Table<'static> {
    let mut table = Table::new(&COLUMNS);
    let cell = |text: &str| (text.to_owned(), None);
    table.row(vec![
        cell("1"),
        cell("$0.10"),
        (names[0].to_owned(), Some(Colour::Red)),
    ]);
    table.row(vec![cell("返金"), cell("$12.00"), cell(names[1])]);
    table
}

#[test]
fn text_stands_left_and_numbers_right() {
    let text = table(["größer", "x"]).text(Paint::Off);
    assert_eq!(
        text,
        "ID      COST  NAME\n1      $0.10  größer\n返金  $12.00  x"
    );
}

#[test]
fn colours_do_not_shift_columns() {
    let text = table(["größer", "x"]).text(Paint::On);
    let line = text.lines().nth(1).unwrap();
    assert_eq!(line, "1      $0.10  \u{1b}[31mgrößer\u{1b}[0m");
}

#[test]
fn a_cell_cannot_steer_the_terminal() {
    let text = table(["\u{1b}[2Jx\ny", ""]).text(Paint::Off);
    assert!(text.contains("\\u{1b}[2Jx\\ny"), "{text}");
}
