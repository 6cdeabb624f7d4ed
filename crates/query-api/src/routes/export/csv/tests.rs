use runwatch_store::export::Value;

use super::Csv;

fn written(value: Value<'_>) -> String {
    let mut into = Vec::new();
    Csv { cell: Vec::new() }.row(&[value], &mut into);
    let line = String::from_utf8(into).unwrap();
    line.strip_suffix("\r\n").unwrap().to_owned()
}

#[test]
fn a_text_never_begins_as_a_formula_does() {
    let beginnings = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", "|",
    ];
    let rests = [
        "",
        "1",
        "cmd|' /C calc'!A0",
        "HYPERLINK(\"http://x\",\"y\")",
        "=1",
        ",=1",
    ];
    for beginning in beginnings {
        for rest in rests {
            let text = format!("{beginning}{rest}");
            let cell = written(Value::Text(&text));
            let inner = cell.trim_start_matches('"');
            assert!(inner.starts_with('\''), "{text:?} became {cell:?}");
        }
    }
}

#[test]
fn numbers_are_numbers_and_other_texts_are_themselves() {
    for (value, cell) in [
        (Value::Integer(-5), "-5"),
        (Value::Number(-0.5), "-0.5"),
        (Value::Null, ""),
        (Value::Text("a = b"), "a = b"),
        (Value::Text("a,b"), "\"a,b\""),
        (Value::Text("\"a\"\n"), "\"\"\"a\"\"\n\""),
        (Value::Texts(vec!["=a", "b"]), "\"[\"\"=a\"\",\"\"b\"\"]\""),
        (Value::Texts(Vec::new()), "[]"),
    ] {
        assert_eq!(written(value), cell);
    }
}
