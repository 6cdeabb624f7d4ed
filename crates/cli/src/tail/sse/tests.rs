use super::*;

const STREAM: &str = "\u{feff}: hello\r\nretry: 2500\r\n\r\nid: 7\nevent: run\ndata: {\"a\":\ndata:  \"größer\"}\n\n\
    data\n\nid\revent: step\rdata: x\r\rdata: never ended";

fn event(kind: &str, id: &str, data: &str) -> Event {
    Event {
        kind: kind.to_owned(),
        id: Some(id.to_owned()),
        data: data.to_owned(),
    }
}

fn expected() -> Vec<Event> {
    vec![
        event("run", "7", "{\"a\":\n \"größer\"}"),
        event("message", "7", ""),
        event("step", "", "x"),
    ]
}

#[test]
fn events_are_the_same_in_whatever_pieces_they_come() {
    for size in 1..STREAM.len() {
        let mut events = Events::default();
        events.begin();
        let pieces = STREAM.as_bytes().chunks(size);
        let read: Vec<Event> = pieces.flat_map(|piece| events.read(piece)).collect();
        assert_eq!(read, expected(), "pieces of {size}");
        assert_eq!(events.retry(), Some(Duration::from_millis(2_500)));
    }
}

#[test]
fn a_new_stream_goes_on_from_the_last_event() {
    let mut events = Events::default();
    events.begin();
    assert_eq!(events.read(b"id: 3\ndata: a\n\nid: 4\ndata: half").len(), 1);
    assert_eq!(
        events.last_id(),
        Some("3"),
        "an event that was not whole does not count"
    );
    events.begin();
    assert_eq!(events.last_id(), Some("3"));
    assert_eq!(events.read(b"data: b\n\n"), [event("message", "3", "b")]);
}

#[test]
fn an_endless_event_is_dropped_and_the_next_one_read() {
    let mut events = Events::default();
    events.begin();
    let line = format!("data: {}\n", "x".repeat(1 << 20));
    for _ in 0..20 {
        assert!(events.read(line.as_bytes()).is_empty());
    }
    assert!(events.read(b"\n").is_empty());
    assert_eq!(events.read(b"data: y\n\n").len(), 1);
}
