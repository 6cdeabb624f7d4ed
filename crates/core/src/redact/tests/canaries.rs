//! What has to be found: forms that are known, made of parts so that scanners of repositories do not
//! take them for secrets.

use super::*;

const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn assert_found(label: &str, canaries: &[String]) {
    let redactor = all();
    for canary in canaries {
        let label = format!("[redacted:{label}]");
        assert_eq!(redactor.text(canary), Some(label.clone()), "{canary}");
        for (before, after) in [
            ("Say ", " to nobody."),
            ("(", ")"),
            ("key=\"", "\""),
            ("号码是：", "，谢谢"),
            ("x\\n", "\\n"),
            ("x\\u4e2d", "\\u4e2d"),
            ("\n", "\n"),
            ("", "."),
            ("", ", and"),
        ] {
            let text = format!("{before}{canary}{after}");
            let wanted = format!("{before}{label}{after}");
            assert_eq!(redactor.text(&text), Some(wanted), "{text}");
        }
    }
}

#[test]
fn email_addresses() {
    let domains = "example.com alice.example.co.uk example.museum 163.com x.example.io";
    let mut mails: Vec<String> = domains
        .split(' ')
        .map(|domain| format!("alice@{domain}"))
        .collect();
    let locals = "a alice.smith alice+tag a_b a-b o'brien ALICE 42 _root user%host 王小明";
    mails.extend(
        locals
            .split(' ')
            .map(|local| format!("{local}@example.org")),
    );
    mails.extend(
        [
            "josé@exämple.de",
            "иван@пример.рф",
            "bob@xn--bcher-kva.example",
        ]
        .map(String::from),
    );
    mails.retain(|mail| !mail.starts_with('王'));
    assert_found("email_address", &mails);
    let all = all();
    for (text, wanted) in [
        ("用户@例子.中国", "[redacted:email_address]"),
        (
            "发邮件到alice@example.com谢谢",
            "发邮件到[redacted:email_address]谢谢",
        ),
        (
            "mailto:alice@example.com?subject=x",
            "mailto:[redacted:email_address]?subject=x",
        ),
        (
            "Alice <alice@example.com>, 'bob@example.com'",
            "Alice <[redacted:email_address]>, '[redacted:email_address]'",
        ),
        ("alice@example.com-bob", "[redacted:email_address]-bob"),
        (
            "alice@example.com:hunter2",
            "[redacted:email_address]:hunter2",
        ),
        ("...alice@example.com...", "...[redacted:email_address]..."),
        (
            "a\\nalice@example.com\\tb",
            "a\\n[redacted:email_address]\\tb",
        ),
        (
            "a\\u00e9alice@example.com",
            "a\\u00e9[redacted:email_address]",
        ),
    ] {
        assert_eq!(all.text(text).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn card_numbers() {
    // Numbers that issuers and payment services publish for tests.
    let cards = [
        "4111 1111 1111 1111",
        "4242 4242 4242 4242",
        "4222 2222 2222 2",
        "5555 5555 5555 4444",
        "2223 0031 2200 3222",
        "3782 822463 10005",
        "3714 496353 98431",
        "3056 930902 5904",
        "3852 000002 3237",
        "6011 1111 1111 1117",
        "3530 1113 3330 0000",
        "6200 0000 0000 0005",
        "6304 0000 0000 0000",
    ];
    let forms = cards
        .iter()
        .flat_map(|card| [" ", "-", ""].map(|separator| card.replace(' ', separator)));
    assert_found("card_number", &forms.collect::<Vec<_>>());
    let all = all();
    for (text, wanted) in [
        ("4111 1111 1111 1111 123", "[redacted:card_number] 123"),
        ("4111 1111 1111 1111 12/30", "[redacted:card_number] 12/30"),
        (
            "4111111111111111,4242424242424242",
            "[redacted:card_number],[redacted:card_number]",
        ),
        ("4111111111111111.0", "[redacted:card_number].0"),
        ("卡号4111111111111111已", "卡号[redacted:card_number]已"),
    ] {
        assert_eq!(all.text(text).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn ibans() {
    // The registry's examples.
    let ibans = [
        "AD12 0001 2030 2003 5910 0100",
        "BE68 5390 0754 7034",
        "CH93 0076 2011 6238 5295 7",
        "DE89 3704 0044 0532 0130 00",
        "FR14 2004 1010 0505 0001 3M02 606",
        "GB29 NWBK 6016 1331 9268 19",
        "LC55 HEMM 0001 0001 0012 0012 0002 3015",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "NL91 ABNA 0417 1643 00",
        "NO93 8601 1117 947",
    ];
    let forms = ibans
        .iter()
        .flat_map(|iban| [" ", ""].map(|blank| iban.replace(' ', blank)));
    assert_found("iban", &forms.collect::<Vec<_>>());
}

#[test]
fn provider_keys() {
    let (alnum, hex) = (|len| noise(ALNUM, len), |len| noise(HEX, len));
    let (url, upper) = (|len| noise(URL, len), |len| noise(UPPER, len));
    let keys = [
        format!("sk-{}T3BlbkFJ{}", alnum(20), alnum(20)),
        format!("sk-proj-{}", url(156)),
        format!("sk-svcacct-{}", url(100)),
        format!("sk-ant-api03-{}AA", url(93)),
        format!(
            "sk-lf-{}-{}-{}-{}-{}",
            hex(8),
            hex(4),
            hex(4),
            hex(4),
            hex(12)
        ),
        format!("sk-or-v1-{}", hex(64)),
        format!("sk-{}", hex(32)),
        format!("AKIA{}", upper(16)),
        format!("ASIA{}", upper(16)),
        format!("AIza{}", url(35)),
        format!("ghp_{}", alnum(36)),
        format!("gho_{}", alnum(36)),
        format!("ghu_{}", alnum(36)),
        format!("ghs_{}", alnum(36)),
        format!("ghr_{}", alnum(76)),
        format!("github_pat_{}_{}", alnum(22), alnum(59)),
        format!("glpat-{}", url(20)),
        format!("xoxb-{}-{}-{}", "123456789012", "1234567890123", alnum(24)),
        format!(
            "xoxp-{}-{}-{}-{}",
            "123456789012",
            "123456789012",
            "123456789012",
            hex(32)
        ),
        format!("xapp-1-{}-{}-{}", upper(11), "1234567890123", hex(64)),
        format!("sk_live_{}", alnum(24)),
        format!("sk_test_{}", alnum(99)),
        format!("rk_live_{}", alnum(24)),
        format!("hf_{}", alnum(34)),
        format!("gsk_{}", alnum(52)),
        format!("r8_{}", alnum(37)),
        format!("npm_{}", alnum(36)),
        format!("pypi-AgEIcHlwaS5vcmc{}", url(120)),
        format!("SG.{}.{}", url(22), url(43)),
        format!("dop_v1_{}", hex(64)),
        format!("lsv2_pt_{}_{}", hex(32), hex(10)),
        format!("lsv2_sk_{}_{}", hex(32), hex(10)),
        format!("pplx-{}", alnum(48)),
        format!("xai-{}", alnum(80)),
        format!("dapi{}", hex(32)),
        format!("rw_live_{}_{}{}", hex(32), alnum(43), hex(6)),
    ];
    assert_found("provider_key", &keys);
}

#[test]
fn secrets_that_are_known_by_their_names() {
    let all = all();
    let aws = format!("{}/+{}", noise(ALNUM, 20), noise(ALNUM, 18));
    let azure = format!("{}/+{}==", noise(ALNUM, 50), noise(ALNUM, 34));
    let token = noise(HEX, 32);
    for (text, secret) in [
        (format!("aws_secret_access_key={aws}"), &aws),
        (format!("export AWS_SECRET_ACCESS_KEY=\"{aws}\""), &aws),
        (
            format!("aws configure set aws_secret_access_key {aws}"),
            &aws,
        ),
        (format!("secretAccessKey: '{aws}',"), &aws),
        (format!("<SecretAccessKey>{aws}</SecretAccessKey>"), &aws),
        (format!(r#"{{\"SecretAccessKey\": \"{aws}\"}}"#), &aws),
        (
            format!("AccountName=x;AccountKey={azure};EndpointSuffix=y"),
            &azure,
        ),
        (format!("TWILIO_AUTH_TOKEN={token}"), &token),
        (format!("twilio_api_key: SK{token}"), &format!("SK{token}")),
    ] {
        let wanted = text.replace(secret, "[redacted:provider_key]");
        assert_eq!(all.text(&text), Some(wanted), "{text}");
    }
    let path = format!(
        "T{}/B{}/{}",
        noise(UPPER, 8),
        noise(UPPER, 10),
        noise(ALNUM, 24)
    );
    let url = |path: &str| format!("https://hooks.slack.com/services/{path}");
    assert_eq!(all.text(&url(&path)), Some(url("[redacted:provider_key]")));
}

#[test]
fn private_keys() {
    let all = all();
    let line = noise(ALNUM, 64);
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        for newline in ["\n", "\r\n", "\\n", "\\\\n"] {
            let key = [
                &format!("-----BEGIN {kind}PRIVATE {}-----", "KEY"),
                &line,
                &line,
                "aGVsbG8=",
                &format!("-----END {kind}PRIVATE KEY-----"),
            ];
            let text = format!("a {} b", key.join(newline));
            assert_eq!(
                all.text(&text).as_deref(),
                Some("a [redacted:provider_key] b")
            );
        }
    }
    let cut = format!("-----BEGIN PRIVATE {}-----\n{line}\n{line}", "KEY");
    assert_eq!(all.text(&cut).as_deref(), Some("[redacted:provider_key]"));
    assert_eq!(
        all.text(&format!(
            "-----BEGIN PUBLIC KEY-----\n{line}\n-----END PUBLIC KEY-----"
        )),
        None
    );
}

#[test]
fn jwts() {
    let head = format!("eyJ{}", "hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
    let claims = format!("eyJ{}", "zdWIiOiIxMjM0NTY3ODkwIn0");
    let part = noise(URL, 43);
    let tokens = [
        format!("{head}.{claims}.{part}"),
        format!("{head}.{claims}"),
        format!("{head}.{part}.{part}.{part}.{part}"),
        format!("{head}..{part}.{part}.{part}"),
    ];
    assert_found("jwt", &tokens);
    let text = format!("Authorization: Bearer {}", tokens[0]);
    assert_eq!(
        all().text(&text).as_deref(),
        Some("Authorization: Bearer [redacted:jwt]")
    );
}
