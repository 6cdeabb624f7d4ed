use super::*;

fn of(url: &str) -> Result<Protection, BadAddress> {
    url.parse().map(|address: Address| address.protection())
}

#[test]
fn this_machine_is_spoken_to_in_clear_text_and_others_have_to_prove_themselves() {
    for here in [
        "postgres://me@127.0.0.1:5432/db",
        "postgres://me@127.1.2.3/db?sslmode=disable",
        "postgresql://me:p%40ss@localhost/db?sslmode=prefer",
        "postgres://me@[::1]:5432/db",
        "postgres://me@%2Fvar%2Frun%2Fpostgresql/db",
        "postgres://me@/db?host=/var/run/postgresql",
        "postgres://me@localhost/db?hostaddr=127.0.0.1&application_name=x",
        "postgres://me@localhost/db?sslmode=cleartext",
    ] {
        assert_eq!(of(here), Ok(Protection::Local), "{here}");
    }
    for elsewhere in [
        "postgres://me@db.example.com/db",
        "postgres://me@db.example.com/db?sslmode=prefer",
        "postgres://me@db.example.com/db?sslmode=require",
        "postgres://me@db.example.com/db?sslmode=verify-ca",
        "postgres://me@10.1.2.3/db?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgres://me@127.0.0.1,10.1.2.3/db",
        "postgres://me@[2001:db8::1]/db",
        "postgres://me@localhost.example.com/db",
        // The one that is named has to be here, and the one that is called, too.
        "postgres://me@db.example.com/db?hostaddr=127.0.0.1",
        "postgres://me@localhost/db?hostaddr=10.1.2.3",
        // Whoever asks for more gets more.
        "postgres://me@localhost/db?sslmode=require",
        "postgres://me@localhost/db?sslrootcert=/etc/ca.pem",
    ] {
        assert_eq!(of(elsewhere), Ok(Protection::Verified), "{elsewhere}");
    }
}

#[test]
fn less_than_that_has_to_be_asked_for_by_its_name() {
    let elsewhere = |mode| format!("postgres://me@db.example.com/db?sslmode={mode}");
    assert_eq!(of(&elsewhere("disable")), Err(BadAddress::NotHere));
    assert_eq!(of(&elsewhere("no-verify")), Ok(Protection::Unverified));
    assert_eq!(of(&elsewhere("cleartext")), Ok(Protection::ClearText));
    assert_eq!(of(&elsewhere("off")), Err(BadAddress::UnknownMode));
}

#[test]
fn what_cannot_be_read_is_refused_and_not_repeated() {
    for (url, why) in [
        ("", BadAddress::NotAUrl),
        ("host=localhost user=me", BadAddress::NotAUrl),
        ("mysql://me@localhost/db", BadAddress::NotAUrl),
        (
            "postgres://me:secret@localhost:port/db",
            BadAddress::NotAUrl,
        ),
        (
            "postgres://me@localhost/db?sslrootcert=ca.pem",
            BadAddress::NotAPath,
        ),
    ] {
        assert_eq!(of(url), Err(why), "{url}");
        assert!(!why.to_string().contains("cret"));
    }
    let odd_password = |mode| {
        of(&format!(
            "postgres://me:se?cret@localhost/db?sslmode={mode}"
        ))
    };
    assert_eq!(odd_password("prefer"), Ok(Protection::Local));
    assert_eq!(odd_password("require"), Ok(Protection::Verified));
    assert!(of("postgres://me@localhost/db?sslrootcert=system&sslmode=verify-full").is_ok());
}
