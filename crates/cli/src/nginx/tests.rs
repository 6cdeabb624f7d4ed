use std::net::Ipv4Addr;

use super::*;

fn front(listen: &str, public_url: &str) -> Front {
    Front {
        listen: listen.parse().unwrap(),
        ports: Ports::from_base(8080, None).unwrap(),
        public_url: public_url.to_owned(),
        ingest_rate: 100,
        query_rate: 0,
        tls: None,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

fn rendered(front: &Front) -> String {
    render(
        TEMPLATE,
        &values(front, Path::new("/srv/runwatch/nginx")).unwrap(),
    )
    .unwrap()
}

#[test]
fn every_placeholder_of_the_template_has_a_value() {
    let text = rendered(&front("127.0.0.1", "http://127.0.0.1:8080"));
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
    let text = rendered(&front("127.0.0.1", ""));
    assert!(
        text.contains("limit_req_zone $binary_remote_addr zone=ingest_requests:10m rate=100r/s;")
    );
    assert!(
        text.contains("limit_req_zone \"\" zone=query_requests:10m rate=1r/s;"),
        "{text}"
    );
}

#[test]
fn on_loopback_only_known_names_are_answered() {
    let names = server_names(&front("127.0.0.1", "https://runs.example.com/x"));
    assert_eq!(names, "127.0.0.1 [::1] localhost runs.example.com");
    let names = server_names(&front("127.0.0.2", "http://evil;}/"));
    assert_eq!(names, "127.0.0.1 127.0.0.2 [::1] localhost");
}

#[test]
fn elsewhere_every_name_is_answered() {
    assert_eq!(
        server_names(&front("0.0.0.0", "http://10.0.0.1:8080")),
        "~."
    );
    assert!(!IpAddr::from(Ipv4Addr::UNSPECIFIED).is_loopback());
}

#[test]
fn a_folder_that_would_break_the_configuration_is_refused() {
    let front = front("127.0.0.1", "");
    assert!(values(&front, Path::new("/srv/$x")).is_err());
    assert!(values(&front, Path::new("/srv/a\"b")).is_err());
}
