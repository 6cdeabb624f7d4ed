use clap::Parser;

use super::*;
use crate::args::{Cli, Command};

fn front(options: &[&str]) -> Front {
    let words = ["runwatch", "up"].iter().chain(options);
    let Command::Up(args) = Cli::parse_from(words).command else {
        panic!("not `up`")
    };
    let ports = Ports::from_base(args.port, args.front.grpc_port).unwrap();
    Front::new(&args.front, ports, Upstreams::on_loopback(ports)).unwrap()
}

fn rendered(front: &Front) -> String {
    front
        .configuration(Path::new("/srv/runwatch/nginx"))
        .unwrap()
}

#[test]
fn every_placeholder_of_the_template_has_a_value() {
    let text = rendered(&front(&[]));
    assert!(
        text.contains("listen 127.0.0.1:8080 default_server;"),
        "{text}"
    );
    assert!(text.contains("listen 127.0.0.1:4317 http2;"), "{text}");
    assert!(
        text.contains("server 127.0.0.1:8085 max_fails=0;"),
        "{text}"
    );
    assert!(
        text.contains("server 127.0.0.1:8081 max_fails=0;"),
        "{text}"
    );
    assert!(
        text.contains("server 127.0.0.1:8082 max_fails=0;"),
        "{text}"
    );
    assert!(
        text.contains("pid /srv/runwatch/nginx/nginx.pid;"),
        "{text}"
    );
}

#[test]
fn a_placeholder_without_a_value_is_an_error_that_shows_its_line() {
    let error = render("a ${A};\nb ${B};\n", &[("A", "1".to_owned())])
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("b ${B};"), "{error}");
}

#[test]
fn a_rate_of_zero_takes_the_limit_away() {
    let text = rendered(&front(&["--query-rate-limit", "0"]));
    assert!(
        text.contains("limit_req_zone $binary_remote_addr zone=ingest_requests:10m rate=100r/s;")
    );
    assert!(
        text.contains("limit_req_zone \"\" zone=query_requests:10m rate=1r/s;"),
        "{text}"
    );
}

#[test]
fn several_servers_of_a_service_are_one_upstream() {
    let mut front = front(&[]);
    front
        .upstreams
        .ingest
        .push("ingest-2.internal:8000".to_owned());
    let text = rendered(&front);
    let both = "server 127.0.0.1:8081 max_fails=0; server ingest-2.internal:8000 max_fails=0;";
    assert!(text.contains(both), "{text}");
}

fn names(options: &[&str]) -> String {
    front(options).server_names.join(" ")
}

#[test]
fn on_loopback_only_known_names_are_answered() {
    let options = ["--public-url", "https://runs.example.com/x"];
    assert_eq!(
        names(&options),
        "127.0.0.1 [::1] localhost runs.example.com"
    );
    let options = ["--listen", "127.0.0.2", "--public-url", "http://evil;}/"];
    assert_eq!(names(&options), "127.0.0.1 127.0.0.2 [::1] localhost");
}

#[test]
fn elsewhere_every_name_is_answered_until_some_are_named() {
    assert_eq!(names(&["--listen", "0.0.0.0"]), "~.");
    let options = [
        "--listen",
        "0.0.0.0",
        "--server-name",
        "in.example.com,10.0.0.1",
    ];
    assert_eq!(
        names(&options),
        "10.0.0.1 127.0.0.1 [::1] in.example.com localhost"
    );
}

#[test]
fn a_folder_that_would_break_the_configuration_is_refused() {
    let front = front(&[]);
    assert!(values(&front, Path::new("/srv/$x")).is_err());
    assert!(values(&front, Path::new("/srv/a\"b")).is_err());
}
