use super::*;
use crate::terminal::Paint;

fn report(text: &str) -> String {
    let mut report = Report::default();
    check_all("a file", &variables(text), &mut report);
    report.text(Paint::Off)
}

#[test]
fn the_example_of_the_repository_is_fine() {
    let text = report(EXAMPLE);
    assert!(
        text.contains("1 setting in a file is known and usable"),
        "{text}"
    );
    assert!(known().count() > 10);
}

#[test]
fn a_typing_error_is_told_with_what_was_meant() {
    let text = report("RUNWATCH_LOGS=info\nDATABSE_URL=postgres://a@b/c\nRUNWATCH_COLOUR=red\n");
    assert!(
        text.contains(
            "nobody reads RUNWATCH_LOGS (in a file)\n           → did you mean RUNWATCH_LOG?"
        ),
        "{text}"
    );
    assert!(text.contains("did you mean DATABASE_URL?"), "{text}");
    assert!(
        text.contains("nobody reads RUNWATCH_COLOUR (in a file)\n           → take it out"),
        "{text}"
    );
}

#[test]
fn a_value_that_cannot_be_used_is_told_without_the_value() {
    let text = report(
        "DATABASE_POOL_SIZE=hunter2\nQUERY_BIND=localhost\nexport RUNWATCH_LOG_FORMAT='xml'",
    );
    assert!(
        text.contains(
            "DATABASE_POOL_SIZE (in a file) cannot be used: it must be a number from 1 to 90"
        ),
        "{text}"
    );
    assert!(text.contains("QUERY_BIND"), "{text}");
    assert!(text.contains("text or json"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn quotes_comments_and_empty_values_are_as_shells_have_them() {
    let found = variables("# A=1\n export B = \"two words\" \nC=\nno variable\n");
    let expected = [("B", "two words"), ("C", "")];
    assert_eq!(
        found,
        expected
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    );
    assert!(report("RUNWATCH_ANYTHING=").contains("defaults hold"));
}

#[test]
fn variables_of_other_programs_are_let_be() {
    for name in ["PATH", "DATABASE_NAME", "QUERY_STRING", "HOME", "PORT"] {
        assert!(!is_about_us(name), "{name}");
    }
    assert!(is_about_us("RUNWATCH_ANYTHING") && is_about_us("INGEST_WRITER"));
}

#[test]
fn lowered_durability_is_warned_of() {
    assert!(report("RUNWATCH_UNSAFE_DURABILITY=1").contains("only for tests"));
    assert!(!report("RUNWATCH_UNSAFE_DURABILITY=0").contains("only for tests"));
}
