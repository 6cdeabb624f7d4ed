use super::*;

#[test]
fn the_beginning_of_a_file_tells_what_it_is() {
    for (name, body, content_type) in [
        ("a", &b"{\"agent_id\":\"a\"}"[..], JSON),
        ("a", b" [\n{}]", JSON),
        ("a", b"{\n \"agent_id\": \"a\"\n}", JSON),
        ("a", b"{\"agent_id\":\"a\"}\n{\"agent_id\":\"b\"}\n", NDJSON),
        ("a.jsonl", b"{}", NDJSON),
        ("a.body", b"\x0a\x7b{", PROTOBUF),
        ("a", b"", JSON),
    ] {
        let expected = Kind {
            content_type,
            is_gzip: false,
        };
        assert_eq!(kind(Path::new(name), body), expected, "{name} {body:?}");
    }
}

#[test]
fn the_name_of_a_compressed_file_tells_what_is_in_it() {
    for (name, content_type) in [
        ("a.json.gz", JSON),
        ("a.ndjson.gz", NDJSON),
        ("a.gz", PROTOBUF),
    ] {
        let expected = Kind {
            content_type,
            is_gzip: true,
        };
        assert_eq!(kind(Path::new(name), &[0x1f, 0x8b, 8]), expected, "{name}");
    }
}
