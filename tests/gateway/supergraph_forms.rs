//! The other two ways to say what the graph is: a ready supergraph file, and a folder of schemas.
//!
//! **Never here:** named subgraphs, which most tests use (`house`).

use std::process::Command;

use serde_json::json;
use subgraphs::{Options, Service};

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{House, start, until};

const PORTS: &str = "listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n";

async fn ask(gateway: &graphloom::Running, document: &str) -> serde_json::Value {
    let mut connection = connect(gateway.public_address).await;
    send(&mut connection, graphql_request(document, json!({}), &[])).await.json()
}

#[tokio::test]
async fn a_supergraph_that_was_composed_before_names_its_subgraphs_and_their_addresses() {
    let house = House::open().await;
    let mut yaml = String::from("supergraph:\n  subgraphs:\n");
    for service in Service::SUBGRAPHS {
        let (name, url) = (service.name(), house.servers.server(service).url());
        yaml.push_str(&format!("    {name}: {{ schema: {name}.graphql, url: {url} }}\n"));
    }
    let file = house.folder.write("compose.yaml", &yaml);
    let output = Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .arg("compose")
        .arg("-c")
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let folder = Folder::new();
    folder.write("ready.graphql", &String::from_utf8(output.stdout).unwrap());
    let yaml = format!("{PORTS}supergraph: {{ file: ready.graphql }}\n");
    let (gateway, _log) = start(folder.path(), &yaml).await;
    let document = "{ topProducts(first: 2) { name inStock reviews { author { name } } } }";
    let body = ask(&gateway, document).await;
    assert_eq!(body, house.query(document).await.json());
}

#[tokio::test]
async fn a_file_that_joins_the_folder_joins_the_graph() {
    let servers = subgraphs::start(Options::default()).await.unwrap();
    let folder = Folder::new();
    let schema = |service: Service| service.schema();
    std::fs::create_dir(folder.path().join("schemas")).unwrap();
    folder.write("schemas/products.graphql", schema(Service::Products));
    let target = |service: Service| {
        let url = servers.server(service).url();
        format!("  {}: {{ targets: [{{ url: \"{url}\" }}] }}\n", service.name())
    };
    let yaml = format!(
        "{PORTS}supergraph: {{ directory: schemas }}\nupstreams:\n{}{}",
        target(Service::Products),
        target(Service::Inventory)
    );
    let (gateway, _log) = start(folder.path(), &yaml).await;
    let document = "{ topProducts(first: 1) { inStock } }";
    let before = ask(&gateway, document).await;
    assert_eq!(before["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    let old = gateway.graph.current().id.clone();
    folder.write("schemas/inventory.graphql", schema(Service::Inventory));
    until("the graph has grown", || (gateway.graph.current().id != old).then_some(())).await;
    let after = ask(&gateway, document).await;
    assert!(after["data"]["topProducts"][0]["inStock"].is_boolean(), "{after}");
}
