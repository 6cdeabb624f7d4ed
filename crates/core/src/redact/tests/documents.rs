//! JSON documents.

use super::*;

fn json(json: &str) -> String {
    all().json(json).unwrap_or_default()
}

#[test]
fn only_what_is_found_changes() {
    let before = "{ \"a\" : \"x alice@example.com\",\n\t\"n\":1.50, \"\\u00fc\\/\": [ true,null ,\"\\ud83d\\ude00\"] }";
    let wanted = before.replace("alice@example.com", "[redacted:email_address]");
    assert_eq!(json(before), wanted);
}

#[test]
fn keys_and_numbers_are_redacted() {
    assert_eq!(
        json(r#"{"alice@example.com":[4111111111111111,-5,4111111111111111.0,1e5]}"#),
        r#"{"[redacted:email_address]":["[redacted:card_number]",-5,"[redacted:card_number].0",1e5]}"#
    );
    assert_eq!(json("4111111111111111"), "\"[redacted:card_number]\"");
}

#[test]
fn escapes_hide_nothing() {
    let mail = r#""[redacted:email_address]""#;
    for hidden in [
        r#""alice\u0040example.com""#,
        r#""alice@example\u002ecom""#,
        r#""jos\u00e9@example.com""#,
        r#""\u0061\u006c\u0069\u0063\u0065@\u0065xample.com""#,
    ] {
        assert_eq!(json(hidden), mail, "{hidden}");
    }
    assert_eq!(
        json(r#""\u5361\u53f74111111111111111""#),
        r#""卡号[redacted:card_number]""#
    );
    assert_eq!(
        json(r#""\u5361 4111\u002d1111-1111-1111""#),
        r#""卡 [redacted:card_number]""#
    );
    assert_eq!(
        json(r#""\u5361-4111111111111111\n""#),
        r#""卡-[redacted:card_number]\n""#
    );
    let secret = format!("{}\\/{}", noise(ALNUM, 20), noise(ALNUM, 19));
    let text = format!(r#""aws_secret_access_key={secret}""#);
    assert_eq!(
        json(&text),
        r#""aws_secret_access_key=[redacted:provider_key]""#
    );
    assert_eq!(
        json(r#""\ud800 alice@example.com""#),
        "\"\u{fffd} [redacted:email_address]\""
    );
}

#[test]
fn keys_say_what_their_values_are() {
    let secret = noise(ALNUM, 40);
    let text = format!(r#"{{"SecretAccessKey": "{secret}", "sha": "{secret}"}}"#);
    let wanted = text.replacen(&secret, "[redacted:provider_key]", 1);
    assert_eq!(json(&text), wanted);
    let token = noise(HEX, 32);
    let text = format!(r#"[{{"twilio_auth_token":"{token}","alice@example.com":"{token}"}}]"#);
    let wanted = text.replacen(&token, "[redacted:provider_key]", 1);
    assert_eq!(
        json(&text),
        wanted.replace("alice@example.com", "[redacted:email_address]")
    );
}

#[test]
fn documents_in_strings_stay_documents() {
    let inner =
        r#"{"a":"x\nalice@example.com","b":"é\u0061lice\u0040example.com","n":4111111111111111}"#;
    let wanted = r#"{"a":"x\n[redacted:email_address]","b":"[redacted:email_address]","n":"[redacted:card_number]"}"#;
    let (mut before, mut after) = (inner.to_owned(), wanted.to_owned());
    for _ in 0..4 {
        assert_eq!(json(&before), after);
        before = serde_json::to_string(&serde_json::json!({ "arguments": before })).unwrap();
        after = serde_json::to_string(&serde_json::json!({ "arguments": after })).unwrap();
    }
}

#[test]
fn pieces_of_documents_in_texts_stay_readable() {
    let text = r#"Called with {\"a\":\"x\\nalice@example.com\"} and {"a":"\talice@example.com\\"}"#;
    let wanted = text.replace("alice@example.com", "[redacted:email_address]");
    assert_eq!(all().text(text), Some(wanted));
}

#[test]
fn what_is_no_json_is_redacted_as_text() {
    for text in [
        "alice@example.com",
        "{\"a\": alice@example.com",
        "\"alice@example.com",
        "[\"\\",
        "{\"a\":\"\\u00",
    ] {
        let wanted = text.replace("alice@example.com", "[redacted:email_address]");
        let redacted = all().json(text).unwrap_or(text.to_owned());
        assert_eq!(redacted, wanted);
    }
}

#[test]
fn depth_is_no_danger() {
    let deep = format!(
        "{}\"alice@example.com\"{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let wanted = deep.replace("alice@example.com", "[redacted:email_address]");
    assert_eq!(all().json(&deep), Some(wanted));
}
