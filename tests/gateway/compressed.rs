//! Answers of subgraphs that come packed.
//!
//! **Never here:** routes, which pass what they are given.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::Response;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::client::{connect, graphql_request, send};
use crate::house::start;
use crate::stub::Stub;
use crate::wire::{error_of, folder, yaml};

const ANSWER: &[u8] = b"{\"data\":{\"a\":1}}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a client gets when the subgraph answers so; what the log says; and what the subgraph was told to accept.
async fn ask(encoding: &'static str, body: Vec<u8>, pool: &str) -> (Value, String, String) {
    let (accepts, mut accepted) = tokio::sync::mpsc::unbounded_channel();
    let body = Bytes::from(body);
    let stub = Stub::start(move |request| {
        let accept = request.headers().get("accept-encoding").cloned();
        accepts.send(accept).unwrap();
        let mut response = Response::new(Full::new(body.clone()));
        let headers = response.headers_mut();
        headers.insert("content-encoding", http::HeaderValue::from_static(encoding));
        async { response }
    })
    .await;
    let folder = folder();
    let yaml = yaml(&format!("http://{}", stub.address), pool, "limits: { response: 1MB }\n");
    let (gateway, log) = start(folder.path(), &yaml).await;
    let mut connection = connect(gateway.public_address).await;
    let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
    let accepted = accepted.recv().await.unwrap();
    let accepted = accepted.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.json()["data"]["a"].clone(), error_of(&log).await, accepted)
}

#[tokio::test]
async fn they_are_asked_for_and_unpacked() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(ANSWER).unwrap();
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
    bare.write_all(ANSWER).unwrap();
    let packed = [
        ("gzip", gzip(ANSWER)),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", bare.finish().unwrap()),
        ("identity", ANSWER.to_vec()),
    ];
    for (encoding, body) in packed {
        let (a, errors, accepted) = ask(encoding, body, "").await;
        assert_eq!((a, accepted.as_str()), (json!(1), "gzip, deflate"), "{encoding}: {errors}");
    }
    let (_, _, accepted) = ask("identity", ANSWER.to_vec(), ", compression: false").await;
    assert_eq!(accepted, "");
}

#[tokio::test]
async fn a_bomb_costs_its_fetch_and_nothing_else() {
    let (a, errors, _) = ask("gzip", gzip(&vec![b' '; 50_000_000]), "").await;
    assert_eq!(a, json!(null));
    assert!(errors.contains("larger than 1000000 bytes (RESPONSE_TOO_LARGE)"), "{errors}");
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told() {
    let whole = gzip(ANSWER);
    let (a, errors, _) = ask("gzip", whole[..whole.len() / 2].to_vec(), "").await;
    assert_eq!(a, json!(null));
    assert!(errors.contains("RESPONSE_ENCODING"), "{errors}");
    let (_, errors, _) = ask("br", ANSWER.to_vec(), "").await;
    assert!(errors.contains("cannot be unpacked as `br`"), "{errors}");
}
