use actix_web::{HttpResponse, get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Running, Service, start};
use crate::health::Readiness;
use crate::metrics;
use crate::openapi::{self, document};
use crate::problem::Problem;
use crate::settings::HttpSettings;

/// Answers without looking at the body.
#[utoipa::path(responses((status = 200)))]
#[post("/v1/refused")]
async fn refuse_all() -> Result<HttpResponse, Problem> {
    Err(Problem::bad_request("It is wrong."))
}

/// Answers without looking at the body, as there is no time for that.
#[utoipa::path(responses((status = 200)))]
#[post("/v1/too-much")]
async fn refuse_too_much() -> Result<HttpResponse, Problem> {
    Err(Problem::unavailable())
}

/// Says how long the body is.
#[utoipa::path(responses((status = 200)))]
#[post("/v1/things")]
async fn create_thing(body: String) -> HttpResponse {
    HttpResponse::Ok().body(body.len().to_string())
}

/// Says hello.
#[utoipa::path(responses((status = 200)))]
#[get("/v1/things")]
async fn list_things() -> HttpResponse {
    HttpResponse::Ok().body("hello")
}

fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(refuse_all)
        .service(refuse_too_much)
        .service(create_thing)
        .service(list_things);
}

fn serve() -> (Running, Readiness) {
    let bind = "127.0.0.1:0".parse().unwrap();
    let settings = HttpSettings {
        bind,
        workers: 1,
        drain_seconds: 5,
        trusted_proxies: crate::client::TrustedProxies::default(),
    };
    let readiness = Readiness::new(async || Ok(()));
    let service = Service {
        registry: metrics::registry(),
        readiness: readiness.clone(),
        document: document("Things", "Things.", &openapi::KEYS, routes),
        routes,
    };
    (start(&settings, service).unwrap(), readiness)
}

/// Sends bytes and says that there are no more, and reads until the server closes.
async fn exchange(running: &Running, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn request(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_answers_and_stops() {
    let (running, _) = serve();
    let answer = exchange(&running, &request("GET", "/v1/things")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert!(answer.contains("x-request-id: "), "{answer}");
    let answer = exchange(&running, &request("HEAD", "/v1/things")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("content-length: 5") && !answer.ends_with("hello"),
        "{answer}"
    );
    let addr = running.addr();
    running.stop().await.unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_are_answered_as_problems() {
    let (running, _) = serve();
    let answer = exchange(&running, &request("GET", "/v1/nothing")).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains(r#""code":"not_found""#), "{answer}");
    let answer = exchange(&running, &request("DELETE", "/v1/things")).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    assert!(answer.contains("allow: GET, HEAD, POST\r\n"), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_framework_refuses_is_a_problem_too() {
    let (running, _) = serve();
    let head = "POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 17000000\r\n\r\n";
    let answer = exchange(&running, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""code":"body_too_large""#), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_body_does_not_swallow_the_answer_and_ends_the_connection() {
    let (running, _) = serve();
    let head = "POST /v1/refused HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n";
    let mut body = head.as_bytes().to_vec();
    body.resize(body.len() + 4_000_000, b'x');
    let answer = exchange(&running, &body).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_much_is_answered_and_not_read() {
    let (running, _) = serve();
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    let head = b"POST /v1/too-much HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let body = vec![b'x'; 1 << 20];
    let mut sent = 0;
    // It would take a thousand.
    while sent < 100 && stream.write_all(&body).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 100, "the connection is closed");
    let mut answer = [0; 512];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.contains("retry-after: "), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_that_came_too_much_is_read_and_the_connection_kept() {
    let (running, _) = serve();
    let one = "POST /v1/too-much HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    let answers = exchange(&running, one.repeat(2).as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 503").count(), 2, "{answers}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_draining_it_is_not_ready_and_answers_close_their_connections() {
    let (running, readiness) = serve();
    let answer = exchange(&running, &request("GET", "/ready")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    readiness.drain();
    let keep_alive = b"GET /v1/things HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = exchange(&running, keep_alive).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    let answer = exchange(&running, &request("GET", "/ready")).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_is_finished_when_the_server_stops() {
    let (running, _) = serve();
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    let head =
        b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    // The server asks for the body, so the request has reached its handler.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    let stopping = tokio::spawn(running.stop());
    stream.write_all(b"abc").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n3"),
        "{answer}"
    );
    stopping.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_counted_by_template_method_and_class() {
    let (running, _) = serve();
    exchange(&running, &request("GET", "/v1/things")).await;
    exchange(&running, &request("BREW", "/v1/coffee")).await;
    let answer = exchange(&running, &request("GET", "/metrics")).await;
    let lines = [
        r#"runwatch_http_requests_total{route="/v1/things",method="GET",status="2xx"} 1"#,
        r#"runwatch_http_requests_total{route="none",method="other",status="4xx"} 1"#,
    ];
    for line in lines {
        assert!(answer.contains(line), "{answer}");
    }
    running.stop().await.unwrap();
}
