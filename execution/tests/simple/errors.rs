//! Errors: client paths, failed fetches, masking, bounds.
//!
//! **Never here:** errors of completion (`completion`).

use crate::builder::{Builder, all_types, ask, ask_below};
use crate::driver::{Outcome, SUPERGRAPH, Script, failed, ok, refused, status};
use execution::{AllowedExtensions, Answer, Execution, Exposure, FetchOutcome};
use query_planner::QueryPlan;
use serde_json::Value;

/// `{ all: products { id n: name n2: name } }`: `id` from a as `key`, name from b as `title`; with
/// a's price as a requirement that the client does not see.
fn plan() -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (products, position) = plan.composite(root, "products");
    let [id, price, name] = ["id", "price", "name"].map(|name| plan.slot(position, name));
    let below = plan.select(position, vec![ask("key", id), ask("price", price)]);
    let selection = plan.select(root, vec![ask_below("p", products, below)]);
    let (first, created) = plan.root_fetch("a", selection);
    let second = plan.fetch("b", "b", &[first]);
    let selection = plan.select(position, vec![ask("title", name)]);
    let representation = plan.represent("Product", vec![plan.key("id", id)]);
    plan.entities(second, selection, &[created], representation);
    let fields = vec![plan.show("id", id), plan.show("n", name), plan.show("n2", name)];
    let shown = plan.show_objects("all", products, fields);
    plan.finish(vec![shown])
}

const PRODUCTS: &str = r#"{"data":{"p":[{"key":1},{"key":2},{"key":1}]}}"#;

fn run(first: Answer, second: Answer) -> Outcome {
    Script::new(&plan(), vec![first, second]).run()
}

#[test]
fn paths_lose_upstream_names_and_indexes_and_gain_the_clients() {
    let answer = r#"{"data":{"_e0":[{"title":null},{"title":"b"}]},"errors":[
        {"message":"no title","path":["_e0",0,"title"],"locations":[{"line":1,"column":1}]}]}"#;
    let outcome = run(ok(PRODUCTS), ok(answer));
    assert_eq!(
        outcome.data(),
        r#"{"all":[{"id":1,"n":null,"n2":null},{"id":2,"n":"b","n2":"b"},{"id":1,"n":null,"n2":null}]}"#
    );
    assert_eq!(
        outcome.errors(),
        [
            r#"DOWNSTREAM_SERVICE_ERROR ["all",0,"n"] no title"#,
            r#"DOWNSTREAM_SERVICE_ERROR ["all",2,"n"] no title"#
        ]
    );
    assert!(!outcome.response.contains("locations"));
    assert_eq!(outcome.summary.log.len(), 1);
    assert_eq!(outcome.summary.log[0].places, 2);
}

#[test]
fn an_error_of_what_the_client_did_not_select_has_the_nearest_ancestors_path() {
    let answer = r#"{"data":{"p":[{"key":1,"price":null}]},
        "errors":[{"message":"m","path":["p",0,"price"]}]}"#;
    let outcome = run(ok(answer), ok(r#"{"data":{"_e0":[{"title":"t"}]}}"#));
    assert_eq!(outcome.errors(), [r#"DOWNSTREAM_SERVICE_ERROR ["all",0] m"#]);
}

#[test]
fn an_error_that_names_the_null_position_covers_it() {
    let answer = r#"{"data":{"p":[null,{"key":2}]},
        "errors":[{"message":"m","path":["p",0,"key"]}]}"#;
    let outcome = run(ok(answer), ok(r#"{"data":{"_e0":[{"title":"t"}]}}"#));
    assert_eq!(outcome.data(), r#"{"all":[null,{"id":2,"n":"t","n2":"t"}]}"#);
    assert_eq!(outcome.errors(), [r#"DOWNSTREAM_SERVICE_ERROR ["all",0,"id"] m"#]);
    let answer = r#"{"data":{"p":[{"key":null}]},
        "errors":[{"message":"m","path":["p",0,"price"]},{"message":"k","path":["p",0,"key"]}]}"#;
    let outcome = run(ok(answer), ok("unused"));
    assert_eq!(outcome.data(), r#"{"all":[null]}"#);
    assert_eq!(outcome.errors().len(), 2, "the null of `id` is covered: {:?}", outcome.errors());
}

#[test]
fn an_error_without_usable_path_has_the_fetchs_position() {
    for path in
        ["", r#","path":null"#, r#","path":["nowhere"]"#, r#","path":["_e0"]"#, r#","path":[7]"#]
    {
        let answer =
            format!(r#"{{"data":{{"_e0":[null,null]}},"errors":[{{"message":"m"{path}}}]}}"#);
        let outcome = run(ok(PRODUCTS), ok(&answer));
        assert_eq!(outcome.errors(), [r#"DOWNSTREAM_SERVICE_ERROR ["all"] m"#], "{path}");
    }
    let outcome = run(ok(r#"{"errors":[{"message":"m"}]}"#), ok("unused"));
    assert_eq!(outcome.response.matches("message").count(), 1);
    assert_eq!(outcome.errors(), [r#"DOWNSTREAM_SERVICE_ERROR ["all"] m"#]);
}

#[test]
fn a_failed_fetch_is_one_error_and_the_rest_stays() {
    for (answer, code) in [
        (failed(), "SUBREQUEST_HTTP_ERROR"),
        (refused(), "REQUEST_RATE_LIMITED"),
        (status(502, "<html>"), "SUBREQUEST_HTTP_ERROR"),
        (status(500, r#"{"message":"oops"}"#), "SUBREQUEST_HTTP_ERROR"),
        (ok("<html>"), "SUBREQUEST_MALFORMED_RESPONSE"),
        (ok("[]"), "SUBREQUEST_MALFORMED_RESPONSE"),
        (ok("{}"), "SUBREQUEST_MALFORMED_RESPONSE"),
        (ok(r#"{"errors":[]}"#), "SUBREQUEST_MALFORMED_RESPONSE"),
        (ok(r#"{"data":null}"#), "SUBREQUEST_MALFORMED_RESPONSE"),
        (ok(r#"{"data":{"_e0":[null,null]}} x"#), "SUBREQUEST_MALFORMED_RESPONSE"),
    ] {
        let outcome = run(ok(PRODUCTS), answer.clone());
        let one = r#"{"id":1,"n":null,"n2":null}"#;
        let two = r#"{"id":2,"n":null,"n2":null}"#;
        assert_eq!(outcome.data(), format!(r#"{{"all":[{one},{two},{one}]}}"#), "{answer:?}");
        let [error] = &outcome.errors()[..] else { panic!("{answer:?}") };
        assert!(error.starts_with(&format!(r#"{code} ["all"] "#)), "{error}");
        let expected = match answer {
            Answer::Refused(_) => FetchOutcome::Refused,
            _ => FetchOutcome::Failed,
        };
        assert_eq!(outcome.summary.fetches.as_slice()[1].outcome, expected);
    }
}

#[test]
fn graphql_is_read_under_any_status() {
    let outcome =
        run(ok(PRODUCTS), status(500, r#"{"data":{"_e0":[{"title":"a"},{"title":"b"}]}}"#));
    assert_eq!(outcome.errors(), [] as [&str; 0]);
    let outcome = run(ok(PRODUCTS), status(400, r#"{"errors":[{"message":"m"}]}"#));
    assert_eq!(outcome.errors(), [r#"DOWNSTREAM_SERVICE_ERROR ["all"] m"#]);
}

/// `{ value { x } s: strict { id } }` from a.
fn two_fields_plan() -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (strict, position) = plan.composite(root, "strict");
    let (value, below_value) = plan.composite(root, "value");
    let (id, x) = (plan.slot(position, "id"), plan.slot(below_value, "x"));
    let below = plan.select(position, vec![ask("id", id)]);
    let below_value = plan.select(below_value, vec![ask("x", x)]);
    let selection = plan.select(
        root,
        vec![ask_below("strict", strict, below), ask_below("value", value, below_value)],
    );
    plan.root_fetch("a", selection);
    let shown = vec![
        plan.show_objects("value", value, vec![plan.show("x", x)]),
        plan.show_objects("s", strict, vec![plan.show("id", id)]),
    ];
    plan.finish(shown)
}

#[test]
fn a_failed_root_fetch_has_an_error_for_each_of_its_fields() {
    let plan = two_fields_plan();
    let outcome = Script::new(&plan, vec![failed()]).run();
    assert_eq!(outcome.data(), "null");
    assert_eq!(
        outcome.errors(),
        [
            r#"SUBREQUEST_HTTP_ERROR ["s"] connection refused"#,
            r#"SUBREQUEST_HTTP_ERROR ["value"] connection refused"#
        ]
    );
    // An error of the whole request has no path, and explains the nulls all the same.
    let outcome = Script::new(&plan, vec![ok(r#"{"errors":[{"message":"denied"}]}"#)]).run();
    assert_eq!(outcome.data(), "null");
    assert_eq!(outcome.errors(), ["DOWNSTREAM_SERVICE_ERROR - denied"]);
}

#[test]
fn places_beyond_the_limit_are_counted() {
    let products: Vec<String> = (0..10).map(|_| r#"{"key":1}"#.to_owned()).collect();
    let plan = plan();
    let answer = r#"{"data":{"_e0":[null]},"errors":[{"message":"m","path":["_e0",0]}]}"#;
    let first = ok(&format!(r#"{{"data":{{"p":[{}]}}}}"#, products.join(",")));
    let mut script = Script::new(&plan, vec![first, ok(answer)]);
    script.limits.max_error_paths = 3;
    let outcome = script.run();
    let errors = outcome.errors();
    assert_eq!(errors.len(), 4);
    assert_eq!(errors[2], r#"DOWNSTREAM_SERVICE_ERROR ["all",2] m"#);
    assert_eq!(errors[3], r#"DOWNSTREAM_SERVICE_ERROR ["all"] the same error at 7 more places"#);
    assert_eq!(outcome.summary.log[0].places, 10);
    script.limits.max_errors = 2;
    let errors = script.run().errors();
    assert_eq!(errors.len(), 3);
    assert_eq!(errors[2], "TOO_MANY_ERRORS - 2 more errors are not shown");
}

#[test]
fn the_policy_decides_what_travels() {
    let plan = plan();
    let answer = r#"{"data":{"_e0":[null,null]},"errors":[{"message":"secret \"db\"",
        "extensions":{"code":"BROKEN","retry":[1, 2],"service":"theirs"},"path":["_e0",1]}]}"#;
    let mut script = Script::new(&plan, vec![ok(PRODUCTS), ok(answer)]);
    let error_of = |script: &Script<'_>| {
        let outcome = script.run();
        assert_eq!(outcome.summary.log[0].message, "secret \"db\"", "the log learns everything");
        assert_eq!(outcome.summary.log[0].code, "BROKEN");
        let response: Value = serde_json::from_str(&outcome.response).unwrap();
        response["errors"][0].to_string()
    };
    script.policy.messages = Exposure::Masked;
    assert_eq!(
        error_of(&script),
        r#"{"extensions":{"code":"BROKEN"},"message":"a subgraph reported an error","path":["all",1]}"#
    );
    script.policy.extensions = AllowedExtensions::Only(Vec::new());
    assert!(error_of(&script).contains(r#"{"code":"DOWNSTREAM_SERVICE_ERROR"}"#));
    script.policy.messages = Exposure::Shown;
    script.policy.subgraph_names = Exposure::Shown;
    script.policy.extensions = AllowedExtensions::All;
    assert_eq!(
        error_of(&script),
        r#"{"extensions":{"code":"BROKEN","retry":[1,2],"service":"b"},"message":"secret \"db\"","path":["all",1]}"#
    );
}

#[test]
fn answers_beyond_the_limits_fail() {
    let plan = plan();
    let names = ok(r#"{"data":{"_e0":[{"title":"a"},{"title":"b"}]}}"#);
    let mut script = Script::new(&plan, vec![ok(PRODUCTS), names]);
    script.limits.max_list_length = 2;
    let outcome = script.run();
    assert_eq!(outcome.data(), r#"{"all":null}"#);
    assert!(outcome.errors()[0].starts_with(r#"SUBREQUEST_RESPONSE_LIMIT_EXCEEDED ["all"] "#));
    script.limits.max_list_length = 1000;
    script.limits.max_objects = 3;
    let outcome = script.run();
    assert_eq!(outcome.data(), r#"{"all":null}"#);
    assert!(outcome.errors()[0].starts_with(r#"SUBREQUEST_RESPONSE_LIMIT_EXCEEDED ["all"] "#));
    assert_eq!(outcome.errors().len(), 1);
    script.limits.max_objects = 4;
    assert!(script.run().data().starts_with(r#"{"all":[{"#));
}

#[test]
fn what_is_unanswered_when_it_ends_has_failed_and_late_answers_change_nothing() {
    let plan = plan();
    let script = Script::new(&plan, Vec::new());
    let mut execution = script.execution();
    let call = execution.take_calls().remove(0);
    assert!(execution.take_calls().is_empty(), "a call is given once");
    let mut response = Vec::new();
    execution.finish(&mut response);
    assert!(
        String::from_utf8(response).unwrap().starts_with(r#"{"data":{"all":null},"errors":[{"#)
    );
    let mut execution = script.execution();
    execution.take_calls();
    execution.answer(call.id, ok(r#"{"data":{"p":[]}}"#));
    execution.answer(call.id, failed());
    let mut response = Vec::new();
    execution.finish(&mut response);
    assert_eq!(String::from_utf8(response).unwrap(), r#"{"data":{"all":[]}}"#);
}

#[test]
fn an_error_below_a_null_position_covers_it() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (strict, position) = plan.composite(root, "strict");
    let id = plan.slot(position, "id");
    let below = plan.select(position, vec![ask("id", id)]);
    let selection = plan.select(root, vec![ask_below("strict", strict, below)]);
    plan.root_fetch("a", selection);
    let shown = plan.show_objects("s", strict, vec![plan.show("id", id)]);
    let plan = plan.finish(vec![shown]);
    let run = |path: &str| {
        let body =
            format!(r#"{{"data":{{"strict":[null]}},"errors":[{{"message":"m","path":{path}}}]}}"#);
        let outcome = Script::new(&plan, vec![ok(&body)]).run();
        assert_eq!(outcome.data(), "null");
        outcome.errors().len()
    };
    assert_eq!(run(r#"["strict",0,"id"]"#), 1);
    assert_eq!(run(r#"["strict",0]"#), 1);
    assert_eq!(run(r#"["strict"]"#), 1);
    assert_eq!(run(r#"["strict",1,"id"]"#), 2, "another item's error explains nothing");
}

#[test]
fn of_several_response_names_the_one_that_leads_all_the_way_counts() {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (product, position) = plan.composite(root, "product");
    let [id, name] = ["id", "name"].map(|name| plan.slot(position, name));
    let below = plan.select(position, vec![ask("id", id), ask("name", name)]);
    let selection = plan.select(root, vec![ask_below("product", product, below)]);
    plan.root_fetch("a", selection);
    let shown = vec![
        plan.show_objects("one", product, vec![plan.show("id", id)]),
        plan.show_objects("two", product, vec![plan.show("id", id), plan.show("name", name)]),
    ];
    let plan = plan.finish(shown);
    for (field, path) in [("id", r#"["one","id"]"#), ("name", r#"["two","name"]"#)] {
        let body = format!(
            r#"{{"data":{{"product":{{"id":1}}}},"errors":[{{"message":"m","path":["product","{field}"]}}]}}"#
        );
        let outcome = Script::new(&plan, vec![ok(&body)]).run();
        assert_eq!(outcome.data(), r#"{"one":{"id":1},"two":{"id":1,"name":null}}"#);
        assert_eq!(outcome.errors(), [format!("DOWNSTREAM_SERVICE_ERROR {path} m")]);
    }
}

#[test]
fn an_answer_without_data_or_a_pathless_error_explains_all_nulls_of_its_fetch() {
    let plan = two_fields_plan();
    for body in [
        r#"{"data":null,"errors":[{"message":"m","path":["value"]}]}"#,
        r#"{"data":{"strict":null},"errors":[{"message":"m"}]}"#,
    ] {
        let outcome = Script::new(&plan, vec![ok(body)]).run();
        assert_eq!(outcome.data(), "null");
        assert_eq!(outcome.errors().len(), 1, "{:?}", outcome.errors());
    }
}

#[test]
fn places_with_the_same_path_have_one_error() {
    let mut hidden = plan();
    hidden.response = all_types(hidden.root(), Vec::new()).into();
    let answer = r#"{"data":{"_e0":[null,null]},"errors":[{"message":"m","path":["_e0",0]}]}"#;
    let outcome = Script::new(&hidden, vec![ok(PRODUCTS), ok(answer)]).run();
    assert_eq!(outcome.data(), "{}");
    assert_eq!(outcome.errors(), ["DOWNSTREAM_SERVICE_ERROR - m"]);
}
