use std::sync::Arc;

use super::*;
use crate::lifeline::Lifeline;
use crate::process;

fn options(durability: Durability) -> Options {
    Options {
        data_dir: "/srv/it's/data".into(),
        port: 8086,
        durability,
        auth: Auth::Trust,
        output: process::Output::Quiet,
        lifeline: Arc::new(Lifeline::start().unwrap()),
    }
}

fn has(settings: &str, line: &str) -> bool {
    settings.lines().any(|candidate| candidate == line)
}

#[test]
fn durability_stays_on_unless_a_test_turns_it_off() {
    let full = settings(&options(Durability::Full), None, Compression::Pglz);
    let tests = settings(&options(Durability::OffForTests), None, Compression::Pglz);
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert!(has(&full, &format!("{name} = on")), "{full}");
        assert!(has(&tests, &format!("{name} = off")), "{tests}");
    }
}

#[test]
fn shared_buffers_are_a_quarter_of_the_memory_and_at_most_512_mib() {
    let with = |kib| settings(&options(Durability::Full), kib, Compression::Pglz);
    assert!(has(&with(Some(1024 * 1024)), "shared_buffers = 256MB"));
    assert!(has(&with(Some(64 * 1024 * 1024)), "shared_buffers = 512MB"));
    assert!(has(&with(None), "shared_buffers = 128MB"));
}

#[test]
fn lz4_is_asked_for_only_where_the_server_knows_it() {
    let with = |compression| settings(&options(Durability::Full), None, compression);
    assert!(has(
        &with(Compression::Lz4),
        "default_toast_compression = lz4"
    ));
    assert!(!with(Compression::Pglz).contains("lz4"));
}

#[test]
fn a_quote_in_the_folders_name_is_doubled() {
    let text = settings(&options(Durability::Full), None, Compression::Pglz);
    assert!(
        has(&text, "unix_socket_directories = '/srv/it''s/data'"),
        "{text}"
    );
}

#[test]
fn a_folder_too_deep_for_a_socket_gets_none() {
    let mut options = options(Durability::Full);
    options.data_dir = format!("/{}", "d".repeat(SOCKET_FOLDER_BYTES_MAX)).into();
    let text = settings(&options, None, Compression::Pglz);
    assert!(has(&text, "unix_socket_directories = ''"), "{text}");
}
