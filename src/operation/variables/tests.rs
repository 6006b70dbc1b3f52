//! Laws of variable coercion, on one small schema.
//!
//! **Never here:** literals of documents.

use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Map, Value, json};

const SCHEMA: &str = r#"
directive @oneOf on INPUT_OBJECT
type Query { search(input: Filter, ids: [ID!], n: Int, size: Size, x: Float, one: One): String }
enum Size { SMALL LARGE }
input Filter { text: String! limit: Int = 10 sizes: [Size!] inner: Filter }
input One @oneOf { a: Int b: Int }
"#;

fn coerced(declarations: &str, values: Value) -> Result<Map<String, Value>, String> {
    let schema = Schema::parse_and_validate(SCHEMA, "schema.graphql").unwrap();
    // The variables are used somewhere, else the document would not be valid.
    let document = format!("query Q({declarations}) {{ __typename }}");
    let document = ExecutableDocument::parse(&schema, document, "q.graphql").unwrap();
    let operation = document.operations.get(None).unwrap();
    let variables = super::declared(&schema, operation);
    let Value::Object(values) = values else { panic!("values are an object") };
    super::coerce_variable_values(&schema, &variables, values).map_err(|error| error.to_string())
}

#[test]
fn absent_stays_absent_and_null_stays_null() {
    let values = coerced("$a: Int, $b: Int, $c: Int = 3", json!({ "b": null })).unwrap();
    assert_eq!(Value::Object(values), json!({ "b": null, "c": 3 }));
    assert_eq!(
        coerced("$a: Int!", json!({})).unwrap_err(),
        "`$a`: a value of type `Int!` is required"
    );
    assert_eq!(
        coerced("$a: Int! = 1", json!({ "a": null })).unwrap_err(),
        "`$a`: null is not of type `Int!`"
    );
}

#[test]
fn a_single_value_stands_for_a_list_of_one() {
    let values = coerced("$ids: [ID!], $d: [[Int]] = 1", json!({ "ids": 7 })).unwrap();
    assert_eq!(Value::Object(values), json!({ "ids": ["7"], "d": [[1]] }));
}

#[test]
fn input_objects_are_filled_and_checked() {
    let ok = coerced("$f: Filter", json!({ "f": { "text": "a", "sizes": "LARGE" } })).unwrap();
    assert_eq!(Value::Object(ok), json!({ "f": { "text": "a", "limit": 10, "sizes": ["LARGE"] } }));
    let bad = |value| coerced("$f: Filter", json!({ "f": value })).unwrap_err();
    assert_eq!(bad(json!({})), "`$f.text`: a value of type `String!` is required");
    assert_eq!(
        bad(json!({ "text": "a", "inner": { "text": "b", "sizes": ["SMALL", "HUGE"] } })),
        "`$f.inner.sizes[1]`: `\"HUGE\"` is not a value of `Size`"
    );
    assert_eq!(bad(json!({ "text": "a", "txt": 1 })), "`$f`: `Filter` has no field `txt`");
    assert_eq!(bad(json!("a")), "`$f`: `\"a\"` is not of type `Filter`");
}

#[test]
fn scalars_are_checked() {
    let int = |value| coerced("$n: Int", json!({ "n": value }));
    assert_eq!(int(json!(1.0)).unwrap()["n"], json!(1));
    assert!(int(json!(1.5)).is_err());
    assert!(int(json!(2_147_483_648_i64)).is_err());
    assert!(int(json!("1")).is_err());
    assert_eq!(coerced("$x: Float", json!({ "x": 1 })).unwrap()["x"], json!(1));
    assert!(coerced("$x: Float", json!({ "x": "1" })).is_err());
}

#[test]
fn one_of_takes_exactly_one_field() {
    assert!(coerced("$o: One", json!({ "o": { "a": 1 } })).is_ok());
    assert!(coerced("$o: One", json!({ "o": { "a": 1, "b": 2 } })).is_err());
    assert!(coerced("$o: One", json!({ "o": { "a": null } })).is_err());
}
