use super::*;
use crate::scratch::Scratch;

#[tokio::test]
async fn a_second_start_in_the_same_folder_names_the_first() {
    let scratch = Scratch::new();
    let first = DataDir::open(Some(scratch.path())).await.unwrap();
    let error = DataDir::open(Some(scratch.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    assert!(error.contains("--data-dir"), "{error}");
    drop(first);
    DataDir::open(Some(scratch.path())).await.unwrap();
}

#[tokio::test]
async fn the_folder_is_made_where_it_is_missing() {
    let scratch = Scratch::new();
    let data_dir = DataDir::open(Some(&scratch.path().join("a/b")))
        .await
        .unwrap();
    assert!(data_dir.path().is_dir() && data_dir.path().is_absolute());
}

#[test]
fn too_little_free_space_is_said_in_mebibytes() {
    let path = Path::new("/data");
    check_space(path, FREE_BYTES_MIN).unwrap();
    let error = check_space(path, FREE_BYTES_MIN - 1)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "only 1023 MiB are free in /data; Runwatch needs at least 1024 MiB to start"
    );
}
