//! What has to stay: texts that look like finds, each with the reason why they are none.

use super::*;

/// Texts, and why they stay.
const TEXTS: &[(&str, &str)] = &[
    ("user@host", "no top-level domain"),
    ("root@web-1:~# ls", "a prompt"),
    ("alice@MacBook-Pro.local ~ % ", "a prompt of mDNS"),
    ("git clone git@github.com:org/repo.git", "git is nobody"),
    ("ssh://git@github.com/org/repo", "git is nobody"),
    (
        "https://user:secret@example.com/path",
        "a URL with a password",
    ),
    ("https://0a1b2c@o1.ingest.example.io/1", "a URL with a key"),
    ("npm i @scope/pkg@1.2.3 react@18.2.0-rc.beta", "packages"),
    ("image@sha256:0123456789abcdef", "an image"),
    ("logo@2x.png and icon@3x.webp", "resolutions"),
    ("follow @alice@mastodon.social", "a handle"),
    ("@app.route('/')\n@media print", "decorators"),
    ("this@MainActivity.finish()", "a reference of Kotlin"),
    ("y = x@self.weight", "a product of matrices"),
    ("q@k.transpose(0, 1)", "a product of matrices"),
    ("meet me @ example.com", "blanks"),
    ("a@b.c and a@.com and @", "no addresses"),
    ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "a UUID"),
    ("41111111-1111-4111-8111-111111111111", "a UUID of digits"),
    ("2024-05-01T12:34:56.789123456Z", "a time"),
    ("1714567890123 1714567890123456789", "times in numbers"),
    ("+4111111111111111", "a telephone number"),
    (
        "+49 151 23456789, 0049-30-1234-5678-90",
        "telephone numbers",
    ),
    ("4111111111111112", "a wrong check digit"),
    ("1111111111111117 9999999999999995", "no issuer"),
    ("41111111111111111111", "more digits than cards have"),
    (
        "x4111111111111111 4111111111111111x a_4111111111111111",
        "words",
    ),
    ("3.4111111111111111 4111111111111111.25", "fractions"),
    ("0000-4111-1111-1111-1111", "one group too many"),
    ("4111-1111-1111-1111-1111", "one group too many"),
    ("4111 1111 1111 1111 1111 1111 1111", "a table of numbers"),
    ("4111 1111-1111 1111", "two separators"),
    ("4111  1111  1111  1111", "columns"),
    ("DE89370400440532013001", "wrong check digits"),
    ("DE8937040044053201300", "too short"),
    ("XX89370400440532013000", "no country"),
    ("xDE89370400440532013000 DE89370400440532013000x", "words"),
    ("de89370400440532013000", "lower case"),
    (
        "task-oriented risk-averse sk-circle-fade-dot",
        "words and classes",
    ),
    ("sk-learn-based-pipeline-components", "a name"),
    (
        "hf_transformers_model_for_causal_language_modelling",
        "a name",
    ),
    ("npm_config_registry=https://example.com", "a variable"),
    ("raw_text draw_circle rw_lock", "names"),
    ("xoxo-love", "kisses"),
    ("pypi-mirror glpat-short ghp_short AKIASHORT", "too short"),
    ("aws_access_key_id and secret_access_key=$SECRET", "names"),
    ("AccountKey=<your key>", "a placeholder"),
    (
        "https://hooks.slack.com/services/ is the address",
        "no path",
    ),
    ("eyJust.a.sentence", "no header"),
    ("eyJhbGciOiJIUzI1NiJ9 alone", "one part"),
    ("-----BEGIN CERTIFICATE-----", "public"),
    (
        "See -----BEGIN PRIVATE KEY----- in the file",
        "no key follows",
    ),
    ("v1.22.333-rc.4+build.5678901234567", "a version"),
    (
        "[redacted:email_address] [redacted:card_number]",
        "redacted before",
    ),
];

#[test]
fn ordinary_texts_stay() {
    let redactor = all();
    for (text, why) in TEXTS {
        assert_eq!(redactor.text(text), None, "{why}");
        let json = serde_json::to_string(&[text]).unwrap();
        assert_eq!(redactor.json(&json), None, "{why}, as JSON");
    }
}

#[test]
fn hashes_and_blobs_stay() {
    let redactor = all();
    for alphabet in [HEX, UPPER, ALNUM, "0123456789ABCDEF"] {
        for len in [32, 40, 64, 128, 500, 4_000] {
            let text = format!("sum {} end", noise(alphabet, len));
            assert_eq!(redactor.text(&text), None, "{text}");
        }
    }
}

/// Numbers that look random and are the same every time: xorshift.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn of_ordinary_texts_with_random_parts_hardly_any_is_touched() {
    let (redactor, mut state) = (all(), 88_172_645_463_325_252);
    let mut touched = 0;
    for _ in 0..10_000 {
        let mut next = || random(&mut state);
        let text = format!(
            "{:016x}{:016x} at {} id {} tel +{} ({}) v{}.{}.{} {:08X} {}",
            next(),
            next(),
            1_700_000_000_000_u64 + next() % 100_000_000_000,
            next() % 10_u64.pow(18),
            next() % 10_u64.pow(13),
            next() % 10_u64.pow(9),
            next() % 10,
            next() % 100,
            next() % 1_000,
            next() % (1 << 32),
            next() % 10_u64.pow(11),
        );
        touched += usize::from(redactor.text(&text).is_some());
    }
    assert!(touched <= 100, "{touched} of 10000");
}
