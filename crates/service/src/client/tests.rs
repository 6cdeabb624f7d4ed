use std::net::SocketAddr;

use actix_web::test::TestRequest;

use super::*;

fn seen(peer: &str, proxies: &str, headers: &[(&'static str, &'static str)]) -> Client {
    let env = Env::of(&[("RUNWATCH_TRUSTED_PROXIES", proxies)]);
    let proxies = env
        .read(TrustedProxies::from_env)
        .expect("they are networks");
    let peer = SocketAddr::new(peer.parse().expect("it is an address"), 4711);
    let mut request = TestRequest::default()
        .peer_addr(peer)
        .app_data(Data::new(proxies));
    for header in headers {
        request = request.insert_header(*header);
    }
    of(&request.to_http_request())
}

fn client(address: &str, is_private: bool) -> Client {
    let address = address.parse().expect("it is an address");
    Client {
        address,
        is_private,
    }
}

const TOLD: [(&str, &str); 3] = [
    ("host", "runwatch.example.com"),
    ("x-real-ip", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

#[test]
fn a_proxy_on_this_machine_is_believed_unless_somebody_says_otherwise() {
    assert_eq!(seen("127.0.0.1", "", &TOLD), client("203.0.113.7", true));
    assert_eq!(
        seen("::ffff:127.0.0.1", "", &TOLD),
        client("203.0.113.7", true)
    );
    assert_eq!(
        seen("127.0.0.1", "10.0.0.0/8", &TOLD),
        client("127.0.0.1", false)
    );
    assert_eq!(
        seen("10.1.2.3", "10.0.0.0/8,::1", &TOLD),
        client("203.0.113.7", true)
    );
}

#[test]
fn nobody_else_is_believed_about_themselves() {
    assert_eq!(
        seen("198.51.100.9", "", &TOLD),
        client("198.51.100.9", false)
    );
}

#[test]
fn plain_http_is_private_only_on_the_machine_itself() {
    let local = [("host", "localhost:8080"), ("x-forwarded-proto", "http")];
    assert!(seen("127.0.0.1", "", &local).is_private);
    let forged = [("host", "localhost"), ("x-real-ip", "203.0.113.7")];
    assert!(!seen("127.0.0.1", "", &forged).is_private);
    assert!(!seen("198.51.100.9", "", &[("host", "127.0.0.1")]).is_private);
    assert!(!seen("127.0.0.1", "", &[("host", "localhost.example.com")]).is_private);
}

#[test]
fn what_is_no_network_is_a_mistake() {
    for wrong in [
        "10.0.0.0/33",
        "example.com",
        "10.0.0.1,",
        "10.0.0.1;10.0.0.2",
    ] {
        let env = Env::of(&[("RUNWATCH_TRUSTED_PROXIES", wrong)]);
        assert!(env.read(TrustedProxies::from_env).is_err(), "{wrong}");
    }
}
