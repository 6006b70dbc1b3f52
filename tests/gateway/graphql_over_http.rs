//! GraphQL over HTTP: methods, media types, status codes.
//!
//! **Never here:** what operations mean.
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/>

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, call};
use crate::folder::Folder;
use crate::house::{House, start};

const NEW: (&str, &str) = ("accept", "application/graphql-response+json");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(house: &House, headers: &[(&str, &str)], body: &str) -> Answer {
    call(house.address(), Method::POST, "/graphql", headers, body.to_owned()).await
}

/// As no page of another origin can have a browser ask.
async fn meant_get(house: &House, path: &str) -> Answer {
    let proof = [("graphql-require-preflight", "1")];
    call(house.address(), Method::GET, path, &proof, "").await
}

fn code(answer: &Answer) -> Value {
    answer.json()["errors"][0]["extensions"]["code"].clone()
}

#[tokio::test]
async fn a_request_may_come_by_get_or_post() {
    let house = House::open().await;
    let query =
        "/graphql?query=query(%24n:Int){topProducts(first:%24n){upc}}&variables=%7B%22n%22:1%7D";
    let answer = meant_get(&house, query).await;
    assert_eq!(answer.json()["data"]["topProducts"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let body = r#"{"query":"query A { __typename } query B { me { id } }","operationName":"A"}"#;
    let answer = post(&house, &[JSON, NEW], body).await;
    assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }));
    assert_eq!(
        answer.header("content-type"),
        Some("application/graphql-response+json; charset=utf-8")
    );
}

#[tokio::test]
async fn the_newer_media_type_tells_by_its_status_whether_anything_ran() {
    let house = House::open().await;
    for (body, expected) in [
        (r#"{"query":"{ "}"#, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query":"{ nobody }"}"#, "GRAPHQL_VALIDATION_FAILED"),
        (
            r#"{"query":"query A { __typename }","operationName":"B"}"#,
            "OPERATION_RESOLUTION_FAILURE",
        ),
        (r#"{"query":"query($n: Int!) { topProducts(first: $n) { upc } }"}"#, "BAD_USER_INPUT"),
        (r#"{"query":"{ __schema { types { name } } }"}"#, "INTROSPECTION_DISABLED"),
    ] {
        let answer = post(&house, &[JSON, NEW], body).await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (400, json!(expected)), "{body}");
        assert!(answer.json().get("data").is_none());
        let answer = post(&house, &[JSON], body).await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (200, json!(expected)), "{body}");
    }
}

#[tokio::test]
async fn a_request_that_is_not_well_formed_is_refused_in_both_media_types() {
    let house = House::open().await;
    for accept in [NEW, ("accept", "application/json")] {
        for body in ["", "{", "{}", r#"{"query":7}"#, r#"{"query":"{a}","variables":[]}"#] {
            let answer = post(&house, &[JSON, accept], body).await;
            assert_eq!(
                (answer.status.as_u16(), code(&answer)),
                (400, json!("BAD_REQUEST")),
                "{body}"
            );
        }
        // Several at once are let in by a limit only.
        let answer = post(&house, &[JSON, accept], "[]").await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (400, json!("MAX_BATCH_LIMIT")));
        let answer = post(&house, &[("content-type", "text/plain"), accept], "{}").await;
        assert_eq!(answer.status, 415);
        let answer = post(&house, &[accept], "{}").await;
        assert_eq!(answer.status, 415);
        let answer = meant_get(&house, "/graphql").await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(post(&house, &[JSON, ("accept", "text/html")], "{}").await.status, 406);
    let answer = call(house.address(), Method::DELETE, "/graphql", &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET, POST")));
}

#[tokio::test]
async fn a_mutation_by_get_is_refused_and_never_sent() {
    let house = House::open().await;
    let path = "/graphql?query=mutation{rename(id:%22u1%22,name:%22x%22){id}}";
    let answer = meant_get(&house, path).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST")));
    assert_eq!(code(&answer), json!("MUTATION_OVER_GET"));
    assert_eq!(house.requests()["accounts"], 0);
}

#[tokio::test]
async fn findings_carry_their_place_in_the_document() {
    let house = House::open().await;
    let answer = house.query("{\n  me { nobody }\n}").await;
    let error = &answer.json()["errors"][0];
    assert_eq!(error["locations"], json!([{ "line": 2, "column": 8 }]), "{error}");
}

#[tokio::test]
async fn introspection_and_data_are_answered_together_when_allowed() {
    let house =
        House::open_with("graphql: { introspection: true }\n", subgraphs::Options::default()).await;
    let answer = house
        .query("{ first: __type(name: \"User\") { name fields { name } } topProducts(first: 1) { upc } __schema { queryType { name } } }")
        .await;
    let body = answer.json();
    assert_eq!(body["errors"], json!(null), "{body}");
    assert_eq!(body["data"]["first"]["name"], "User");
    assert_eq!(body["data"]["__schema"]["queryType"]["name"], "Query");
    assert_eq!(body["data"]["topProducts"].as_array().map(Vec::len), Some(1));
    assert!(!answer.text().contains("_entities"));
    house.forget_requests();
    house.query("{ __schema { types { name } } }").await;
    assert_eq!(house.requests()["products"], 0);
}

#[tokio::test]
async fn a_subscription_is_refused_here_and_planned_for_whoever_asks() {
    let folder = Folder::new();
    folder.write("clock.graphql", "type Query { now: Int } type Subscription { ticks: Int }");
    let yaml = "listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\ngraphql: { ide: true }\n\
                supergraph: { subgraphs: { clock: { schema: clock.graphql, url: http://127.0.0.1:9/ } } }\n";
    let (gateway, _log) = start(folder.path(), yaml).await;
    let ask = async |path: &str| {
        let body = r#"{"query":"subscription { ticks }"}"#.to_owned();
        call(gateway.public_address, Method::POST, path, &[NEW, JSON], body).await
    };
    let refused = ask("/graphql").await;
    assert_eq!(
        (refused.status.as_u16(), code(&refused)),
        (400, "SUBSCRIPTION_NOT_SUPPORTED".into())
    );
    let planned = ask("/_graphloom/explain").await.json();
    let text = planned["operation"]["text"].as_str().unwrap();
    assert!(text.starts_with("1 clock  subscription\n"), "{planned}");
    assert_eq!(planned["refused"][0]["code"], "SUBSCRIPTION_NOT_SUPPORTED");
}
