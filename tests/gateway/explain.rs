//! What would become of a request: for the query page, where `graphql.ide` is on, and for operators, who ask for
//! others.
//!
//! **Never here:** what the page does with it (`tests/browser`), random requests (`explained`), the command
//! (`explain_command`).

use http::Method;
use serde_json::{Value, json};
use subgraphs::Options;

use crate::client::{Answer, call, get};
use crate::folder::Folder;
use crate::house::{House, start};

const DOCUMENT: &str = "{ topProducts(first: 2) { name inStock } }";
const ASKED: [(&str, &str); 1] = [("graphloom-explain", "1")];

async fn explained(house: &House, document: &str, more: &[(&str, &str)]) -> Answer {
    let headers = [&[("content-type", "application/json")], more].concat();
    let body = json!({ "query": document }).to_string();
    call(house.address(), Method::POST, "/_graphloom/explain", &headers, body).await
}

/// The explanation of a request in words, from the admin port.
async fn explained_as(house: &House, asked: Value) -> Answer {
    let headers = [("authorization", "Bearer opens-the-admin-api")];
    let admin = house.gateway.admin_address;
    call(admin, Method::POST, "/explain", &headers, asked.to_string()).await
}

#[tokio::test]
async fn a_request_is_explained_when_it_asks_and_may() {
    let ide = "graphql: { ide: true, server_timing: true }\n";
    let house = House::open_with(ide, Options::default()).await;
    let answer = house.query_with(DOCUMENT, json!({}), &ASKED).await;
    let report = &answer.json()["extensions"]["graphloom"];
    assert_eq!((&report["requests"], &report["naiveRequests"]), (&2.into(), &3.into()));
    let fetch = &report["fetches"][1];
    assert_eq!((&fetch["subgraph"], &fetch["entities"]), (&"inventory".into(), &2.into()));
    assert_eq!(report["plan"]["fetches"][1]["waitsFor"], json!([1]));
    let timing = answer.header("server-timing").unwrap();
    assert!(timing.starts_with("fetch1;desc=\"products\";dur="), "{timing}");

    assert_eq!(house.query(DOCUMENT).await.json().get("extensions"), None);
    let plan = &explained(&house, DOCUMENT, &[]).await.json()["operation"];
    assert_eq!(plan["plan"], report["plan"]);
    assert_eq!(plan["plan"]["warnings"], json!([]));
    let nested = "{ topProducts { reviews { author { reviews { product { inStock } } } } } }";
    let warned = &explained(&house, nested, &[]).await.json()["operation"];
    assert_eq!(warned["plan"]["warnings"][0]["kind"], "listInList", "{warned}");
    assert!(plan["text"].as_str().unwrap().contains("waits for 1"), "{plan}");
    let wrong = explained(&house, "{ nobody }", &[]).await.json();
    assert!(wrong["errors"][0]["message"].as_str().unwrap().contains("nobody"), "{wrong}");
    assert_eq!(house.requests()["products"], 2);
}

#[tokio::test]
async fn without_the_query_page_nothing_of_it_answers() {
    let house = House::open().await;
    let answer = house.query_with(DOCUMENT, json!({}), &ASKED).await;
    assert_eq!(answer.json().get("extensions"), None);
    assert_eq!(explained(&house, DOCUMENT, &[]).await.status, 404);
    for path in ["/", "/_graphloom/status"] {
        assert_eq!(get(house.address(), path).await.status, 404);
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_page_knows_the_path_of_the_door() {
    let ide = "graphql: { ide: true, path: /api/graphql }\n";
    let house = House::open_with(ide, Options::default()).await;
    let page = get(house.address(), "/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("/api/graphql") && !page.text().contains("__GRAPHQL_PATH__"));
}

const GUARDED: &str = "admin: { listen: 127.0.0.1:0, key: opens-the-admin-api }\n";

const RULES: &str = "\
graphql:
  ide: true
  introspection: '\"developer\" in consumer.roles'
  authorize: 'request.client_ip != \"127.0.0.9\"'
headers:
  request:
    - { forward: x-tenant }
    - { forward: authorization }
    - { set: x-user, value: consumer.id }
    - { set: x-gate, value: \"'${GATE:-plain}'\" }
masks: [{ field: Product.name, keep_last: 2, unless: '\"names\" in consumer.scopes' }]
identity:
  keys: { api_key: { header: x-api-key, store: \"sqlite://keys.db\" } }
routes:
  - match: { path: \"/orders/{id}\", methods: [GET] }
    upstream: orders
    require: { any: [keys] }
    authorize: '\"orders\" in consumer.scopes'
    masks: [{ path: \"$..total\", remove: true }]
";

async fn guarded() -> House {
    House::open_with_admin(GUARDED, RULES, Options::default()).await
}

/// A key of the house, made by its operator.
async fn key(house: &House, body: Value) -> String {
    let headers = [("authorization", "Bearer opens-the-admin-api")];
    let admin = house.gateway.admin_address;
    let made = call(admin, Method::POST, "/keys", &headers, body.to_string()).await.json();
    let key = made["key"].as_str().expect("a key is made").to_owned();
    let known = || async {
        let asked = json!({ "query": DOCUMENT, "as": key });
        explained_as(house, asked).await.json()["consumer"].is_object()
    };
    // The gateway follows its store.
    while !known().await {
        tokio::task::yield_now().await;
    }
    key
}

fn headers_of(upstream: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let headers = upstream["headers"].as_array().unwrap().iter();
    headers.map(|header| (text(&header["name"]), text(&header["value"]))).collect()
}

#[tokio::test]
async fn operators_ask_on_behalf_of_others() {
    let house = guarded().await;
    let key = key(&house, json!({ "name": "ann", "scopes": ["orders"] })).await;
    house.forget_requests();

    let headers = json!({ "x-tenant": "t1", "authorization": "Basic dGVzdDp0ZXN0" });
    let asked = json!({ "query": DOCUMENT, "as": key, "headers": headers });
    let answer = explained_as(&house, asked).await;
    let explained = answer.json();
    assert_eq!(explained["consumer"]["id"], "keys:ann");
    assert_eq!(explained["refused"], json!([]));
    let masks = json!([{ "of": "Product.name", "action": "keep_last", "hides": true, "unless": "\"names\" in consumer.scopes" }]);
    assert_eq!(explained["masks"], masks);
    let introspection = &explained["operation"]["introspection"];
    assert_eq!(
        (&introspection["asked"], &introspection["allowed"]),
        (&false.into(), &false.into())
    );
    assert_eq!(explained["upstreams"][1]["fetches"], json!([2]));
    let sent = headers_of(&explained["upstreams"][0]);
    let has = |name: &str, value: &str| sent.contains(&(name.to_owned(), value.to_owned()));
    assert!(
        has("x-tenant", "t1") && has("x-user", "keys:ann") && has("x-gate", "plain"),
        "{sent:?}"
    );
    assert!(has("authorization", "•••"), "{sent:?}");
    assert!(!answer.text().contains(&key) && !answer.text().contains("dGVzdDp0ZXN0"));

    let route = json!({ "request": "GET /orders/o1?full=1", "as": key });
    let explained = explained_as(&house, route).await.json();
    assert_eq!(explained["refused"], json!([]));
    assert_eq!(explained["route"], json!({ "name": "/orders/{id}", "pathParams": { "id": "o1" } }));
    assert_eq!(explained["upstreams"][0]["path"], "/orders/o1?full=1");
    assert_eq!(explained["masks"][0]["of"], "$..total");
    assert!(headers_of(&explained["upstreams"][0]).contains(&("x-user".into(), "keys:ann".into())));
    assert_eq!(
        house.requests(),
        json!({ "accounts": 0, "products": 0, "inventory": 0, "reviews": 0 })
    );
}

#[tokio::test]
async fn what_a_door_would_refuse_is_said_with_its_reason() {
    let house = guarded().await;
    let codes = |explained: &Value| -> Vec<String> {
        let refused = explained["refused"].as_array().unwrap().iter();
        refused.map(|refused| refused["code"].as_str().unwrap().to_owned()).collect()
    };
    let anonymous = explained_as(&house, json!({ "request": "GET /orders/o1" })).await.json();
    assert_eq!(codes(&anonymous), ["UNAUTHENTICATED", "FORBIDDEN"]);
    let why = anonymous["refused"][1]["why"].as_str().unwrap();
    assert!(why.contains("routes[0].authorize") && why.contains("\"orders\" in"), "{why}");

    let banned = json!({ "query": DOCUMENT, "clientIp": "127.0.0.9" });
    let banned = explained_as(&house, banned).await.json();
    assert_eq!(codes(&banned), ["FORBIDDEN"]);
    assert!(
        banned["operation"]["plan"].is_object(),
        "the rest is explained all the same: {banned}"
    );

    let unknown = json!({ "query": DOCUMENT, "as": "glk_nobody_0000000000" });
    let unknown = explained_as(&house, unknown).await.json();
    assert_eq!(
        (codes(&unknown), &unknown["consumer"]),
        (vec!["UNAUTHENTICATED".to_owned()], &Value::Null)
    );
    assert_eq!(unknown.get("operation"), None);

    let introspection = json!({ "query": "{ __schema { queryType { name } } }" });
    let introspection = explained_as(&house, introspection).await.json();
    assert_eq!(codes(&introspection), ["INTROSPECTION_DISABLED"]);
}

#[tokio::test]
async fn words_that_are_no_request_are_refused_with_what_to_write() {
    let house = guarded().await;
    for (asked, said) in [
        (json!({}), "ask for one thing"),
        (json!({ "query": DOCUMENT, "request": "GET /orders/1" }), "ask for one thing"),
        (json!({ "query": " " }), "the document is empty"),
        (json!({ "request": "/orders/1" }), "write a method"),
        (json!({ "request": "GET /nowhere" }), "no route has the path `/nowhere`"),
        (json!({ "request": "PUT /orders/1" }), "takes GET"),
        (json!({ "request": "GET /orders/../x" }), "segments"),
        (json!({ "query": DOCUMENT, "as": "a.b.c" }), "no provider of `identity` takes tokens"),
        (json!({ "query": DOCUMENT, "headers": { "x y": "1" } }), "`x y` is no header"),
        (json!({ "query": "{ nobody }" }), "nobody"),
        (json!({ "qeury": DOCUMENT }), "unknown field `qeury`"),
    ] {
        let answer = explained_as(&house, asked.clone()).await;
        assert_eq!(answer.status, 400, "{asked}");
        assert!(answer.text().contains(said), "{asked}: {}", answer.text());
    }
    let admin = house.gateway.admin_address;
    let body = json!({ "query": DOCUMENT }).to_string();
    assert_eq!(call(admin, Method::POST, "/explain", &[], body).await.status, 401);
    assert_eq!(get(admin, "/explain").await.status, 405);
    assert_eq!(get(house.address(), "/explain").await.status, 404);
}

#[tokio::test]
async fn the_page_is_told_what_its_own_caller_would_get() {
    let house = guarded().await;
    let key = key(&house, json!({ "name": "ann", "scopes": ["names"] })).await;
    let of = async |more: &[(&str, &str)]| explained(&house, DOCUMENT, more).await.json();
    let known = of(&[("x-api-key", &key), ("x-tenant", "t1")]).await;
    assert_eq!(
        (&known["consumer"]["id"], &known["masks"][0]["hides"]),
        (&"keys:ann".into(), &false.into())
    );
    assert!(headers_of(&known["upstreams"][0]).contains(&("x-tenant".into(), "t1".into())));
    let anonymous = of(&[]).await;
    assert_eq!(
        (&anonymous["consumer"]["anonymous"], &anonymous["masks"][0]["hides"]),
        (&true.into(), &true.into())
    );
    let refused = explained(&house, DOCUMENT, &[("x-api-key", "glk_nobody_0")]).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn of_the_credential_of_the_gateway_itself_only_the_place_is_told() {
    let folder = Folder::new();
    folder.write("shop.graphql", "type Query { name: String }");
    let yaml = "listen: 127.0.0.1:0\n\
                admin: { listen: 127.0.0.1:0, key: opens-the-admin-api }\n\
                supergraph: { subgraphs: { shop: { schema: shop.graphql, upstream: shop } } }\n\
                upstreams:\n  shop:\n    targets: [{ url: \"http://127.0.0.1:9\" }]\n    \
                credentials: { static: { header: x-shop, value: words-of-the-gateway } }\n\
                routes: [{ match: { path: /rest }, upstream: shop }]\n";
    let (gateway, _log) = start(folder.path(), yaml).await;
    for asked in [json!({ "query": "{ name }" }), json!({ "request": "GET /rest" })] {
        let headers = [("authorization", "Bearer opens-the-admin-api")];
        let admin = gateway.admin_address;
        let answer = call(admin, Method::POST, "/explain", &headers, asked.to_string()).await;
        let told = headers_of(&answer.json()["upstreams"][0]);
        assert!(told.contains(&("x-shop".to_owned(), "•••".to_owned())), "{told:?}");
        assert!(!answer.text().contains("words-of-the-gateway"));
    }
}
