//! What expressions give, what they refuse, and that both ways of running them agree.
//!
//! **In:** texts and one request. **Out:** verdicts.
//!
//! **Never here:** rules that use them (`upstream::headers`, `tests/gateway`).
//!
//! **Read first:** [`with_scope`].

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Condition, Expression, Operation, Phase, Scope, Why};
use crate::consumer::Consumer;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn alice() -> Consumer {
    Consumer {
        id: "corp:alice".into(),
        name: "Alice".into(),
        scopes: vec!["orders:read".into(), "pci".into()],
        roles: vec!["admin".into()],
        claims: object(
            json!({ "org": { "id": 7 }, "tenant": "blue", "level": 3, "tags": ["a", "b"] }),
        ),
        plan: None,
        provider: Some("corp".into()),
    }
}

fn with_scope<T>(consumer: &Consumer, run: impl FnOnce(&Scope<'_>) -> T) -> T {
    let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut headers = HeaderMap::from_iter([header("x-region", "eu-west")]);
    headers.append("x-list", HeaderValue::from_static("one"));
    headers.append("x-list", HeaderValue::from_static("two"));
    let answer = HeaderMap::from_iter([header("etag", "v1")]);
    let args = object(json!({ "id": "corp:alice", "limit": 5, "ids": [1, 2, 3], "none": null }));
    run(&Scope {
        id: "r1",
        method: &Method::POST,
        path: "/orders/7",
        query: "page=2&tag=a&tag=b%20c",
        headers: &headers,
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        consumer,
        path_params: &[("id".to_owned(), "7".to_owned())],
        route: "/orders/{id}",
        operation: Some(Operation { name: Some("Orders"), kind: "query", cost: Some(37) }),
        args: Some(&args),
        response: Some((StatusCode::NOT_FOUND, &answer)),
    })
}

fn evaluated(text: &str, phase: Phase) -> Option<String> {
    let expression = Expression::compile(text, phase).unwrap();
    with_scope(&alice(), |scope| expression.evaluate(scope).map(Cow::into_owned))
}

fn decide(text: &str, phase: Phase) -> Result<bool, Why> {
    let condition = Condition::compile(text, phase).unwrap();
    with_scope(&alice(), |scope| condition.decide(scope))
}

fn holds(text: &str) -> bool {
    decide(text, Phase::Field) == Ok(true)
}

fn refused(text: &str, phase: Phase) -> (String, String) {
    let error = Condition::compile(text, phase).unwrap_err();
    (error.to_string(), error.fix())
}

#[test]
fn texts_names_and_sums_evaluate() {
    for (text, expected) in [
        ("'a\\'b'", "a'b"),
        ("request.id + \"-\" + request.path_params['id']", "r1-7"),
        ("request.headers[\"X-Region\"]", "eu-west"),
        ("request.headers['x-list']", "one, two"),
        ("request.query.page + request.query['tag']", "2a,b c"),
        ("request.path_params.id + route.name", "7/orders/{id}"),
        ("consumer.id + consumer.name + consumer.claims.tenant", "corp:aliceAliceblue"),
        ("consumer.claims.level", "3"),
        ("consumer.claims.org.id", "7"),
        ("consumer.scopes.join(' ')", "orders:read pci"),
        ("consumer.scopes.filter(s, s.startsWith('p'))[0]", "pci"),
        ("has(consumer.plan) ? consumer.plan : 'free'", "free"),
        ("request.headers[?'x-beta'].orValue('none')", "none"),
        ("request.client_ip", "127.0.0.1"),
        ("size(consumer.scopes)", "2"),
    ] {
        assert_eq!(evaluated(text, Phase::Route).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(evaluated("response.status", Phase::Response).as_deref(), Some("404"));
    assert_eq!(evaluated("response.headers.etag", Phase::RouteResponse).as_deref(), Some("v1"));
    assert_eq!(
        evaluated("operation.type + operation.name", Phase::Operation).unwrap(),
        "queryOrders"
    );
    assert_eq!(evaluated("operation.cost", Phase::Planned).as_deref(), Some("37"));
    assert_eq!(
        evaluated("operation.cost > 30 ? 'dear' : 'cheap'", Phase::Planned).unwrap(),
        "dear"
    );
}

#[test]
fn what_is_absent_makes_the_whole_absent() {
    for text in [
        "request.headers['absent'] + 'x'",
        "consumer.plan",
        "consumer.claims.absent",
        "consumer.claims.tags",
        "request.query.absent",
    ] {
        assert_eq!(evaluated(text, Phase::Request), None, "{text}");
    }
}

const CONDITIONS: [(&str, Option<bool>); 42] = [
    ("request.method == 'POST'", Some(true)),
    ("request.method != 'POST'", Some(false)),
    ("request.path.startsWith('/ord') && request.path.endsWith('/7')", Some(true)),
    ("request.headers['X-Region'].contains('-')", Some(true)),
    ("request.method + request.path == 'POST/orders/7'", Some(true)),
    ("request.client_ip in ['10.0.0.1', '127.0.0.1']", Some(true)),
    ("\"X-Region\" in request.headers && !('x-beta' in request.headers)", Some(true)),
    ("has(request.headers.host)", Some(false)),
    ("'page' in request.query && has(consumer.id) && !has(consumer.plan)", Some(true)),
    ("'pci' in consumer.scopes && 'admin' in consumer.roles", Some(true)),
    ("'pc' in consumer.scopes", Some(false)),
    ("consumer.anonymous", Some(false)),
    ("!consumer.anonymous", Some(true)),
    ("args.id == consumer.id", Some(true)),
    ("args.limit == 'x'", Some(false)),
    ("args.limit != 'x'", Some(true)),
    ("args.none == 'x'", Some(false)),
    ("consumer.claims.tenant == 'blue'", Some(true)),
    ("'blue' != consumer.claims.tenant", Some(false)),
    ("has(consumer.claims.org) && has(consumer.claims.org.id)", Some(true)),
    ("has(consumer.claims.org.name)", Some(false)),
    ("consumer.claims.org.id == 7 && args.limit <= 5", Some(true)),
    ("args.ids.all(x, x < 4) && args.ids.exists(x, x == 2)", Some(true)),
    ("args.ids.exists_one(x, x == 2)", Some(true)),
    ("args.ids.map(x, x * 2) == [2, 4, 6]", Some(true)),
    ("args.ids.filter(request, request > 1).size() == 2", Some(true)),
    ("'x-region' in request.headers.map(h, h)", Some(true)),
    ("args == args && request.query.size() == 2", Some(true)),
    ("operation.type == 'query' || false", Some(true)),
    ("request.path.matches('^/orders/[0-9]+$')", Some(true)),
    ("matches(request.path, 'rs/7') && !request.path.matches('^rs')", Some(true)),
    ("request.headers['x-beta'].matches('a')", None),
    ("type(args.limit) == int && args.none == null", Some(true)),
    ("request.headers['x-beta'] == 'yes'", None),
    ("request.headers['x-beta'] != 'yes'", None),
    ("!(request.headers['x-beta'] == 'yes')", None),
    ("request.headers['x-beta'] == 'yes' || true", Some(true)),
    ("request.headers['x-beta'] == 'yes' || false", None),
    ("false && request.headers['x-beta'] == 'yes'", Some(false)),
    ("consumer.plan != 'free'", None),
    ("request.path in ['a', request.headers['x-beta']]", None),
    ("true || false && false", Some(true)),
];

#[test]
fn conditions_hold_or_do_not_and_what_is_absent_holds_nothing() {
    for (text, expected) in CONDITIONS {
        assert_eq!(decide(text, Phase::Field).ok(), expected, "{text}");
    }
    assert!(!holds("(true || false) && false"));
}

#[test]
fn our_own_forms_and_the_crate_agree() {
    let mut simple = 0;
    for consumer in [alice(), (*Consumer::anonymous()).clone()] {
        for (text, _) in CONDITIONS {
            let own = Condition::compile(text, Phase::Field).unwrap();
            let by_crate = Condition::evaluated(text, Phase::Field);
            simple += usize::from(own.is_simple());
            with_scope(&consumer, |scope| {
                assert_eq!(own.decide(scope).ok(), by_crate.decide(scope).ok(), "{text}");
            });
        }
    }
    assert!(simple > 40, "{simple} of the conditions need no evaluation");
}

#[test]
fn two_absent_names_are_not_equal() {
    let nobody = Consumer::anonymous();
    let args = object(json!({ "id": "" }));
    let condition = Condition::compile("args.id == consumer.id", Phase::Field).unwrap();
    with_scope(&nobody, |scope| {
        let scope = Scope { args: Some(&args), ..*scope };
        assert_eq!(condition.decide(&scope), Err(Why::Absent { name: "consumer.id".to_owned() }));
    });
}

#[test]
fn why_it_failed_says_the_name_and_no_value() {
    let why = |text| decide(text, Phase::Field).unwrap_err().to_string();
    assert_eq!(
        why("request.headers['x-beta'] == 'yes'"),
        "`request.headers[\"x-beta\"]` is absent"
    );
    assert_eq!(why("consumer.claims.absent > 1"), "`consumer.claims[\"absent\"]` is absent");
    assert!(why("consumer.claims.tenant > 1").contains("no matching overload for '_>_'"));
    assert_eq!(why("consumer.claims.org.name == ''"), "it cannot be evaluated: a key is not there");
    assert_eq!(why("args.limit"), "it gave int, not true or false");
    for text in ["args.id + 1 == 'x'", "consumer.claims.tenant > 1", "args.ids[9] == 1"] {
        assert!(!why(text).contains("alice") && !why(text).contains("blue"), "{text}");
    }
}

#[test]
fn what_is_not_there_is_refused_with_its_place_and_what_there_is() {
    let (error, fix) = refused("request.path == '' && consumer.plam == 'x'", Phase::Request);
    assert!(error.ends_with("there is no `consumer.plam` here, at column 23"), "{error}");
    assert!(fix.contains("`consumer.plan`") && !fix.contains("request"), "{fix}");
    for (text, phase, expected) in [
        ("route.name == ''", Phase::Request, "there is no `route` here, at column 1"),
        ("request.path_params.id == ''", Phase::Request, "no `request.path_params` here"),
        ("args.id == ''", Phase::Operation, "there is no `args` here"),
        ("operation.cost > 1", Phase::Operation, "there is no `operation.cost` here"),
        ("operation.name == ''", Phase::Route, "there is no `operation` here"),
        ("response.status == 1", Phase::Request, "there is no `response` here"),
        ("request == 1", Phase::Request, "`request` alone is no value"),
        ("request.id.x == 1", Phase::Request, "`request.id` is a text, it has no members"),
        ("request.headers.x-tenant == 'a'", Phase::Request, "no `tenant` here, at column 19"),
        ("request.headers['a b'] == 'a'", Phase::Request, "`a b` is not the name of a header"),
        ("lower(request.id) == 'a'", Phase::Request, "no function `lower`, at column 6"),
        ("request.id.foo('a')", Phase::Request, "no function `foo`"),
        ("request.id == 'a' 'b'", Phase::Request, "extraneous input ``b``, at column 19"),
        ("(true", Phase::Request, "it ends too early, at column 6"),
        ("'open", Phase::Request, "token recognition error"),
        ("", Phase::Request, "it ends too early"),
        ("request.id.matches('(')", Phase::Request, "`(` is not a pattern, at column 20"),
        ("request.id", Phase::Request, "it gives a text, not true or false"),
        ("consumer.scopes", Phase::Request, "it gives a list"),
        ("consumer.scopes && true", Phase::Request, "a side of `&&` is a list"),
        ("'a' in 'b'", Phase::Request, "the right side of `in` is a text"),
        ("true &&\n fool", Phase::Request, "there is no `fool` here, at line 2, column 2"),
        ("Money{a: 1} == 1", Phase::Request, "no function `Money`"),
    ] {
        let (error, _) = refused(text, phase);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = Expression::compile("consumer.scopes", Phase::Request).unwrap_err();
    assert!(error.to_string().contains("it gives a list, not a text"));
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_and_nothing_overflows() {
    let long = format!("request.id == '{}'", "x".repeat(5_000));
    assert!(refused(&long, Phase::Request).0.contains("longer than 4096 bytes"));
    for text in [
        format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000)),
        format!("{}true", "!(".repeat(90)) + &")".repeat(90),
        format!("1{} == 2", " + 1".repeat(900)),
        format!("{}1{} == 2", "[".repeat(1_500), "]".repeat(1_500)),
        "true ? true : ".repeat(250) + "true",
    ] {
        assert!(Condition::compile(&text, Phase::Request).is_err(), "{}", &text[..20]);
    }
}

#[test]
fn the_deepest_that_is_allowed_is_evaluated_on_a_small_stack() {
    let text = format!("1{} == 46", " + 1".repeat(45));
    let condition = Condition::compile(&text, Phase::Request).unwrap();
    let run = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || with_scope(&alice(), |scope| condition.decide(scope)));
    assert_eq!(run.unwrap().join().unwrap(), Ok(true));
}

#[test]
fn an_evaluation_that_goes_on_and_on_is_ended() {
    let ids: Vec<u32> = (0..2_000).collect();
    let args = object(json!({ "ids": ids, "text": "x".repeat(10_000) }));
    for text in [
        "args.ids.all(x, args.ids.exists(y, y > 5000) || true)",
        "args.ids.map(x, args.ids.map(y, y)).size() > 0",
        "args.ids.filter(x, args.ids.filter(y, y > 0).size() > 0).size() > 0",
        "args.ids.exists_one(x, args.ids.exists_one(y, y == 1)) || true",
        "args.ids.map(x, args.text).size() > 0",
    ] {
        let condition = Condition::compile(text, Phase::Field).unwrap();
        with_scope(&alice(), |scope| {
            let scope = Scope { args: Some(&args), ..*scope };
            assert_eq!(
                condition.decide(&scope),
                Err(Why::TooManySteps { limit: 100_000 }),
                "{text}"
            );
        });
    }
}

#[test]
fn the_scopes_that_a_condition_needs_are_known() {
    let scopes = |text| {
        let condition = Condition::compile(text, Phase::Request).unwrap();
        condition.scopes().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(scopes("'a' in consumer.scopes && ('b' in consumer.scopes && true)"), ["a", "b"]);
    assert!(scopes("'a' in consumer.scopes || !('b' in consumer.scopes)").is_empty());
    assert!(scopes("'a' in consumer.roles").is_empty());
}

#[test]
fn what_an_expression_depends_on_is_known() {
    let reads = |text| {
        let expression = Expression::compile(text, Phase::Route).unwrap();
        expression.reads().map(|read| format!("{read:?}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(reads("'a' + request.headers.host + request.id"), "Header(\"host\") RequestId");
    assert_eq!(reads("consumer.scopes.join(request.query.a)"), "Consumer Query");
}
