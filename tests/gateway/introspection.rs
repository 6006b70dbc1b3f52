//! Who may ask for the schema.
//!
//! **Never here:** what it says (`api_view`, `graphql_over_http`).

use std::path::Path;

use graphloom::config::Settings;
use serde_json::{Value, json};
use subgraphs::Options;

use crate::house::{House, lines};

const SCHEMA: &str = "{ __schema { queryType { name } } }";

async fn ask(house: &House, document: &str, headers: &[(&str, &str)]) -> Value {
    house.query_with(document, json!({}), headers).await.json()
}

#[tokio::test]
async fn a_condition_decides_for_each_request() {
    let policy = "graphql: { introspection: 'request.headers[\"x-role\"] == \"developer\"' }\n";
    let house = House::open_with(policy, Options::default()).await;
    let allowed = json!({ "data": { "__schema": { "queryType": { "name": "Query" } } } });
    let refused = json!({ "errors": [{
        "message": "introspection is not allowed",
        "extensions": { "code": "INTROSPECTION_DISABLED" },
    }] });
    // The same prepared operation, for one and for the other.
    for _ in 0..2 {
        assert_eq!(ask(&house, SCHEMA, &[("x-role", "developer")]).await, allowed);
        assert_eq!(ask(&house, SCHEMA, &[("x-role", "visitor")]).await, refused);
        assert_eq!(ask(&house, SCHEMA, &[]).await, refused);
    }
    // Nothing tells which types there are, nor is anything fetched beside.
    for name in ["Product", "Nothing"] {
        let document = format!("{{ __type(name: \"{name}\") {{ name }} topProducts {{ upc }} }}");
        assert_eq!(ask(&house, &document, &[]).await, refused);
    }
    assert_eq!(house.requests()["products"], 0);
    // `__typename` is no introspection.
    assert_eq!(ask(&house, "{ __typename }", &[]).await["data"]["__typename"], "Query");
    let told = lines(&house.log, "request");
    let told: Vec<&str> = told.iter().filter_map(|line| line["errors"][0].as_str()).collect();
    assert!(told[0].contains("does not hold"), "{told:?}");
    assert!(told[1].contains("cannot be decided"), "{told:?}");
    assert!(!told.concat().contains("visitor"), "{told:?}");
}

#[tokio::test]
async fn tools_ask_with_fragments_on_the_types_of_the_schema_itself() {
    let house = House::open_with("graphql: { introspection: true }\n", Options::default()).await;
    // As graphql-js writes it: with fragments, and two operations' worth of directives.
    let document = "query IntrospectionQuery($deep: Boolean = true) { __schema { queryType { name } \
        types { ...FullType } directives { name args { ...InputValue } } } topProducts(first: 1) { upc } } \
        fragment FullType on __Type { kind name fields(includeDeprecated: true) { name args { ...InputValue } \
        type { ...TypeRef @include(if: $deep) } } } \
        fragment InputValue on __InputValue { name type { ...TypeRef } defaultValue } \
        fragment TypeRef on __Type { kind name ... on __Type { ofType { name } } }";
    let answer = ask(&house, document, &[]).await;
    let types = answer["data"]["__schema"]["types"].as_array().unwrap();
    let product = types.iter().find(|ty| ty["name"] == "Product").unwrap();
    assert!(product["fields"].as_array().unwrap().iter().any(|field| field["name"] == "upc"));
    assert_eq!(answer["data"]["topProducts"][0]["upc"], "p1");
}

#[test]
fn what_is_no_condition_is_told_with_its_place_and_the_fix() {
    for (text, said) in [
        ("'request.nothing'", "`graphql.introspection`: "),
        ("'operation.name == \"A\"'", "`graphql.introspection`: "),
        ("5", "expected `true`, `false` or a condition, found"),
    ] {
        let text =
            format!("graphql: {{ introspection: {text} }}\nsupergraph: {{ file: s.graphql }}\n");
        let read = Settings::read(Path::new("graphloom.yaml"), &text, &|_| None);
        let errors = read.unwrap_err().to_string();
        assert!(errors.contains(said), "{errors}");
    }
}
