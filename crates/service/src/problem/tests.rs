use actix_web::ResponseError;
use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use runwatch_store::error::StoreError;
use serde_json::{Value, json};

use super::Problem;

async fn rendered(problem: Problem) -> (StatusCode, Vec<(String, String)>, Value) {
    let response = problem.error_response();
    let status = response.status();
    let header = |(name, value): (&actix_web::http::header::HeaderName, &_)| {
        let value: &actix_web::http::header::HeaderValue = value;
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let mut headers: Vec<_> = response.headers().iter().map(header).collect();
    headers.sort();
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_problem_names_its_code_field_index_and_further_members() {
    let problem = Problem::invalid_parameter("limit", "It is too large.")
        .with_index(3)
        .with_member("limit_max", 1000);
    let (status, headers, body) = rendered(problem).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(headers.contains(&("content-type".into(), "application/problem+json".into())));
    assert_eq!(
        body,
        json!({
            "type": "about:blank", "title": "Bad Request", "status": 400,
            "code": "invalid_parameter", "detail": "It is too large.",
            "field": "limit", "index": 3, "limit_max": 1000
        })
    );
}

#[tokio::test]
async fn passing_trouble_of_the_database_asks_to_come_back() {
    let error = StoreError::Unavailable("connection refused by 10.0.0.7".into());
    let (status, headers, body) = rendered(error.into()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let is_soon = |(name, seconds): &(String, String)| {
        name == "retry-after" && ["1", "2"].contains(&seconds.as_str())
    };
    assert!(headers.iter().any(is_soon), "{headers:?}");
    assert_eq!(body["code"], "unavailable");
    assert!(!body.to_string().contains("10.0.0.7"));
}

#[tokio::test]
async fn an_unknown_error_is_opaque() {
    let error = StoreError::Unreadable("row 7 of agent_runs".to_owned());
    let (status, _, body) = rendered(error.into()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["code"], "internal");
    assert!(!body.to_string().contains("agent_runs"));
}

#[tokio::test]
async fn who_has_no_key_is_told_how_to_send_one() {
    let (status, headers, _) = rendered(Problem::unauthenticated("No key.")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(headers.contains(&(
        "www-authenticate".into(),
        "Bearer realm=\"runwatch\"".into()
    )));
}

#[tokio::test]
async fn a_refused_method_is_answered_with_those_allowed() {
    let (status, headers, _) = rendered(Problem::method_not_allowed("GET, HEAD")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(headers.contains(&("allow".into(), "GET, HEAD".into())));
}
