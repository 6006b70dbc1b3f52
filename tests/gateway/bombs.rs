//! Operations that are small to write and large to answer are refused before they are planned.
//!
//! **Never here:** what each limit counts (`operation`), time: counts prove it.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::client::{connect, get, graphql_request, send};
use crate::folder::Folder;
use crate::house::{Diagnostics, start};

/// Nobody answers there: whoever asks is told so by an error of another code.
const SCHEMA: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@listSize"])
type Query {
  item(id: ID): Item
  items(first: Int): [Item] @listSize(slicingArguments: ["first"])
  find(ids: [ID!], filter: Filter, matrix: [[Int!]!]): [Item]
}
type Item { id: ID! name: String items(first: Int): [Item] @listSize(slicingArguments: ["first"]) }
input Filter { and: [Filter!] not: Filter ids: [ID!] }
"#;

struct Tried {
    code: String,
    /// Operations that were planned.
    planned: String,
    message: String,
}

async fn try_with(limits: &str, document: &str, variables: Value) -> Tried {
    let folder = Folder::new();
    folder.write("shop.graphql", SCHEMA);
    let yaml = format!(
        "version: 1\nlisten: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         graphql: {{ introspection: true }}\n\
         supergraph: {{ subgraphs: {{ shop: {{ schema: shop.graphql, url: \"http://127.0.0.1:9\" }} }} }}\n\
         policies: {{ tight: {{ limits: {{ {limits} }} }} }}\napply: {{ graphql: [tight] }}\n"
    );
    let _diagnostics = Diagnostics::new();
    let (gateway, _log) = start(folder.path(), &yaml).await;
    let mut connection = connect(gateway.public_address).await;
    let body = send(&mut connection, graphql_request(document, variables, &[])).await.json();
    let metrics = get(gateway.admin_address, "/metrics").await.text();
    let planned = metrics
        .lines()
        .filter(|line| line.starts_with("graphloom_planning_duration_seconds_count"));
    let error = &body["errors"][0];
    Tried {
        code: error["extensions"]["code"].as_str().unwrap_or_default().to_owned(),
        planned: planned.map(str::to_owned).collect(),
        message: error["message"].as_str().unwrap_or_default().to_owned(),
    }
}

async fn is_refused(limits: &str, document: &str, variables: Value, code: &str, message: &str) {
    let tried = try_with(limits, document, variables).await;
    assert_eq!(tried.code, code, "{}", tried.message);
    assert_eq!(tried.message, message);
    assert_eq!(tried.planned, "", "it was planned");
}

/// Fragments of which each spreads the next twice: 2^n fields in n lines.
fn doubling(n: u32, leaf: &str) -> String {
    let mut document = String::from("{ item { ...F0 } }");
    for i in 0..n {
        let next = i + 1;
        let _ = write!(document, " fragment F{i} on Item {{ ...F{next} ...F{next} }}");
    }
    let _ = write!(document, " fragment F{n} on Item {{ {leaf} }}");
    document
}

#[tokio::test]
async fn fragments_in_fragments_stand_for_all_that_they_hold() {
    let message = "the operation selects 1073741825 fields; 100000 are allowed";
    is_refused("depth: 30", &doubling(30, "id"), json!({}), "MAX_HEIGHT_LIMIT", message).await;
    let message = "the operation has 1048576 aliases; 1000 are allowed";
    let limits = "height: 4000000000, aliases: 1000";
    is_refused(limits, &doubling(20, "a: id"), json!({}), "MAX_ALIASES_LIMIT", message).await;
    let message = "the operation applies 1048576 directives; 1000 are allowed";
    let limits = "height: 4000000000, directives: 1000";
    let leaf = "id @include(if: true)";
    is_refused(limits, &doubling(20, leaf), json!({}), "MAX_DIRECTIVES_LIMIT", message).await;
    // More than a number can count is as much as it can.
    let message = "the operation selects 18446744073709551615 fields; 100000 are allowed";
    is_refused("depth: 30", &doubling(80, "id"), json!({}), "MAX_HEIGHT_LIMIT", message).await;
}

#[tokio::test]
async fn aliases_fields_and_directives_are_counted() {
    let aliases: String = (0..50).map(|i| format!("a{i}: item {{ id }} ")).collect();
    let document = format!("{{ {aliases} }}");
    let message = "the operation has 50 aliases; 40 are allowed";
    is_refused("aliases: 40", &document, json!({}), "MAX_ALIASES_LIMIT", message).await;
    let message = "the operation selects 50 fields at its root; 40 are allowed";
    is_refused("root_fields: 40", &document, json!({}), "MAX_ROOT_FIELDS_LIMIT", message).await;
    let message = "the operation selects 100 fields; 99 are allowed";
    is_refused("height: 99", &document, json!({}), "MAX_HEIGHT_LIMIT", message).await;
    let within = try_with("aliases: 50, root_fields: 50, height: 100", &document, json!({})).await;
    assert_eq!(within.code, "SUBREQUEST_HTTP_ERROR");
    let twice = "@include(if: true) @skip(if: false) ";
    let document = format!("query @defer {{ item {twice} {{ ...on Item {twice} {{ id }} }} }}");
    let document = document.replace(" @defer", "");
    let message = "the operation applies 4 directives; 3 are allowed";
    is_refused("directives: 3", &document, json!({}), "MAX_DIRECTIVES_LIMIT", message).await;
}

#[tokio::test]
async fn depth_counts_through_fragments() {
    let deep = (0..40).fold("id".to_owned(), |below, _| format!("items(first: 1) {{ {below} }}"));
    let message = "the operation is 42 fields deep; 30 are allowed";
    let document = format!("{{ item {{ {deep} }} }}");
    is_refused("tokens: 20000", &document, json!({}), "MAX_DEPTH_LIMIT", message).await;
}

#[tokio::test]
async fn huge_numbers_are_costs_like_any_other() {
    let document = "query ($n: Int) { items(first: $n) { items(first: $n) { items(first: $n) { \
                    items(first: $n) { id } } } } }";
    let tried = try_with("cost: 1000", document, json!({ "n": i32::MAX })).await;
    assert_eq!(tried.code, "COST_ESTIMATED_TOO_EXPENSIVE");
    assert_eq!(tried.message, "the operation costs 18446744073709551615; 1000 are allowed");
    let tried = try_with("cost: 1000", document, json!({})).await;
    assert_eq!(tried.code, "SLICING_ARGUMENT_REQUIRED");
    assert_eq!(tried.message, "`Query.items` needs exactly one of its slicing arguments: `first`");
    let tried = try_with("cost: 1000", document, json!({ "n": -1 })).await;
    assert_eq!(tried.code, "SUBREQUEST_HTTP_ERROR");
}

#[tokio::test]
async fn lists_in_arguments_and_variables_are_counted_together() {
    let document = "query ($ids: [ID!], $filter: Filter) { \
                    find(ids: $ids, filter: $filter, matrix: [[1, 2], [3]]) { id } }";
    let ids: Vec<u32> = (0..5_000).collect();
    let variables = json!({ "ids": ids, "filter": { "and": [{ "ids": ids }] } });
    let message = "lists of the request have 10006 items; 10005 are allowed";
    let code = "MAX_LIST_ARGUMENTS_LIMIT";
    is_refused("list_arguments: 10005", document, variables.clone(), code, message).await;
    let within = try_with("list_arguments: 10006", document, variables).await;
    assert_eq!(within.code, "SUBREQUEST_HTTP_ERROR");
    let literals = format!("{{ find(ids: [{}]) {{ id }} }}", "1 ".repeat(2_000));
    let message = "lists of the request have 2000 items; 100 are allowed";
    is_refused("list_arguments: 100", &literals, json!({}), code, message).await;
}

#[tokio::test]
async fn deep_input_objects_end_at_a_depth() {
    let literal = format!("{}{}", "{ not: ".repeat(300), "null }".to_owned() + &"}".repeat(299));
    let document = format!("{{ find(filter: {literal}) {{ id }} }}");
    let tried = try_with("depth: 30", &document, json!({})).await;
    assert_eq!((tried.code.as_str(), tried.planned.as_str()), ("MAX_RECURSION_LIMIT", ""));
    let variables = (0..100).fold(json!(null), |below, _| json!({ "not": below }));
    let document = "query ($filter: Filter) { find(filter: $filter) { id } }";
    let within = try_with("depth: 30", document, json!({ "filter": variables })).await;
    assert_eq!(within.code, "SUBREQUEST_HTTP_ERROR");
}

#[tokio::test]
async fn introspection_does_not_multiply() {
    let document = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    let tried = try_with("depth: 30", document, json!({})).await;
    assert_eq!((tried.code.as_str(), tried.planned.as_str()), ("MAX_INTROSPECTION_DEPTH", ""));
    // Nor do aliases of it.
    let one = "{ types { fields { type { name } } } }";
    let wide: String = (0..200).map(|i| format!("s{i}: __schema {one} ")).collect();
    let message = "the operation has 200 aliases; 100 are allowed";
    let document = format!("{{ {wide} }}");
    is_refused("aliases: 100", &document, json!({}), "MAX_ALIASES_LIMIT", message).await;
    let message = "introspection selects 400 lists of the schema; 100 are allowed";
    let code = "MAX_INTROSPECTION_LISTS";
    is_refused("depth: 30", &document, json!({}), code, message).await;
    let doubled = doubling(20, "fields { name }").replace("Item", "__Type");
    let document = doubled.replace("{ item { ...F0 } }", "{ __type(name: \"Query\") { ...F0 } }");
    let limits = "height: 4000000000";
    let message = "introspection selects 1048576 lists of the schema; 100 are allowed";
    is_refused(limits, &document, json!({}), code, message).await;
}
