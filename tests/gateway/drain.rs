//! Stopping: running requests finish, new connections are not taken.
//!
//! **Never here:** signals (`cli`); they lead to the same call.

use std::time::Duration;

use serde_json::json;
use subgraphs::{Options, Service};
use tokio::net::TcpStream;

use crate::client::{connect, graphql_request, send};
use crate::house::{House, until};

#[tokio::test]
async fn a_running_request_is_answered_before_the_gateway_stops() {
    let mut house = House::open_with("", Options::default()).await;
    house.servers.server(Service::Accounts).set_delay(Duration::from_millis(300));
    let address = house.address();
    let mut connection = connect(address).await;
    let request = graphql_request("{ me { name } }", json!({}), &[]);
    let running = tokio::spawn(async move { send(&mut connection, request).await });
    until("the request is under way", || (house.requests()["accounts"] == 1).then_some(())).await;
    house.gateway.shutdown().await;
    let answer = running.await.unwrap();
    assert_eq!(answer.json()["errors"], json!(null));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_stop() {
    let mut house = House::open().await;
    let mut connection = connect(house.address()).await;
    send(&mut connection, graphql_request("{ __typename }", json!({}), &[])).await;
    let stopping = tokio::time::timeout(Duration::from_secs(10), house.gateway.shutdown());
    stopping.await.unwrap();
}
