//! A subgraph that dies in mid-run, and comes back.
//!
//! **Never here:** errors that subgraphs write themselves (`masking`).

use serde_json::{Value, json};
use subgraphs::Service;

use crate::house::{House, lines};

const DOCUMENT: &str = "{ top: topProducts(first: 2) { name stock: inStock } }";

#[tokio::test]
async fn its_fields_are_null_under_an_error_with_the_clients_path_and_it_comes_back_by_itself() {
    let house = House::open().await;
    let before = house.query(DOCUMENT).await.json();
    assert_eq!(before["errors"], json!(null), "{before}");

    house.servers.server(Service::Inventory).stop().await;
    house.query(DOCUMENT).await;
    let during = house.query(DOCUMENT).await;
    assert_eq!(during.status, 200);
    let body = during.json();
    for (product, old) in items(&body).iter().zip(items(&before)) {
        assert_eq!(product["name"], old["name"]);
        assert_eq!(product["stock"], json!(null));
    }
    let errors = body["errors"].as_array().unwrap();
    assert!(!errors.is_empty());
    for error in errors {
        let path = error["path"].to_string();
        assert!(path.starts_with("[\"top\""), "{error}");
        assert_eq!(error["extensions"]["code"], "SUBREQUEST_HTTP_ERROR");
        // Where the subgraph lives is nobody's business.
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
    let requests = house.request_lines(3).await;
    let line = requests.last().unwrap();
    assert_eq!(line["level"], "warn");
    assert!(line["errors"][0].as_str().unwrap().contains("inventory"), "{line}");

    house.servers.server(Service::Inventory).restart().await.unwrap();
    let after = house.query(DOCUMENT).await.json();
    assert_eq!(after, before);
    // The operator is told when it went and when it came, not for each request.
    for message in ["upstream does not answer", "upstream answers again"] {
        let told = lines(&house.diagnostics.lines, message);
        assert_eq!(told.len(), 1, "{message}: {told:?}");
        assert_eq!(told[0]["upstream"], "inventory");
    }
}

fn items(body: &Value) -> Vec<Value> {
    body["data"]["top"].as_array().cloned().unwrap_or_default()
}
