//! Which messages meet, and what holds for every text.

use proptest::prelude::*;

use super::template::TEMPLATE_BYTES_MAX;
use super::*;

fn meet(messages: &[&str]) {
    let first = template(messages[0]);
    for message in messages {
        assert_eq!(template(message), first, "{message}");
    }
}

fn differ(one: &str, other: &str) {
    assert_ne!(template(one), template(other));
}

#[test]
fn failures_that_differ_only_in_numbers_ids_and_times_meet() {
    meet(&[
        "Rate limit reached for model `llama3-70b-8192` in organization \
         `org_01hrsvc1b8ey0anvbgha0xckf2` on tokens per minute (TPM): Limit 7000, Used 0, \
         Requested ~12903. Please try again in 50.597142857s.",
        "Rate limit reached for model `llama3-70b-8192` in organization \
         `org_01kes94v04f9ramd2n1vj4gjnc` on tokens per minute (TPM): Limit 6000, Used 3,513, \
         Requested 3166. Please try again in 2m6.78s.",
    ]);
    meet(&[
        "429 Rate limit reached for gpt-4o in organization org-uOtiSEwvUnroadaOnJJquBEC on tokens \
         per min (TPM): Limit 30000, Used 29937, Requested 385. Please try again in 644ms.",
        "429 Rate limit reached for gpt-4o in organization org-AbCdEfGhIjKlMnOpQrStUvWx on tokens \
         per min (TPM): Limit 10000, Used 9876, Requested 1200. Please try again in 1.2s.",
    ]);
    meet(&[
        r#"529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011CZAau32QzxDkriovTaFCB"}"#,
        r#"529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011CcLPrMiu53v6Rp1jfe1Cd"}"#,
    ]);
    meet(&[
        "prompt is too long: 208656 tokens > 200000 maximum",
        "prompt is too long: 209,353 tokens > 199999 maximum",
    ]);
    meet(&[
        "Incorrect API key provided: sk-proj-********************abcd.",
        "Incorrect API key provided: sk-proj-****************wxyz.",
    ]);
    meet(&[
        "job 52c1115d-7c8c-9b68-249f-25927e097f6b failed at 2026-02-17T11:11:47.039Z",
        "job 0b6f3764-b3a4-4b31-80a7-f4c52eef1717 failed at 2026-11-21T08:00:00+02:00",
    ]);
}

#[test]
fn failures_that_differ_only_in_where_they_happened_meet() {
    meet(&[
        "HTTPSConnectionPool(host='api.mediacloud.org', port=443): Max retries exceeded with url: \
         /api/v2/stories_public/list?key=b48a73d9 (Caused by NameResolutionError(\"\
         <urllib3.connection.HTTPSConnection object at 0x7f78648398a0>: Failed to resolve \
         'api.mediacloud.org' ([Errno -3] Temporary failure in name resolution)\"))",
        "HTTPSConnectionPool(host='api.mediacloud.org', port=443): Max retries exceeded with url: \
         /api/v2/tags (Caused by NameResolutionError(\"\
         <urllib3.connection.HTTPSConnection object at 0x3ea781aa9040>: Failed to resolve \
         'api.mediacloud.org' ([Errno -3] Temporary failure in name resolution)\"))",
    ]);
    meet(&[
        "Error 111 connecting to localhost:6379. Connection refused.",
        "Error 111 connecting to socrates07.toa:54558. Connection refused.",
        "Error 61 connecting to 10.0.0.16:6379. Connection refused.",
    ]);
    meet(&[
        "[Errno 2] No such file or directory: '/data/reports/q3.csv'",
        "[Errno 2] No such file or directory: './out/q4.csv'",
    ]);
    meet(&[
        "certificate verify failed: unable to get local issuer certificate (_ssl.c:992)",
        "certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)",
    ]);
    meet(&[
        "Client error '404 Not Found' for url 'https://api.example.com/v1/users/17?full=1'",
        "Client error '404 Not Found' for url 'https://api.example.com/v1/orders'",
    ]);
    meet(&[
        "cannot mail ann@example.com",
        "cannot mail bob.b+x@mail.example.org",
    ]);
}

#[test]
fn failures_that_differ_only_in_what_a_user_or_model_wrote_meet() {
    meet(&[
        "Could not parse LLM output: `df = [] for i in range(len(df)):`",
        "Could not parse LLM output: `I think that the answer is 42`",
    ]);
    meet(&[
        "Input should be a valid integer [type=int_parsing, input_value='three of them']",
        "Input should be a valid integer [type=int_parsing, input_value='about a dozen']",
    ]);
    meet(&["no such user: 'Ann Lee'", "no such user: 'Bob van Dyk'"]);
}

#[test]
fn failures_of_different_causes_do_not_meet() {
    differ(
        "Error code: 400 - {'error': {'message': 'Output blocked by content filtering policy'}}",
        "Error code: 400 - {'error': {'message': 'Your credit balance is too low'}}",
    );
    differ(
        r#"{"error":{"message":"API key not valid","status":"INVALID_ARGUMENT"}}"#,
        r#"{"error":{"message":"The model is overloaded","status":"UNAVAILABLE"}}"#,
    );
    differ(
        "SSLError(SSLCertVerificationError(1, 'certificate has expired (_ssl.c:992)'))",
        "SSLError(SSLCertVerificationError(1, 'self-signed certificate (_ssl.c:992)'))",
    );
    differ(
        "NewConnectionError('<object at 0x7f78648398a0>: [Errno 111] Connection refused')",
        "NewConnectionError('<object at 0x7f78648398a0>: [Errno -3] Temporary failure')",
    );
    differ(
        "The model `gpt-4o` does not exist",
        "The model `gpt-4o-mini` does not exist",
    );
    differ("'city'", "'country'");
    differ("Unknown tool: 'search_web'", "Unknown tool: 'search_files'");
    differ(
        "Request failed with status code 404",
        "Request failed with status code 422",
    );
    differ("no such table: users", "no such table: orders");
    differ(
        "Failed to resolve 'api.openai.com' (Name or service not known)",
        "Failed to resolve 'api.anthropic.com' (Name or service not known)",
    );
    differ(
        "PUT https://api.openai.com/v1/files failed",
        "PUT https://api.anthropic.com/v1/files failed",
    );
}

#[test]
fn a_template_reads_as_the_message_did() {
    let cases = [
        (
            "Read timed out. (read timeout=0.01)",
            "Read timed out. (read timeout=<num>)",
        ),
        (
            "gpt-4o and claude-3-5-sonnet-20241022",
            "gpt-4o and claude-3-5-sonnet-20241022",
        ),
        (
            "call_getWeather in call_9ZtqvMLx2",
            "call_getWeather in <id>",
        ),
        (
            "commit 9fceb02d, object at 0x7f3a",
            "commit <hex>, object at <hex>",
        ),
        ("  two\n\n  lines ", "two lines"),
        ("C:\\Users\\ann\\x.py is not there", "<path> is not there"),
        (
            "at src/app/main.py:32 and main.py:7",
            "at <path> and <path>",
        ),
        (
            "application/json or openai/gpt-4o",
            "application/json or openai/gpt-4o",
        ),
        (
            "postgres://ann:secret@db.example.com/x",
            "postgres://db.example.com/<path>",
        ),
        (
            "http://127.0.0.1:11434/api is down",
            "http://<host>/<path> is down",
        ),
        (
            "retry in 1h30m, 50% of 1.0GiB",
            "retry in <num>, <num> of <num>",
        ),
        ("token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "token <id>"),
        ("限制为30秒", "限制为<num>秒"),
        ("it's Ann's and don't 'stop'", "it's Ann's and don't 'stop'"),
        ("", ""),
    ];
    for (message, expected) in cases {
        assert_eq!(template(message), expected);
    }
}

#[test]
fn a_long_message_is_cut_between_words() {
    let cut = template(&"alpha ".repeat(1_000));
    assert!(cut.len() <= TEMPLATE_BYTES_MAX && cut.len() > TEMPLATE_BYTES_MAX - 10);
    assert!(cut.ends_with(" alpha"));
    assert_eq!(template(&"x".repeat(10_000)), "<str>");
    assert_eq!(template(&"é".repeat(10_000)).len(), TEMPLATE_BYTES_MAX);
}

#[test]
fn every_real_failure_has_a_template_that_is_its_own() {
    let real: serde_json::Value =
        serde_json::from_str(include_str!("../../../data/failures.json")).unwrap();
    for message in real
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|failure| failure["message"].as_str())
    {
        let once = template(message);
        assert_eq!(template(&once), once, "{message}");
        assert!(!once.is_empty());
    }
}

/// Texts of the pieces that the rules look at, glued together in ways nobody would write.
fn glued() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "'",
        "\"",
        "`",
        " ",
        "  ",
        "\n",
        ":",
        "=",
        ",",
        ".",
        "-",
        "/",
        "\\",
        "<",
        ">",
        "(",
        "[",
        "~",
        "$",
        "%",
        "+",
        "*",
        "://",
        "a",
        "Zq",
        "9",
        "12",
        "404",
        "0x1f",
        "message",
        "code",
        "error",
        "<num>",
        "<str>",
        "<path>",
        "a b c",
        "req_0123abcd",
        "deadbeef1",
        "1.2.3.4",
        "h:80",
        "x@y.z",
        "?q=1",
        "é",
        "10:20:30",
        "2026-01-02",
        "C:\\",
        "/v1",
        "main.py:3",
        "looooooooooooooooooooooooooong",
    ]);
    prop::collection::vec(pieces, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_template_of_a_template_is_itself(message in prop_oneof![glued(), any::<String>()]) {
        let once = template(&message);
        prop_assert_eq!(template(&once), once);
    }

    #[test]
    fn a_template_is_short_and_has_no_blanks_around(message in prop_oneof![glued(), ".{0,600}"]) {
        let template = template(&message);
        prop_assert!(template.len() <= TEMPLATE_BYTES_MAX);
        prop_assert_eq!(template.trim(), &template);
    }
}
