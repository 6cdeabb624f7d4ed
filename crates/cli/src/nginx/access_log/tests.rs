use super::*;
use crate::scratch::Scratch;

#[test]
fn a_log_is_put_aside_only_when_it_is_too_large() {
    let scratch = Scratch::new();
    let path = scratch.path().join("access.log");
    fs::write(&path, "1234").unwrap();
    assert!(!put_aside(&path, 4).unwrap());
    assert!(put_aside(&path, 3).unwrap());
    assert!(!path.exists());
    assert_eq!(
        fs::read_to_string(scratch.path().join("access.log.old")).unwrap(),
        "1234"
    );
}

#[test]
fn only_one_older_log_is_kept() {
    let scratch = Scratch::new();
    let path = scratch.path().join("access.log");
    for text in ["first", "second"] {
        fs::write(&path, text).unwrap();
        put_aside(&path, 1).unwrap();
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    assert_eq!(
        fs::read_to_string(scratch.path().join("access.log.old")).unwrap(),
        "second"
    );
}
