//! The truth executor against the specification's own examples of section 6.
//!
//! **In:** a schema without federation.
//! **Out:** responses: order, merging, coercion, null bubbling, error paths.
//!
//! **Never here:** federation.
//!
//! **Read first:** `ask`.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Execution>

use oracle::{Data, Request, Response, Whole};
use serde_json::{Value, json};

const SDL: &str = "
    directive @oneOf on INPUT_OBJECT
    type Query {
      hero(episode: Episode = JEDI): Character
      echo(text: String, list: [Int!], filter: Filter, pick: Pick): String
      strict: Strict nulls: [Strict] hard: [Strict!] harder: [Strict!]!
      number: Int id: ID float: Float mood: Mood any: Any deep: [[Int]]
      self: Query
    }
    type Mutation { a: Int b: Int }
    enum Episode { JEDI EMPIRE } enum Mood { GLAD SAD } scalar Any
    input Filter { name: String! limit: Int = 10 } input Pick @oneOf { a: Int b: Int }
    interface Character { name: String! }
    type Droid implements Character { name: String! function: String }
    type Human implements Character { name: String! height: Float }
    type Strict { must: String! may: String }
";

fn ask_with(query: &str, variables: Value, root: Value) -> Response {
    let data = Data::from_json(&json!({ "query": root, "mutation": { "a": 1, "b": 2 } }))
        .expect("a valid case");
    Whole::new(SDL, data)
        .expect("a valid case")
        .execute(&Request::new(query).with_variables(variables))
}

fn ask(query: &str, root: Value) -> Value {
    ask_with(query, json!({}), root).to_value()
}

fn echo(arguments: &str, definitions: &str, variables: Value) -> Result<String, String> {
    let query = format!("query Q{definitions} {{ echo({arguments}) }}");
    let response = ask_with(&query, variables, json!({ "echo": "" }));
    match response.to_value()["data"]["echo"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(response.messages()),
    }
}

#[test]
fn fields_appear_in_the_order_of_first_encounter() {
    let root = json!({ "hero": { "__typename": "Droid", "name": "R2", "function": "beep" } });
    let query = "{ b: number hero { ...F name } a: id b: number } fragment F on Droid { function __typename }";
    assert_eq!(
        ask_with(query, json!({}), root).to_ordered().to_string(),
        r#"{"data":{"b":null,"hero":{"function":"beep","__typename":"Droid","name":"R2"},"a":null}}"#
    );
}

#[test]
fn selection_sets_of_one_response_name_are_merged() {
    let root = json!({ "hero": { "__typename": "Human", "name": "Han", "height": 1.8 } });
    let answer =
        ask("{ hero { name } hero { ... on Human { height } ... on Droid { function } } }", root);
    assert_eq!(answer, json!({ "data": { "hero": { "name": "Han", "height": 1.8 } } }));
}

#[test]
fn skip_and_include_decide_together() {
    let query = "query ($y: Boolean!, $n: Boolean!) {
        a: number @skip(if: $y) b: number @include(if: $n) c: number @skip(if: $n) @include(if: $y)
        self { ... @skip(if: $y) { number } } }";
    let answer = ask_with(
        query,
        json!({ "y": true, "n": false }),
        json!({ "number": 1, "self": { "@ref": "query" } }),
    );
    assert_eq!(answer.to_value(), json!({ "data": { "c": 1, "self": {} } }));
}

#[test]
fn a_null_in_a_non_null_field_nulls_its_parent() {
    let answer = ask("{ strict { must may } }", json!({ "strict": { "may": "x" } }));
    assert_eq!(answer["data"], json!({ "strict": null }));
    assert_eq!(answer["errors"][0]["path"], json!(["strict", "must"]));
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn a_nullable_list_item_stops_the_null() {
    let root = json!({ "nulls": [{ "must": "a" }, { "may": "b" }, null] });
    let answer = ask("{ nulls { must } }", root);
    assert_eq!(answer["data"], json!({ "nulls": [{ "must": "a" }, null, null] }));
    assert_eq!(answer["errors"][0]["path"], json!(["nulls", 1, "must"]));
}

#[test]
fn a_non_null_list_item_nulls_the_list() {
    let answer =
        ask("{ number hard { must } }", json!({ "number": 1, "hard": [{ "must": "a" }, {}] }));
    assert_eq!(answer["data"], json!({ "number": 1, "hard": null }));
}

#[test]
fn a_null_may_rise_to_the_root() {
    let answer = ask("{ number harder { must } }", json!({ "number": 1, "harder": [null] }));
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(answer["errors"][0]["path"], json!(["harder", 0]));
}

#[test]
fn errors_of_siblings_are_all_reported() {
    let error = json!({ "@error": "boom" });
    let answer = ask("{ number id float }", json!({ "number": error, "id": error, "float": 1.5 }));
    assert_eq!(answer["data"], json!({ "number": null, "id": null, "float": 1.5 }));
    assert_eq!(
        answer["errors"],
        json!([{ "message": "boom", "path": ["number"] }, { "message": "boom", "path": ["id"] }])
    );
}

#[test]
fn leaves_keep_their_class() {
    let root = json!({ "number": 1, "id": 7, "float": 3, "mood": "SAD", "any": { "x": [1] }, "deep": [[1, null], null] });
    let answer = ask("{ number id float mood any deep }", root.clone());
    let mut expected = root;
    expected["id"] = json!("7");
    assert_eq!(answer, json!({ "data": expected }));
}

#[test]
fn a_leaf_of_the_wrong_class_is_null_and_an_error() {
    let root = json!({ "number": 2_147_483_648_i64, "id": 1.5, "float": "1", "mood": "ANGRY", "deep": [1] });
    let answer = ask("{ number id float mood deep }", root);
    assert_eq!(
        answer["data"],
        json!({ "number": null, "id": null, "float": null, "mood": null, "deep": [null] })
    );
    assert_eq!(answer["errors"].as_array().unwrap().len(), 5);
}

#[test]
fn a_default_fills_what_is_absent_and_null_stays_null() {
    let filter = r#"filter: { name: "a" }"#;
    assert_eq!(echo(filter, "", json!({})), Ok(r#"{"filter":{"limit":10,"name":"a"}}"#.to_owned()));
    assert_eq!(echo("text: null", "", json!({})), Ok(r#"{"text":null}"#.to_owned()));
    assert_eq!(
        echo("text: $t", "($t: String = \"d\")", json!({})),
        Ok(r#"{"text":"d"}"#.to_owned())
    );
    assert_eq!(
        echo("text: $t", "($t: String = \"d\")", json!({ "t": null })),
        Ok(r#"{"text":null}"#.to_owned())
    );
}

#[test]
fn an_absent_variable_leaves_the_argument_absent() {
    assert_eq!(echo("text: $t", "($t: String)", json!({})), Ok(String::new()));
}

#[test]
fn one_item_is_coerced_to_a_list_of_one() {
    assert_eq!(echo("list: 1", "", json!({})), Ok(r#"{"list":[1]}"#.to_owned()));
    assert_eq!(
        echo("list: $l", "($l: [Int!])", json!({ "l": 1 })),
        Ok(r#"{"list":[1]}"#.to_owned())
    );
}

#[test]
fn variables_of_the_wrong_shape_are_request_errors() {
    for (variables, message) in [
        (json!({ "f": { "limit": 1 } }), "input field `Filter.name` is required"),
        (json!({ "f": { "name": "a", "x": 1 } }), "`Filter` has no input field `x`"),
        (json!({ "f": 1 }), "1 is not an object of `Filter`"),
    ] {
        let error = echo("filter: $f", "($f: Filter)", variables).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
    let error = echo("pick: $p", "($p: Pick)", json!({ "p": { "a": 1, "b": 2 } })).unwrap_err();
    assert!(error.contains("exactly one field of `Pick`"), "{error}");
}

#[test]
fn a_document_that_is_not_valid_has_no_data() {
    let answer = ask("{ nothing }", json!({}));
    assert_eq!(answer.get("data"), None);
}

#[test]
fn a_mutation_has_its_own_root() {
    assert_eq!(ask("mutation { b a }", json!({})), json!({ "data": { "a": 1, "b": 2 } }));
}

#[test]
fn an_abstract_type_is_resolved_by_the_data() {
    let answer =
        ask("{ hero { name } }", json!({ "hero": { "__typename": "Strict", "name": "x" } }));
    assert_eq!(answer["data"], json!({ "hero": null }));
    assert_eq!(answer["errors"][0]["path"], json!(["hero"]));
}
