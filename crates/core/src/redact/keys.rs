//! Keys of providers by what they begin with.
//!
//! The forms are those that two scanners of repositories know, gitleaks
//! (<https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml>) and `TruffleHog`
//! (<https://github.com/trufflesecurity/trufflehog/tree/main/pkg/detectors>). Lengths are taken more
//! loosely than there: providers lengthen their keys, and a placeholder may well be redacted.

use std::ops::Range;

use super::borders::{begins_word, ends_word, is_word};
use super::named::Named;
use super::{Detector, jwt, pem};

/// Which characters a key has after its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chars {
    /// Hex digits in lower case.
    Hex,
    /// Capitals and digits.
    Upper,
    /// Letters and digits.
    Alnum,
    /// Those and `_`.
    Word,
    /// Those and `-`.
    Url,
}

impl Chars {
    /// Whether the byte is one of them.
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => is_word(byte),
            Self::Url => is_word(byte) || byte == b'-',
        }
    }

    /// How many of them a text begins with.
    pub(super) fn count(self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.has(**byte)).count()
    }
}

/// What has to follow a beginning.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// So many of these characters, at least and at most.
    Run(Chars, usize, usize),
    /// `sk-`, which OpenAI, Anthropic, Langfuse and many others begin with.
    Sk,
    /// `xox` and `xapp-` of Slack.
    Slack,
    /// The path of a webhook of Slack.
    Webhook,
    /// Two parts with a point between them.
    SendGrid,
    /// A key of our own.
    Runwatch,
    /// A secret that is known by its name only.
    Named(Named),
    /// A private key as PEM.
    Pem,
    /// A token of JOSE.
    Jwt,
}

/// A key by what it begins with, and from which byte of that on it is searched for: what is rare is
/// found faster.
pub(super) type Key = (&'static str, usize, Shape);

/// What is searched for, and what has to follow it.
pub(super) const KEYS: [Key; 44] = [
    ("sk-", 0, Shape::Sk),
    ("hf_", 0, Shape::Run(Chars::Alnum, 30, 40)),
    ("r8_", 0, Shape::Run(Chars::Alnum, 30, 50)),
    ("SG.", 0, Shape::SendGrid),
    ("rw_", 0, Shape::Runwatch),
    ("xox", 0, Shape::Slack),
    ("eyJ", 0, Shape::Jwt),
    ("AKIA", 0, Shape::Run(Chars::Upper, 16, 16)),
    ("ASIA", 0, Shape::Run(Chars::Upper, 16, 16)),
    ("AIza", 0, Shape::Run(Chars::Url, 35, 40)),
    ("ghp_", 0, Shape::Run(Chars::Alnum, 36, 255)),
    ("gho_", 0, Shape::Run(Chars::Alnum, 36, 255)),
    ("ghu_", 0, Shape::Run(Chars::Alnum, 36, 255)),
    ("ghs_", 0, Shape::Run(Chars::Alnum, 36, 255)),
    ("ghr_", 0, Shape::Run(Chars::Alnum, 36, 255)),
    ("github_pat_", 6, Shape::Run(Chars::Word, 36, 255)),
    ("glpat-", 1, Shape::Run(Chars::Url, 20, 300)),
    ("xapp-", 0, Shape::Slack),
    ("hooks.slack.com", 6, Shape::Webhook),
    ("sk_live_", 1, Shape::Run(Chars::Alnum, 10, 255)),
    ("sk_test_", 1, Shape::Run(Chars::Alnum, 10, 255)),
    ("rk_live_", 1, Shape::Run(Chars::Alnum, 10, 255)),
    ("rk_test_", 1, Shape::Run(Chars::Alnum, 10, 255)),
    ("gsk_", 0, Shape::Run(Chars::Alnum, 32, 64)),
    ("npm_", 0, Shape::Run(Chars::Alnum, 36, 36)),
    ("pypi-AgE", 2, Shape::Run(Chars::Url, 50, 1_000)),
    ("dop_v1_", 0, Shape::Run(Chars::Hex, 64, 64)),
    ("doo_v1_", 0, Shape::Run(Chars::Hex, 64, 64)),
    ("dor_v1_", 0, Shape::Run(Chars::Hex, 64, 64)),
    ("lsv2_", 0, Shape::Run(Chars::Word, 30, 100)),
    ("pplx-", 0, Shape::Run(Chars::Alnum, 40, 64)),
    ("xai-", 0, Shape::Run(Chars::Word, 40, 128)),
    ("dapi", 0, Shape::Run(Chars::Hex, 32, 32)),
    ("access_key", 4, Shape::Named(Named::Aws)),
    ("ACCESS_KEY", 4, Shape::Named(Named::Aws)),
    ("access-key", 4, Shape::Named(Named::Aws)),
    ("AccessKey", 4, Shape::Named(Named::Aws)),
    ("ccountKey", 4, Shape::Named(Named::Azure)),
    ("account_key", 5, Shape::Named(Named::Azure)),
    ("ACCOUNT_KEY", 5, Shape::Named(Named::Azure)),
    ("account-key", 5, Shape::Named(Named::Azure)),
    ("twilio_", 0, Shape::Named(Named::Twilio)),
    ("TWILIO_", 0, Shape::Named(Named::Twilio)),
    ("-----BEGIN", 4, Shape::Pem),
];

impl Shape {
    /// Which detector looks for it.
    pub(super) fn detector(self) -> Detector {
        match self {
            Self::Jwt => Detector::Jwts,
            _ => Detector::ProviderKeys,
        }
    }

    /// What is to be redacted if it is what its beginning says, which stands at `start` and ends at
    /// `after`.
    pub(super) fn range(self, bytes: &[u8], start: usize, after: usize) -> Option<Range<usize>> {
        let rest = bytes.get(after..)?;
        match self {
            Self::Named(named) => {
                let (skipped, len) = named.after_name(rest)?;
                let start = after + skipped;
                return Some(start..start + len);
            }
            Self::Webhook => {
                let (skipped, len) = webhook(rest)?;
                let start = after + skipped;
                return Some(start..start + len);
            }
            Self::Jwt => return Some(start..start + jwt::len(bytes, start)?),
            Self::Pem => return Some(start..after + pem::len(rest)?),
            _ => {}
        }
        if !begins_word(bytes, start) || bytes.get(..start)?.ends_with(b"-") {
            return None;
        }
        let len = match self {
            Self::Run(chars, min, max) => run(chars, min, max, rest),
            Self::Sk => sk(rest),
            Self::Slack => slack(rest),
            Self::SendGrid => send_grid(rest),
            Self::Runwatch => runwatch(rest),
            Self::Webhook | Self::Named(_) | Self::Pem | Self::Jwt => None,
        }?;
        ends_word(bytes, after + len).then_some(start..after + len)
    }
}

fn run(chars: Chars, min: usize, max: usize, rest: &[u8]) -> Option<usize> {
    let len = chars.count(rest);
    (min..=max).contains(&len).then_some(len)
}

/// Beginnings after `sk-` that say enough.
const SK_SURE: [&[u8]; 8] = [
    b"ant-",
    b"proj-",
    b"svcacct-",
    b"service-",
    b"admin-",
    b"None-",
    b"lf-",
    b"or-",
];
/// Characters of a key that begins with `sk-`.
const SK_LEN_MIN: usize = 20;
/// Characters that stand together in one that nothing else says is a key: names with hyphens have none
/// so long.
const SK_PART_LEN_MIN: usize = 16;

fn sk(rest: &[u8]) -> Option<usize> {
    let len = Chars::Url.count(rest);
    let key = rest.get(..len).filter(|key| key.len() >= SK_LEN_MIN)?;
    let is_sure = SK_SURE.iter().any(|start| key.starts_with(start));
    let is_random = |part: &[u8]| {
        part.len() >= SK_PART_LEN_MIN
            && part.iter().any(u8::is_ascii_digit)
            && part.iter().any(u8::is_ascii_alphabetic)
    };
    (is_sure || key.split(|byte| matches!(byte, b'-' | b'_')).any(is_random)).then_some(len)
}

/// Characters after `xox` and `xapp-`, at least.
const SLACK_LEN_MIN: usize = 14;

fn slack(rest: &[u8]) -> Option<usize> {
    // `xoxe.xoxp-1-…` is found at its second half.
    let is_point = |byte: &u8| *byte == b'-' || byte.is_ascii_alphanumeric();
    let len = rest.iter().take_while(|byte| is_point(byte)).count();
    let key = rest.get(..len)?;
    let is_one = matches!(
        key,
        [b'a' | b'b' | b'e' | b'o' | b'p' | b'r' | b's', b'-', ..] | [b'0'..=b'9', b'-', ..]
    );
    (is_one && len >= SLACK_LEN_MIN && key.iter().any(u8::is_ascii_digit)).then_some(len)
}

/// Characters of the secret path of a webhook, at least.
const WEBHOOK_LEN_MIN: usize = 20;

/// Where the secret path begins and how long it is. In JSON the slashes may be escaped.
fn webhook(rest: &[u8]) -> Option<(usize, usize)> {
    let kinds: [&[u8]; 3] = [b"services", b"workflows", b"triggers"];
    let slash = |bytes: &[u8]| {
        bytes
            .iter()
            .take_while(|byte| matches!(byte, b'\\' | b'/'))
            .count()
    };
    let first = slash(rest);
    let kind = kinds
        .iter()
        .find(|kind| rest.get(first..).is_some_and(|rest| rest.starts_with(kind)))?;
    let mut skipped = first + kind.len();
    skipped += slash(rest.get(skipped..)?);
    let len = super::named::base64_len(rest.get(skipped..)?).1;
    (len >= WEBHOOK_LEN_MIN).then_some((skipped, len))
}

fn send_grid(rest: &[u8]) -> Option<usize> {
    let first = Chars::Url.count(rest);
    let second = Chars::Url.count(rest.get(first..)?.strip_prefix(b".")?);
    ((16..=32).contains(&first) && (32..=64).contains(&second)).then_some(first + 1 + second)
}

/// Characters of our keys' ids, and of what follows them at least.
const RUNWATCH_LENS: (usize, usize) = (32, 20);

fn runwatch(rest: &[u8]) -> Option<usize> {
    let environment = rest
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase())
        .count();
    let after = rest.get(environment..)?.strip_prefix(b"_")?;
    let id = Chars::Hex.count(after);
    let secret = Chars::Url.count(after.get(id..)?.strip_prefix(b"_")?);
    let is_one = environment > 0 && id == RUNWATCH_LENS.0 && secret >= RUNWATCH_LENS.1;
    is_one.then_some(environment + 1 + id + 1 + secret)
}
