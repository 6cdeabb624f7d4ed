use super::*;

#[test]
fn the_login_is_replaced_and_the_rest_stays() {
    let url = "postgres://owner:p%40ss@db.example:5433/runwatch?sslmode=require";
    let expected = "postgres://runwatch_query:secret@db.example:5433/runwatch?sslmode=require";
    assert_eq!(
        with_login(url, "runwatch_query", "secret").unwrap(),
        expected
    );
}

#[test]
fn a_login_is_added_where_there_was_none() {
    let expected = "postgresql://role:secret@localhost/runwatch";
    assert_eq!(
        with_login("postgresql://localhost/runwatch", "role", "secret").unwrap(),
        expected
    );
}

#[test]
fn a_url_without_a_path_keeps_its_options() {
    let expected = "postgres://role:secret@h?application_name=a@b";
    let url = "postgres://me@h?application_name=a@b";
    assert_eq!(with_login(url, "role", "secret").unwrap(), expected);
}

#[test]
fn what_is_not_a_postgres_url_is_refused() {
    assert_eq!(
        with_login("host=localhost dbname=x", "role", "secret"),
        Err(BadUrl)
    );
    assert_eq!(
        with_login("mysql://root@localhost/x", "role", "secret"),
        Err(BadUrl)
    );
}

#[test]
fn the_place_of_a_database_is_said_without_its_login() {
    let place = place_of("postgres://me:p@ss@db.example.com:5432/runwatch?sslmode=disable");
    assert_eq!(place, "the database db.example.com:5432/runwatch");
    assert_eq!(place_of("postgres:///runwatch"), "the database /runwatch");
}

#[test]
fn libpq_is_told_in_its_own_words() {
    let ours = "postgres://a@h/d?sslmode=no-verify&application_name=x";
    assert_eq!(
        for_libpq(ours),
        "postgres://a@h/d?sslmode=require&application_name=x"
    );
    let theirs = "postgres://a@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem";
    assert_eq!(for_libpq(theirs), theirs);
}
