//! Tests what disturbs a server on purpose, and what it remembers of its requests.
//!
//! **In:** delay, fail, stop, restart.
//! **Out:** late answers, failures, refused connections; recorded requests.
//!
//! **Never here:** how a gateway copes.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use subgraphs::{Options, Ports, Server, Service};
use tokio::time::Instant;

use crate::client::{data, post, send, start, start_only, try_send};

const DOCUMENT: &str = "{ __typename }";

#[tokio::test(start_paused = true)]
async fn a_delayed_server_answers_late_until_the_delay_is_taken_back() {
    let hour = Duration::from_secs(3_600);
    let delay = [(Service::Reviews, hour)].into();
    let running = start(Options { delay, ..Options::default() }).await;
    let elapsed = async |service| {
        let start = Instant::now();
        data(running.server(service), DOCUMENT, json!({})).await;
        start.elapsed()
    };
    assert!(elapsed(Service::Reviews).await >= hour);
    assert!(elapsed(Service::Products).await < hour);
    running.server(Service::Reviews).set_delay(Duration::ZERO);
    assert!(elapsed(Service::Reviews).await < hour);
}

#[tokio::test]
async fn a_part_of_the_requests_fails_and_the_same_ones_each_time() {
    let options = Options { fail: [(Service::Inventory, 0.3)].into(), ..Options::default() };
    let (first, second) = (start(options.clone()).await, start(options).await);
    let outcomes = async |server: &Server| {
        let mut outcomes = vec![];
        for _ in 0..100 {
            let (status, response) = post(server, DOCUMENT, json!({})).await;
            outcomes.push((status, response["errors"][0]["extensions"]["code"].clone()));
        }
        outcomes
    };
    let outcomes_of_first = outcomes(first.server(Service::Inventory)).await;
    assert_eq!(outcomes_of_first, outcomes(second.server(Service::Inventory)).await);
    let count = |outcome: (StatusCode, Value)| {
        outcomes_of_first.iter().filter(|other| **other == outcome).count()
    };
    let http = count((StatusCode::INTERNAL_SERVER_ERROR, Value::Null));
    let graphql = count((StatusCode::OK, json!("INJECTED_FAILURE")));
    assert!(http > 5 && graphql > 5 && (20..40).contains(&(http + graphql)), "{http} {graphql}");
    assert_eq!(count((StatusCode::OK, Value::Null)), 100 - http - graphql);

    let server = first.server(Service::Inventory);
    server.set_fail(0.0);
    data(server, DOCUMENT, json!({})).await;
    server.set_fail(1.0);
    let (status, response) = post(server, DOCUMENT, json!({})).await;
    assert!(status != StatusCode::OK || response["data"].is_null(), "{response}");
}

#[tokio::test]
async fn a_stopped_server_is_gone_and_comes_back_on_its_port() {
    let running = start(Options::default()).await;
    let server = running.server(Service::Products);
    data(server, DOCUMENT, json!({})).await;
    let address = server.address();
    for _ in 0..2 {
        server.stop().await;
        server.stop().await;
        assert_eq!(try_send(Method::POST, server.url(), String::new()).await, None);
        data(running.server(Service::Accounts), DOCUMENT, json!({})).await;
        server.restart().await.unwrap();
        server.restart().await.unwrap();
        assert_eq!(server.address(), address);
        data(server, DOCUMENT, json!({})).await;
    }
}

#[tokio::test]
async fn stopping_cuts_requests_in_progress() {
    let running = start_only(Service::Accounts).await;
    let server = running.server(Service::Accounts);
    server.set_delay(Duration::from_secs(3_600));
    let url = server.url().to_owned();
    let request = tokio::spawn(async move { try_send(Method::POST, &url, "{}".to_owned()).await });
    while server.requests() == 0 {
        tokio::task::yield_now().await;
    }
    server.stop().await;
    assert_eq!(request.await.unwrap(), None);
}

#[tokio::test]
async fn dropping_the_servers_frees_their_ports() {
    let running = start_only(Service::Accounts).await;
    let url = running.server(Service::Accounts).url().to_owned();
    drop(running);
    while try_send(Method::GET, &url, String::new()).await.is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_remembers_its_last_requests_but_not_health_checks() {
    let running = start_only(Service::Orders).await;
    let server = running.server(Service::Orders);
    let health = format!("{}/health", server.url());
    assert_eq!(send(Method::GET, &health, String::new()).await.0, StatusCode::OK);
    assert_eq!(server.requests(), 0);

    let quotes = format!("{}/shipping/quotes?to=here", server.url());
    send(Method::POST, &quotes, "{\"items\":[]}".to_owned()).await;
    let requests = server.last_requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.uri, "/shipping/quotes?to=here");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.body, "{\"items\":[]}");

    for n in 0..300 {
        send(Method::GET, &format!("{}/orders/o{n}", server.url()), String::new()).await;
    }
    let requests = server.last_requests();
    assert_eq!((server.requests(), requests.len()), (301, 256));
    assert_eq!(requests[255].uri, "/orders/o299");
    server.reset();
    assert_eq!((server.requests(), server.last_requests().len(), server.lookups()), (0, 0, 0));
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_service_and_address() {
    let running = start_only(Service::Accounts).await;
    let address = running.server(Service::Accounts).address();
    let services = [Service::Reviews].into();
    let ports = Ports::From(address.port());
    let error = subgraphs::start(Options { services, ports, ..Options::default() }).await;
    let error = error.err().expect("the port is taken").to_string();
    assert!(error.starts_with(&format!("cannot listen on {address} for `reviews`")), "{error}");
}

#[tokio::test]
async fn port_0_is_any_free_port() {
    let running = start(Options { ports: Ports::From(0), ..Options::default() }).await;
    assert!(running.servers().all(|server| server.address().port() > 1_023));
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let running = start_only(Service::Accounts).await;
    let server = running.server(Service::Accounts);
    let (status, body) = send(Method::POST, server.url(), "{".to_owned()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let response: Value = serde_json::from_slice(&body).unwrap();
    assert!(response["errors"][0]["message"].is_string(), "{response}");
}
