//! Labels of progressive overrides: a share of the requests, or those that a condition holds for.
//!
//! **Never here:** what a plan makes of a label (`fixtures/plans`).

use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{Diagnostics, lines, start};
use crate::stub::{self, Stub};

const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.7\", \
                    import: [\"@key\", \"@override\"])\n";

/// Two subgraphs in one server, which says by its path who was asked.
async fn answering() -> Stub {
    Stub::start(|request| async move {
        let who = if request.uri().path() == "/old" { "old" } else { "new" };
        let body: Bytes = request.into_body().collect().await.unwrap().to_bytes();
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let asked = asked["query"].as_str().unwrap();
        let mut data = json!({});
        for field in ["beta", "region", "share", "none"] {
            if asked.contains(field) {
                data[field] = who.into();
            }
        }
        stub::json(&json!({ "data": data }))
    })
    .await
}

fn folder() -> Folder {
    let folder = Folder::new();
    let fields = ["beta", "region", "share", "none"];
    let plain: Vec<String> = fields.iter().map(|field| format!("{field}: String")).collect();
    let moved: Vec<String> = fields
        .iter()
        .map(|field| format!("{field}: String @override(from: \"old\", label: \"{field}\")"))
        .collect();
    folder.write("old.graphql", &format!("{LINK}type Query {{ {} }}", plain.join(" ")));
    folder.write("new.graphql", &format!("{LINK}type Query {{ {} }}", moved.join(" ")));
    folder
}

async fn gateway(labels: &str) -> (Stub, Folder, Diagnostics, graphloom::Running) {
    let (stub, folder, diagnostics) = (answering().await, folder(), Diagnostics::new());
    let address = stub.address;
    let yaml = format!(
        "version: 1\nlisten: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nsupergraph:\n  subgraphs:\n    \
         old: {{ schema: old.graphql, url: http://{address}/old }}\n    \
         new: {{ schema: new.graphql, url: http://{address}/new }}\n  override_labels:\n{labels}"
    );
    let (gateway, _) = start(folder.path(), &yaml).await;
    (stub, folder, diagnostics, gateway)
}

async fn ask(gateway: &graphloom::Running, headers: &[(&str, &str)]) -> Value {
    let mut connection = connect(gateway.public_address).await;
    let request = graphql_request("{ beta region share none }", json!({}), headers);
    send(&mut connection, request).await.json()["data"].clone()
}

#[tokio::test]
async fn a_request_turns_labels_on_by_its_headers_and_a_share_by_its_id() {
    let labels = "    beta: '\"x-beta\" in request.headers'\n    \
                  region: 'request.headers[\"x-region\"].startsWith(\"eu\")'\n    \
                  share: 40%\n    absent: 1%\n";
    let (_stub, _folder, diagnostics, gateway) = gateway(labels).await;
    let data = ask(&gateway, &[]).await;
    assert_eq!((&data["beta"], &data["region"]), (&"old".into(), &"old".into()));
    let data = ask(&gateway, &[("x-beta", "1"), ("x-region", "eu-west")]).await;
    assert_eq!((&data["beta"], &data["region"]), (&"new".into(), &"new".into()));
    let data = ask(&gateway, &[("x-region", "us")]).await;
    assert_eq!((&data["region"], &data["none"]), (&"old".into(), &"old".into()));

    let mut n_new = 0;
    for i in 0..200 {
        let id = format!("request-{i}");
        let first = ask(&gateway, &[("x-request-id", id.as_str())]).await["share"].clone();
        let again = ask(&gateway, &[("x-request-id", id.as_str())]).await["share"].clone();
        assert_eq!(first, again, "a request that is sent again takes the same way");
        n_new += i32::from(first == "new");
    }
    assert!((50..=110).contains(&n_new), "40% of 200 requests, roughly: {n_new}");

    let told =
        lines(&diagnostics.lines, "override label is off: `supergraph.override_labels` lacks it");
    assert_eq!(told.iter().map(|line| &line["label"]).collect::<Vec<_>>(), ["none"]);
    let told =
        lines(&diagnostics.lines, "no `@override` has the label of `supergraph.override_labels`");
    assert_eq!(told.iter().map(|line| &line["label"]).collect::<Vec<_>>(), ["absent"]);
}
