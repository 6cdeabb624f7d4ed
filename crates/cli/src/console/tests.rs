use super::*;

fn row(cells: [&str; 2]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let text = table(&["id", "name"], &[row(["1", "größer"]), row(["1234", "x"])]);
    assert_eq!(text, "id    name\n1     größer\n1234  x");
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let text = table(&["id", "name"], &[row(["1", "\u{1b}[2Jx\ny"])]);
    assert_eq!(text, "id  name\n1   \\u{1b}[2Jx\\ny");
}
