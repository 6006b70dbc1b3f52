//! `graphloom plan --run` as a process: what it sends, and what it says of what came.
//!
//! **Never here:** plans (`plan_command`), what the mapping notes (`connectors`).

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use http::{Request, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::stub::{self, Stub};

const SCHEMA: &str = r#"
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.13", import: ["@authenticated"])
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "api", http: { baseURL: "API" headers: [{ name: "x-tenant", from: "x-tenant" }] queryParams: "k: $config.key" })
type Query {
  find(id: ID!): Found @connect(source: "api", http: { GET: "/find/{$args.id}" } selection: "n: number missing")
  people: Int @connect(source: "api", http: { GET: "/people" } selection: "$.n")
    @authenticated
}
type Found { n: Int missing: String }
"#;

/// A folder with a configuration, and a REST API that notes whom it was asked for.
async fn shop() -> (Folder, Stub, Arc<Mutex<Vec<String>>>) {
    let tenants: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&tenants);
    let api = Stub::start(move |request: Request<Incoming>| {
        let tenant = request.headers().get("x-tenant").map(|it| it.to_str().unwrap().to_owned());
        noted.lock().unwrap().extend(tenant);
        let is_known = request.uri().path() == "/find/o1";
        async move {
            let mut response = stub::json(&json!({ "number": "7", "rest": 1 }));
            if !is_known {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            response
        }
    })
    .await;
    let folder = Folder::new();
    folder.write("shop.graphql", &SCHEMA.replace("API", &format!("http://{}", api.address)));
    folder.write(
        "graphloom.yaml",
        "version: 1\nsupergraph: { subgraphs: { shop: { schema: shop.graphql } } }\n\
         connectors: { sources: { shop.api: { config: { key: \"s3cr&t\" } } } }\n",
    );
    folder.write("find.graphql", "query Find($id: ID!) { find(id: $id) { n missing } people }");
    folder.write("two.graphql", "query A { __typename } query B { __typename }");
    (folder, api, tenants)
}

async fn run(folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphloom"));
    command.arg("plan").args(arguments).current_dir(folder.path());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_run_tells_what_each_request_came_to() {
    let (folder, api, tenants) = shop().await;
    let find = ["find.graphql", "--run", "--header", "x-tenant: t1"];
    let output = run(&folder, &[&find[..], &["--variables", "{\"id\":\"o1\"}"]].concat()).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for said in [
        "1 request",
        &format!("shop:Query.find[0]: GET http://{}/find/o1?k=•••\n        200, ", api.address),
        "problem at missing: ",
        "n should be Int and is a string",
        "nobody reads rest",
        "\"people\": null",
    ] {
        assert!(text.contains(said), "no `{said}` in {text}");
    }
    assert!(!text.contains("s3cr"), "{text}");
    assert_eq!(*tenants.lock().unwrap(), ["t1"], "it runs once");

    // What fails is told in full, though clients get it masked; it is the caller's error and no failure of the command.
    let arguments = ["--variables", "{\"id\":\"o404\"}", "--format", "json"];
    let output = run(&folder, &[&find[..], &arguments].concat()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["connectors"][0]["response"]["status"], 404, "{told}");
    assert_eq!(
        (&told["problems"][0]["fetch"], &told["problems"][0]["path"]),
        (&json!(1), &json!("[\"find\"]")),
        "{told}"
    );
    assert_eq!(told["response"]["data"]["find"], json!(null), "{told}");
    assert!(told["plan"]["fetches"][0]["subgraph"] == "shop", "{told}");
}

#[tokio::test]
async fn what_does_not_run_says_why() {
    let (folder, _api, tenants) = shop().await;
    for (arguments, code, said) in [
        (&["find.graphql", "--run"][..], 1, "nothing ran: BAD_USER_INPUT: "),
        (&["two.graphql", "--run"], 1, "nothing ran: "),
        (&["none.graphql", "--run"], 1, "cannot read `none.graphql`"),
        (&["two.graphql", "--run", "--operation", "A", "--as", "glk_a_b"], 1, "nobody here takes"),
        (&["two.graphql", "--as", "anonymous"], 2, "--run"),
        (&["two.graphql", "--run", "--anonymous"], 2, "cannot be used with"),
    ] {
        let output = run(&folder, arguments).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty());
    }
    assert!(tenants.lock().unwrap().is_empty());
}
