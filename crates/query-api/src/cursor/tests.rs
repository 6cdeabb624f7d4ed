use super::{Page, decode, encode};

type Position = (i64, String);

fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<Page<Position>, String> {
    Page::read(limit, cursor, "started_at").map_err(|problem| problem.to_string())
}

#[test]
fn a_cursor_reads_back_as_it_was_made() {
    let position = (i64::MIN, "a \"b\" é".to_owned());
    let cursor = encode(&position, "started_at");
    assert_eq!(decode::<Position>(&cursor, "started_at").unwrap(), position);
    assert!(
        cursor
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
}

#[test]
fn a_cursor_of_another_order_or_shape_and_other_text_are_refused() {
    let cursors = [
        encode(&(1, "x"), "cost"),
        encode(&"x", "started_at"),
        String::new(),
        "%%%".to_owned(),
        "AAAA".to_owned(),
        "A".repeat(100_000),
    ];
    for cursor in cursors {
        let refusal = page(None, Some(&cursor)).unwrap_err();
        assert!(refusal.starts_with("invalid_parameter"), "{refusal}");
    }
}

#[test]
fn a_page_has_at_least_one_row_and_at_most_a_thousand() {
    assert_eq!(page(None, None).unwrap().limit, 50);
    assert_eq!(page(Some(1), None).unwrap().limit, 1);
    assert_eq!(page(Some(1_000), None).unwrap().limit, 1_000);
    assert!(page(Some(0), None).is_err());
    assert!(page(Some(1_001), None).is_err());
}

#[test]
fn only_a_page_with_more_behind_it_has_a_next_one() {
    let page = page(Some(2), None).unwrap();
    assert_eq!(page.rows(), 3);
    let position = |row: &i64| (*row, String::new());
    let mut rows = vec![1, 2];
    assert_eq!(page.cut(&mut rows, "started_at", position), None);
    let mut rows = vec![1, 2, 3];
    let cursor = page.cut(&mut rows, "started_at", position).unwrap();
    assert_eq!(rows, [1, 2]);
    assert_eq!(
        decode::<Position>(&cursor, "started_at").unwrap(),
        (2, String::new())
    );
}
