//! Upstreams under TLS: whom they are trusted by.
//!
//! **Never here:** which version of HTTP is spoken (`http2`).

use std::path::Path;

use graphloom::config::Settings;
use serde_json::json;

use crate::client::{connect, graphql_request, send};
use crate::house::start;
use crate::stub;
use crate::wire::{Wire, error_of, folder, localhost, yaml};

#[tokio::test]
async fn only_who_is_vouched_for_is_asked() {
    let folder = folder();
    let tls = localhost(folder.path(), &[]);
    let wire =
        Wire::start(Some(tls), |_| async { stub::json(&json!({ "data": { "a": 1 } })) }).await;
    let ask = async |host: &str| {
        let url = format!("https://{host}:{}", wire.address.port());
        let (gateway, log) = start(folder.path(), &yaml(&url, ", tls: { ca: ca.pem }", "")).await;
        let mut connection = connect(gateway.public_address).await;
        let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
        (answer.json()["data"]["a"].clone(), error_of(&log).await)
    };
    assert_eq!(ask("localhost").await, (json!(1), "null".to_owned()));
    // The certificate names another host.
    let (a, errors) = ask("127.0.0.1").await;
    assert_eq!(a, json!(null));
    assert!(errors.contains("TLS_FAILED"), "{errors}");
    // Another authority vouches for it.
    let _other = localhost(folder.path(), &[]);
    let (a, errors) = ask("localhost").await;
    assert_eq!(a, json!(null));
    assert!(errors.contains("TLS_FAILED"), "{errors}");
}

#[test]
fn an_authority_that_is_not_there_is_told_at_once() {
    let text = "supergraph: { file: s.graphql }\n\
                upstreams: { pool: { tls: { ca: none.pem }, targets: [{ url: \"https://a\" }] } }\n";
    let read = Settings::read(Path::new("graphloom.yaml"), text, &|_| None);
    let refused = read.unwrap_err().to_string();
    assert!(refused.contains("there is no file `none.pem`"), "{refused}");
}
