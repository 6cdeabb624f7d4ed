//! The settings of a provider: all of them, or none.

use control_api::OidcSettings;
use runwatch_service::env::Env;

const WHOLE: [(&str, &str); 3] = [
    ("OIDC_ISSUER", "https://login.example.com"),
    ("OIDC_CLIENT_ID", "runwatch"),
    (
        "OIDC_REDIRECT_URI",
        "https://runwatch.example.com/v1/auth/oidc/callback",
    ),
];

/// The settings with some of them different, or why not.
fn read(changes: &[(&str, &str)]) -> Result<Option<OidcSettings>, String> {
    let env = Env::of(&[&WHOLE[..], changes].concat());
    env.read(OidcSettings::from_env)
        .map_err(|mistakes| mistakes.to_string())
}

#[test]
fn all_that_is_needed_turns_it_on_and_nothing_leaves_it_off() {
    let whole = read(&[]).unwrap().unwrap();
    assert_eq!(whole.name, "Single sign-on");
    assert!(!whole.trusts_email && whole.client_secret.is_none());
    let off = Env::of(&[]).read(OidcSettings::from_env).unwrap();
    assert!(off.is_none());
    let secret = read(&[("OIDC_CLIENT_SECRET", "hunter2"), ("OIDC_NAME", "ACME")]);
    let secret = secret.unwrap().unwrap();
    assert_eq!(secret.name, "ACME");
    assert!(!format!("{secret:?}").contains("hunter2"));
}

#[test]
fn what_is_missing_is_told_by_its_name() {
    for (name, _) in WHOLE {
        let mistakes = read(&[(name, "")]).unwrap_err();
        let told = if name == "OIDC_ISSUER" {
            "OIDC_CLIENT_ID cannot be used: it needs OIDC_ISSUER beside it"
        } else {
            &format!("{name} is not set")
        };
        assert!(mistakes.contains(told), "{mistakes}");
    }
    let secret = Env::of(&[("OIDC_CLIENT_SECRET", "hunter2")]);
    let mistakes = secret.read(OidcSettings::from_env).unwrap_err().to_string();
    assert!(mistakes.contains("OIDC_CLIENT_SECRET"), "{mistakes}");
    assert!(!mistakes.contains("hunter2"), "{mistakes}");
}

#[test]
fn only_addresses_are_taken_to_which_nobody_can_listen() {
    for issuer in [
        "https://login.example.com/realms/acme",
        "https://login.example.com/",
        "http://localhost:8081",
        "http://127.0.0.1:8081",
        "http://[::1]:8081",
    ] {
        assert!(read(&[("OIDC_ISSUER", issuer)]).is_ok(), "{issuer}");
    }
    let long = format!("https://login.example.com/{}", "x".repeat(255));
    for issuer in [
        "http://login.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "https://me:secret@login.example.com",
        "https://login.example.com?tenant=1",
        "https://login.example.com#x",
        "ftp://localhost",
        "file:///etc/passwd",
        "login.example.com",
        &long,
    ] {
        let mistakes = read(&[("OIDC_ISSUER", issuer)]).unwrap_err();
        assert!(
            mistakes.contains("OIDC_ISSUER cannot be used"),
            "{mistakes}"
        );
        assert_eq!(mistakes.lines().count(), 2, "no other is told: {mistakes}");
    }
    for redirect_uri in [
        "https://runwatch.example.com/",
        "https://runwatch.example.com/v1/auth/oidc/callback/",
        "https://runwatch.example.com/v1/auth/oidc/callback?x",
        "http://runwatch.example.com/v1/auth/oidc/callback",
        "/v1/auth/oidc/callback",
    ] {
        let read = read(&[("OIDC_REDIRECT_URI", redirect_uri)]);
        assert!(read.is_err(), "{redirect_uri}");
    }
    assert!(read(&[("OIDC_TRUST_EMAIL", "yes")]).is_err());
    assert!(read(&[("OIDC_NAME", " ")]).is_err());
}
