use axum::Json;
use axum::routing::{any, get};
use serde_json::json;

use super::*;

/// An emulator that shows what it was sent, and fails in its own ways on order.
async fn gateway() -> (Gateway, JoinHandle<()>) {
    let echo = async |request: Request| {
        let values = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let names = ["host", "x-tag", "x-forwarded-proto"].into_iter().filter(|n| request.headers().contains_key(*n));
        let headers: Vec<_> = names.map(|name| format!("{name}={}", values(name))).collect();
        Json(json!({"path": request.uri().to_string(), "headers": headers}))
    };
    let crash = async || (StatusCode::BAD_GATEWAY, r#"{"errorMessage": "x", "errorType": "Y"}"#);
    let throttle = async || (StatusCode::TOO_MANY_REQUESTS, r#"{"Reason": "x", "message": "Rate Exceeded"}"#);
    let limited = async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], r#"{"status": 429}"#);
    let routes = Router::new()
        .route("/_aws/execute-api/abc/$default/crash", get(crash))
        .route("/_aws/execute-api/abc/$default/throttle", get(throttle))
        .route("/_aws/execute-api/abc/$default/limited", get(limited))
        .fallback(any(echo));
    let emulator = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", emulator.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(emulator, routes).await.unwrap() });
    (GatewayPort::take(0).await.unwrap().open(&url, "abc").unwrap(), task)
}

async fn get_text(url: String) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn path_query_and_headers_arrive_as_api_gateway_passes_them() {
    let (gateway, _emulator) = gateway().await;
    let request = reqwest::Client::new().get(gateway.url() + "/v1/a%2Fb?x=1&x=%20");
    let answer = request.header("x-tag", "1").header("x-tag", "2").send().await.unwrap();
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(seen["path"], "/_aws/execute-api/abc/$default/v1/a%2Fb?x=1&x=%20");
    let host = format!("host={}", gateway.url().trim_start_matches("http://"));
    assert_eq!(seen["headers"], json!([host, "x-tag=1,2", "x-forwarded-proto=http"]));
}

#[tokio::test]
async fn failures_of_the_platform_look_as_on_aws_and_answers_of_functions_are_left_alone() {
    let (gateway, _emulator) = gateway().await;
    let at = |path: &str| get_text(gateway.url() + path);
    assert_eq!(at("/crash").await, (500, r#"{"message":"Internal Server Error"}"#.to_owned()));
    assert_eq!(at("/throttle").await, (503, r#"{"message":"Service Unavailable"}"#.to_owned()));
    assert_eq!(at("/limited").await, (429, r#"{"status": 429}"#.to_owned()));
}

#[tokio::test]
async fn what_is_too_large_never_gets_to_the_function() {
    let (gateway, _emulator) = gateway().await;
    let http = reqwest::Client::new();
    let sent = http.post(gateway.url() + "/v1/x").body(vec![b'x'; MAX_BODY + 1]).send().await.unwrap();
    assert_eq!(sent.status(), 413);
    assert_eq!(sent.text().await.unwrap(), r#"{"message":"Request Entity Too Large"}"#);
    let sent = http.get(gateway.url() + "/v1/x").header("x-tag", "x".repeat(MAX_HEADERS)).send().await.unwrap();
    assert_eq!(sent.status(), 431);
}
