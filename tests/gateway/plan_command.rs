//! `graphloom plan` as a process: reasons, warnings, labels, operations that no transport carries.
//!
//! **Never here:** which plan is the best (`fixtures/plans`).

use std::process::Command;

use serde_json::Value;

use crate::folder::Folder;

const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.7\", \
                    import: [\"@key\", \"@external\", \"@requires\", \"@shareable\", \"@override\"])\n";

/// A folder with these subgraphs.
fn folder(subgraphs: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    let mut yaml = "version: 1\nsupergraph:\n  subgraphs:\n".to_owned();
    for (name, schema) in subgraphs {
        folder.write(&format!("{name}.graphql"), &format!("{LINK}{schema}"));
        yaml.push_str(&format!("    {name}: {{ schema: {name}.graphql, url: http://{name}/ }}\n"));
    }
    folder.write("graphloom.yaml", &yaml);
    folder
}

fn run(folder: &Folder, operation: &str, options: &[&str]) -> Result<String, String> {
    folder.write("operation.graphql", operation);
    let output = Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(["plan", "operation.graphql"])
        .args(options)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn plan(folder: &Folder, operation: &str, options: &[&str]) -> String {
    run(folder, operation, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The last part of the text.
fn why(folder: &Folder, operation: &str) -> String {
    let text = plan(folder, operation, &["--why"]);
    text.split_once("\nwhy\n\n").unwrap_or_else(|| panic!("{text}")).1.to_owned()
}

fn shop() -> Folder {
    folder(&[
        (
            "catalog",
            "type Query { products: [Product] }\n\
             type Product @key(fields: \"upc\") { upc: ID! name: String @shareable price: Int }",
        ),
        (
            "stock",
            "type Query { shelf: Int }\n\
             type Product @key(fields: \"upc\") { upc: ID! name: String @shareable inStock: Int }",
        ),
        (
            "labels",
            "type Query { printed: Product }\n\
             type Product @key(fields: \"upc\", resolvable: false) { upc: ID! name: String @shareable }",
        ),
        (
            "shipping",
            "type Query { carriers: Int }\n\
             type Product @key(fields: \"upc\") \
             { upc: ID! price: Int @external cost: Int @requires(fields: \"price\") }",
        ),
    ])
}

#[test]
fn each_field_has_its_alternatives_with_their_price() {
    let expected = "\
Query.products
    catalog (1): no other subgraph declares it
Product.name  at products.@
    catalog (1): fewer requests than any other
    stock: 1 request more, depth 2 instead of 1, 1 field more
    labels cannot: no `Product` can be asked for: its key `upc` is not resolvable
Product.price  at products.@
    catalog (1): no other subgraph can answer it here
    shipping cannot: it declares the field as `@external`
";
    assert_eq!(why(&shop(), "{ products { name price } }"), expected);
}

#[test]
fn a_field_that_rides_along_costs_as_much_as_its_rival() {
    let why = why(&shop(), "{ products { inStock name } }");
    let expected = "\
Product.inStock  at products.@
    stock (2): no other subgraph declares it
Product.name  at products.@
    catalog (1): of equal cost, and declared first
    stock: costs the same
    labels cannot";
    assert!(why.contains(expected), "{why}");
}

#[test]
fn tools_get_the_same_as_json() {
    let text = plan(&shop(), "{ products { name } }", &["--why", "--format", "json"]);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["why"]["complete"], true);
    let name = &plan["why"]["fields"][1];
    assert_eq!((&name["path"], &name["field"]), (&"products.@".into(), &"Product.name".into()));
    assert_eq!(name["reason"], "fewerRequests");
    assert_eq!(name["subgraphs"][0], serde_json::json!({ "subgraph": "catalog", "fetch": 1 }));
    assert_eq!(
        (&name["others"][0]["requests"], &name["others"][0]["depth"]),
        (&2.into(), &2.into())
    );
    assert!(name["others"][1]["cannot"].as_str().unwrap().contains("`upc`"), "{name}");
}

/// Subgraphs `s0`, `s1`, ..., of which each needs what the one before it answers.
fn chain(n: usize) -> Folder {
    let schemas: Vec<(String, String)> = (0..n)
        .map(|i| {
            let schema = match i {
                0 => "type Query { root: T } type T @key(fields: \"id\") { id: ID! f0: Int }"
                    .to_owned(),
                _ => format!(
                    "type T @key(fields: \"id\") {{ id: ID! f{0}: Int @external \
                     f{i}: Int @requires(fields: \"f{0}\") }}",
                    i - 1
                ),
            };
            (format!("s{i}"), schema)
        })
        .collect();
    let schemas: Vec<(&str, &str)> =
        schemas.iter().map(|(name, schema)| (name.as_str(), schema.as_str())).collect();
    folder(&schemas)
}

#[test]
fn a_chain_of_more_than_three_requests_is_shown() {
    let chain = chain(4);
    let text = plan(&chain, "{ root { f3 } }", &[]);
    let warning =
        "warning: long chain: 4 requests wait for one another: s0 (1) → s1 (2) → s2 (3) → s3 (4)\n";
    assert!(text.ends_with(&format!("\n4 requests, depth 4\n\n{warning}")), "{text}");
    assert!(!plan(&chain, "{ root { f2 } }", &[]).contains("warning"));
    let json: Value =
        serde_json::from_str(&plan(&chain, "{ root { f3 } }", &["--format", "json"])).unwrap();
    assert_eq!(json["warnings"][0]["kind"], "longChain");
    assert_eq!(json["warnings"][0]["fetches"], serde_json::json!([1, 2, 3, 4]));
}

#[test]
fn a_request_for_the_items_of_a_list_in_a_list_is_warned_of() {
    let folder = folder(&[
        (
            "a",
            "type Query { rows: [Row] } type Row { cells: [Cell] first: Cell } \
             type Cell @key(fields: \"id\") { id: ID! }",
        ),
        ("b", "type Cell @key(fields: \"id\") { id: ID! text: String }"),
    ]);
    let text = plan(&folder, "{ rows { cells { text } } }", &[]);
    let warning = "warning: list in list: request 2 asks b for every item of `rows.@.cells.@`";
    assert!(text.contains(warning), "{text}");
    assert!(!plan(&folder, "{ rows { first { text } } }", &[]).contains("warning"));
    assert!(!plan(&folder, "{ rows { cells { id } } }", &[]).contains("warning"));
}

#[test]
fn a_label_can_be_turned_on() {
    let folder = folder(&[
        ("old", "type Query { a: Int }"),
        ("new", "type Query { a: Int @override(from: \"old\", label: \"beta\") }"),
    ]);
    assert!(plan(&folder, "{ a }", &[]).starts_with("1 old"));
    assert!(plan(&folder, "{ a }", &["--label", "beta"]).starts_with("1 new"));
    let off = why(&folder, "{ a }");
    assert!(off.contains("new cannot: the override label `beta` decides"), "{off}");
    let error = run(&folder, "{ a }", &["--label", "bet"]).unwrap_err();
    assert!(error.contains("no `@override` has the label `bet`"), "{error}");
}

#[test]
fn mutations_and_subscriptions_are_planned_and_explained() {
    let folder = folder(&[
        (
            "a",
            "type Query { q: Int } type Mutation { m: T } type Subscription { s: T } \
             type T @key(fields: \"id\") { id: ID! }",
        ),
        ("b", "type T @key(fields: \"id\") { id: ID! text: String }"),
    ]);
    let subscription = plan(&folder, "subscription { s { text } }", &["--why"]);
    assert!(subscription.starts_with("1 a  subscription\n"), "{subscription}");
    assert!(subscription.contains("T.text  at s\n    b (2): no other"), "{subscription}");
    let mutation = plan(&folder, "mutation { m { text } }", &["--why"]);
    assert!(mutation.starts_with("1 a  mutation\n"), "{mutation}");
    assert!(mutation.contains("Mutation.m\n    a (1): no other"), "{mutation}");
}
