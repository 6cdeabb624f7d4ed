use super::*;

#[test]
fn nothing_that_steers_a_terminal_is_left() {
    assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
    assert_eq!(printable("\u{202e}exe.txt"), "\\u{202e}exe.txt");
    assert_eq!(printable("größer 返金 ✓"), "größer 返金 ✓");
}

#[test]
fn wide_letters_take_two_columns() {
    assert_eq!(shown_width("返金"), 4);
    assert_eq!(padded("返金", 6), "返金  ");
    assert_eq!(fitted("返金依頼", 6), "返金…");
    assert_eq!(fitted("返金依頼", 8), "返金依頼");
}

#[test]
fn what_is_cut_fits_into_any_width() {
    for width in 0..6 {
        assert!(shown_width(&fitted("a返b金c", width)) <= width, "{width}");
    }
}
