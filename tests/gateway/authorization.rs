//! Authorization from outside: filter, reject, dry run; nothing denied is fetched.
//!
//! **Never here:** rule by rule what is denied (`fixtures/authorization`, the oracle).

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use crate::client::get;
use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{Diagnostics, lines, start};
use crate::stub::{self, Stub};
use graphloom::config::Settings;
use graphloom::telemetry::{Capture, Json};
use graphloom::{Gateway, StartError};

const SCHEMA: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@authenticated", "@policy", "@requiresScopes"])
type Query {
  open: String
  known: String @authenticated
  staff: String @policy(policies: [["staff"]])
  unheard: String @policy(policies: [["nobody_knows"]])
}
"#;

struct Scene {
    asked: Arc<Mutex<Vec<String>>>,
    diagnostics: Diagnostics,
    gateway: graphloom::Running,
    _stub: Stub,
    _folder: Folder,
}

impl Scene {
    /// A subgraph that answers every field with a text of its own.
    async fn set(more: &str) -> Self {
        Self::of(SCHEMA, more).await
    }

    async fn of(schema: &str, more: &str) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let stub = Stub::start(move |request| {
            let log = Arc::clone(&log);
            async move {
                let body: Bytes = request.into_body().collect().await.unwrap().to_bytes();
                let body: Value = serde_json::from_slice(&body).unwrap();
                let query = body["query"].as_str().unwrap().to_owned();
                let fields = ["open", "known", "staff", "unheard"];
                let found = fields.iter().filter(|field| query.contains(*field));
                let data: serde_json::Map<String, Value> = found
                    .map(|field| ((*field).to_owned(), format!("value-{field}").into()))
                    .collect();
                log.lock().unwrap().push(query);
                stub::json(&json!({ "data": data }))
            }
        })
        .await;
        let folder = Folder::new();
        folder.write("a.graphql", schema);
        let yaml = format!(
            "version: 1\nlisten: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
             supergraph: {{ subgraphs: {{ a: {{ schema: a.graphql, url: http://{} }} }} }}\n\
             graphql:\n  authorization:\n    policies: {{ staff: 'request.headers[\"x-role\"] == \"staff\"' }}\n{more}",
            stub.address
        );
        let diagnostics = Diagnostics::new();
        let (gateway, _) = start(folder.path(), &yaml).await;
        Self { asked, diagnostics, gateway, _stub: stub, _folder: folder }
    }

    async fn ask(&self, query: &str, role: &str) -> (StatusCode, Value) {
        self.ask_with(query, json!({}), role).await
    }

    async fn ask_with(&self, query: &str, variables: Value, role: &str) -> (StatusCode, Value) {
        let headers = [("x-role", role), ("accept", "application/graphql-response+json")];
        let request = graphql_request(query, variables, &headers);
        let mut client = connect(self.gateway.public_address).await;
        let answer = send(&mut client, request).await;
        (answer.status, answer.json())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// The names of a type's fields, as introspection shows them.
fn names(answer: &Value) -> Vec<&str> {
    let fields = answer["data"]["__type"]["fields"].as_array();
    fields.into_iter().flatten().map(|field| field["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn introspection_hides_what_its_caller_may_not_see() {
    const QUERY: &str = "{ __type(name: \"Query\") { fields { name } } }";
    let scene = Scene::set("  introspection: true\n").await;
    for (role, expected) in [("guest", vec!["open"]), ("staff", vec!["open", "staff"])] {
        let (_, answer) = scene.ask(QUERY, role).await;
        assert_eq!(names(&answer), expected, "for {role}, also when another asked before");
    }
    let open = Scene::set("    hide: false\n  introspection: true\n").await;
    assert_eq!(names(&open.ask(QUERY, "guest").await.1), ["open", "known", "staff", "unheard"]);
}

const ALL: &str = "{ open known staff unheard }";

#[tokio::test]
async fn what_is_denied_is_null_with_an_error_and_not_fetched() {
    let scene = Scene::set("").await;
    let (status, answer) = scene.ask(ALL, "guest").await;
    assert_eq!(status, StatusCode::OK);
    let data = json!({ "open": "value-open", "known": null, "staff": null, "unheard": null });
    assert_eq!(answer["data"], data);
    let errors = answer["errors"].as_array().unwrap();
    let paths: Vec<&Value> = errors.iter().map(|error| &error["path"]).collect();
    assert_eq!(paths, [&json!(["known"]), &json!(["staff"]), &json!(["unheard"])]);
    assert!(errors.iter().all(|error| error["extensions"]["code"] == "UNAUTHENTICATED"));
    assert_eq!(scene.asked(), ["{ open }"]);

    let (_, answer) = scene.ask(ALL, "staff").await;
    assert_eq!(answer["data"]["staff"], "value-staff", "a policy is decided for each request");
    assert_eq!(scene.asked(), ["{ open staff }"]);

    let (_, answer) = scene.ask("{ known }", "guest").await;
    assert_eq!(answer["data"], json!({ "known": null }));
    assert!(scene.asked().is_empty(), "where all is denied nothing is fetched");

    let told = lines(
        &scene.diagnostics.lines,
        "nobody meets the policy: `graphql.authorization.policies` lacks it",
    );
    assert_eq!(told.iter().map(|line| &line["policy"]).collect::<Vec<_>>(), ["nobody_knows"]);
}

#[tokio::test]
async fn a_rejected_operation_runs_nothing() {
    let scene = Scene::set("    mode: reject\n").await;
    let (status, answer) = scene.ask("{ open again: known }", "guest").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer["errors"][0]["path"], json!(["again"]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(answer.get("data").is_none());
    assert!(scene.asked().is_empty());
    let (status, answer) = scene.ask("{ open staff }", "staff").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer, json!({ "data": { "open": "value-open", "staff": "value-staff" } }));
}

#[tokio::test]
async fn a_dry_run_shows_all_and_tells_what_would_be_denied() {
    let scene = Scene::set("    mode: reject\n    dry_run: true\n").await;
    let (_, answer) = scene.ask("{ open known }", "guest").await;
    assert_eq!(answer, json!({ "data": { "open": "value-open", "known": "value-known" } }));
    assert_eq!(scene.asked(), ["{ open known }"]);
    let told = lines(&scene.diagnostics.lines, "would be denied (dry run)");
    assert_eq!(told.iter().map(|line| &line["paths"]).collect::<Vec<_>>(), ["known"]);
    let metrics = get(scene.gateway.admin_address, "/metrics").await.text();
    let counted = "graphloom_denied_operations_total{outcome=\"dry_run\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn callers_who_may_see_different_things_share_no_answer() {
    let scene = Scene::set("  merge: { client_queries: true, subgraph_queries: true }\n").await;
    for _ in 0..20 {
        let query = "{ open staff }";
        let (guest, staff, other) = tokio::join!(
            scene.ask(query, "guest"),
            scene.ask(query, "staff"),
            scene.ask(query, "guest")
        );
        for (_, answer) in [guest, other] {
            assert_eq!(answer["data"], json!({ "open": "value-open", "staff": null }));
        }
        assert_eq!(staff.1["data"], json!({ "open": "value-open", "staff": "value-staff" }));
    }
}

#[tokio::test]
async fn a_condition_decides_by_the_arguments_of_each_request() {
    let schema = r#"
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@composeDirective"])
  @link(url: "https://specs.graphloom.dev/authorize/v0.1", import: ["@authorize"])
  @composeDirective(name: "@authorize")
directive @authorize(when: String!) repeatable on FIELD_DEFINITION
type Query { open(id: ID): String @authorize(when: "args.id == request.headers['x-role']") }
"#;
    let scene = Scene::of(schema, "").await;
    let ask = async |id: Value, role: &str| {
        scene.ask_with("query ($id: ID) { open(id: $id) }", json!({ "id": id }), role).await.1
    };
    assert_eq!(ask(json!("7"), "7").await["data"]["open"], "value-open");
    assert_eq!(ask(json!(7), "7").await["data"]["open"], "value-open", "an ID is a text");
    assert_eq!(scene.asked().len(), 2);
    for id in [json!("8"), json!(null), json!(" 7")] {
        let answer = ask(id.clone(), "7").await;
        assert_eq!(answer["data"], json!({ "open": null }), "for {id}");
        assert_eq!(answer["errors"][0]["path"], json!(["open"]));
    }
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn a_condition_that_is_none_keeps_the_graph_from_loading() {
    let folder = Folder::new();
    folder.write(
        "a.graphql",
        r#"extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@composeDirective"])
  @link(url: "https://specs.graphloom.dev/authorize/v0.1", import: ["@authorize"])
  @composeDirective(name: "@authorize")
directive @authorize(when: String!) repeatable on FIELD_DEFINITION
type Query { open(id: ID): String @authorize(when: "arg.id == 7") }"#,
    );
    let yaml = "version: 1\nlisten: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n\
                supergraph: { subgraphs: { a: { schema: a.graphql, url: http://localhost:1 } } }\n";
    let settings = Settings::parse(&folder.path().join("graphloom.yaml"), yaml).unwrap();
    let log = Arc::new(Json(Capture::default()));
    let Err(error) = Gateway::start(settings, log).await else { panic!("it starts") };
    let StartError::Graph(problem) = error else { panic!("{error}") };
    assert_eq!(problem.errors[0].code, "INVALID_AUTHORIZE");
    assert_eq!(problem.errors[0].coordinate.as_deref(), Some("Query.open"));
    assert!(problem.errors[0].message.contains("arg"), "{}", problem.errors[0].message);
}
