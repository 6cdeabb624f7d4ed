use super::*;

/// A server of this major version.
fn server(major: u32) -> Binaries {
    Binaries {
        major,
        postgres: "postgres".into(),
        initdb: "initdb".into(),
    }
}

fn chosen(installed: &[u32], data: Option<u32>) -> Result<u32, String> {
    let installed = installed.iter().copied().map(server);
    choose(installed, data)
        .map(|found| found.major)
        .map_err(|error| error.to_string())
}

#[test]
fn the_major_version_is_read_from_every_form_of_the_answer() {
    let cases = [
        (
            "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
            Some(15),
        ),
        ("postgres (PostgreSQL) 18.6\n", Some(18)),
        ("postgres (PostgreSQL) 19beta2", Some(19)),
        ("postgres (PostgreSQL) 9.6.24", Some(9)),
        ("postgres (PostgreSQL) devel", None),
        ("psql (PostgreSQL) 15.18", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(major_of(text), expected, "{text}");
    }
}

#[test]
fn folders_are_versions_with_or_without_homebrews_prefix() {
    assert_eq!(version_in(OsStr::new("15")), Some(15));
    assert_eq!(version_in(OsStr::new("postgresql@17")), Some(17));
    assert_eq!(version_in(OsStr::new("postgresql")), None);
}

#[test]
fn the_first_server_that_is_new_enough_is_taken() {
    assert_eq!(chosen(&[14, 15, 17], None), Ok(15));
    assert_eq!(chosen(&[17, 15], None), Ok(17));
}

#[test]
fn an_existing_cluster_gets_the_version_that_made_it() {
    assert_eq!(chosen(&[17, 16], Some(16)), Ok(16));
    let error = chosen(&[17], Some(16)).unwrap_err();
    assert!(error.contains("made by PostgreSQL 16") && error.contains("only PostgreSQL 17"));
}

#[test]
fn without_a_server_the_answer_says_what_to_install() {
    let too_old = chosen(&[14, 13], None).unwrap_err();
    assert!(
        too_old.contains("too old") && too_old.contains("PostgreSQL 15 or newer"),
        "{too_old}"
    );
    let none = chosen(&[], None).unwrap_err();
    assert!(
        none.contains("PostgreSQL 15 or newer") && none.contains("DATABASE_URL"),
        "{none}"
    );
}

#[test]
fn the_folders_of_the_search_path_come_first() {
    let path = std::env::join_paths(["/first", "/second"]).unwrap();
    let folders = candidates(Some(&path));
    assert_eq!(
        folders.get(..2).unwrap(),
        [Path::new("/first"), Path::new("/second")]
    );
}
