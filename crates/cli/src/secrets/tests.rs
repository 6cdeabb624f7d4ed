use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::scratch::Scratch;

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_password_is_made_once_and_found_again_at_the_next_start() {
    let scratch = Scratch::new();
    let path = scratch.path().join("secrets");
    let made = Secrets::open(path.clone())
        .unwrap()
        .password("postgres")
        .unwrap();
    assert_eq!(made.len(), 2 * PASSWORD_BYTES);
    assert_eq!(
        Secrets::open(path).unwrap().password("postgres").unwrap(),
        made
    );
}

#[test]
fn two_passwords_differ() {
    let scratch = Scratch::new();
    let mut secrets = Secrets::open(scratch.path().join("secrets")).unwrap();
    assert_ne!(
        secrets.password("one").unwrap(),
        secrets.password("other").unwrap()
    );
}

#[test]
fn only_the_owner_can_read_the_file() {
    let scratch = Scratch::new();
    let path = scratch.path().join("secrets");
    let mut secrets = Secrets::open(path.clone()).unwrap();
    secrets.keep(&[("key", "value")]).unwrap();
    assert_eq!(mode_of(&path), 0o600);
}

#[test]
fn a_file_that_everybody_could_read_is_closed_when_it_is_written_again() {
    let scratch = Scratch::new();
    let path = scratch.path().join("env");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    write_owner_only(&path, "new").unwrap();
    assert_eq!(mode_of(&path), 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
}

#[test]
fn a_value_may_hold_an_equals_sign() {
    let scratch = Scratch::new();
    let path = scratch.path().join("secrets");
    Secrets::open(path.clone())
        .unwrap()
        .keep(&[("key", "a=b=")])
        .unwrap();
    assert_eq!(Secrets::open(path).unwrap().get("key"), Some("a=b="));
}
