//! REST sources as part of the graph: fields, entities, batches, errors, from the client to the REST API.
//!
//! **Never here:** the mapping language (`fixtures/mapping`), what composes (`fixtures/connectors`).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::house;
use crate::shop::{Had, Shop};
use crate::stub;

const ORDERS: &str = r#"
extend schema @source(name: "api", http: { baseURL: "API/v1" })

type Query {
  orders(first: Int = 2): [Order]
    @connect(source: "api", http: { GET: "/orders?limit={$args.first}" }
      selection: "$.items { id total: cents->div(100) product: { upc: product } }")
  order(id: ID!): Order
    @connect(source: "api", http: { GET: "/orders/{$args.id}" }
      selection: "id total: cents->div(100) product: { upc: product }", entity: true)
}

type Mutation {
  place(product: ID!): Order
    @connect(source: "api", http: { POST: "/orders", body: "product: $args.product" }
      selection: "id total: cents->div(100) product: { upc: product }")
}

type Order @key(fields: "id") {
  id: ID!
  total: Float
  product: Product
  shipment(unit: String = "kg"): Shipment
    @connect(source: "api", http: { GET: "/shipments/{$this.id}?unit={$args.unit}" }
      selection: "carrier weight")
}

type Shipment { carrier: String weight: Float }

type Product @key(fields: "upc")
  @connect(source: "api", http: { POST: "/stock", body: "upcs: $batch.upc" }, batch: { maxSize: 3 }
    selection: "$.stock { upc stock: count }") {
  upc: ID!
  stock: Int
}
"#;

fn says(had: &Had) -> Response<Full<Bytes>> {
    let (method, target) = had.line.split_once(' ').unwrap();
    let path = target.strip_prefix("/v1").unwrap();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let order = |id: &str| {
        let number: u64 = id.trim_start_matches('o').parse().unwrap();
        json!({ "id": id, "cents": number * 150, "product": format!("p{number}"), "more": [1, 2] })
    };
    match (method, path.split('/').collect::<Vec<_>>().as_slice()) {
        ("GET", ["", "orders"]) => {
            let n: u64 = query.strip_prefix("limit=").unwrap().parse().unwrap();
            let items: Vec<Value> = (1..=n).map(|i| order(&format!("o{i}"))).collect();
            stub::json(&json!({ "items": items }))
        }
        ("POST", ["", "orders"]) => stub::json(&order("o7")),
        ("GET", ["", "orders", "o404"]) => failing(404, &json!({ "error": "no such order" })),
        ("GET", ["", "orders", id]) => stub::json(&order(id)),
        ("GET", ["", "shipments", "o2"]) => failing(503, &json!({ "error": "later" })),
        ("GET", ["", "shipments", _]) => {
            stub::json(&json!({ "carrier": query, "weight": 1.5, "unit": "ignored" }))
        }
        ("POST", ["", "stock"]) => {
            let asked: Value = serde_json::from_str(&had.body).unwrap();
            // In another order, one unknown to us, and the first one missing.
            let mut stock = vec![json!({ "upc": "p999", "count": 1 })];
            for upc in asked["upcs"].as_array().unwrap().iter().rev() {
                let number: u64 = upc.as_str().unwrap()[1..].parse().unwrap();
                if number != 1 {
                    stock.push(json!({ "upc": upc, "count": number * 10 }));
                }
            }
            stub::json(&json!({ "stock": stock }))
        }
        _ => failing(400, &json!({ "error": had.line })),
    }
}

fn failing(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = stub::json(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

#[tokio::test]
async fn fields_entities_and_batches_join_with_another_subgraph() {
    let shop = Shop::open(ORDERS, says).await;
    let body = shop
        .query("{ list: orders(first: 4) { id total __typename product { upc name stock } } }")
        .await;
    assert_eq!(body["errors"], json!(null), "{body}");
    let list = body["data"]["list"].as_array().unwrap();
    assert_eq!(list.len(), 4);
    assert_eq!(list[1]["total"], json!(3.0));
    assert_eq!(list[1]["__typename"], "Order");
    let stock: Vec<&Value> = list.iter().map(|order| &order["product"]["stock"]).collect();
    assert_eq!(stock, [&json!(null), &json!(20), &json!(30), &json!(40)]);
    assert!(list.iter().all(|order| order["product"]["name"].is_string()), "{body}");
    // What a connector is inside is seen by nobody.
    assert_eq!(shop.gateway.graph.current().subgraph_names(), ["products", "shop"]);
    // Four products, three at a time.
    assert_eq!(shop.lines(), ["GET /v1/orders?limit=4", "POST /v1/stock", "POST /v1/stock"]);
    assert_eq!(shop.requests_to_products(), 1);
    let bodies: Vec<Value> =
        shop.had().iter().filter_map(|had| serde_json::from_str(&had.body).ok()).collect();
    assert!(bodies.contains(&json!({ "upcs": ["p1", "p2", "p3"] })), "{bodies:?}");
    assert!(bodies.contains(&json!({ "upcs": ["p4"] })), "{bodies:?}");
    assert!(
        shop.had().iter().all(|had| !had.line.starts_with("POST")
            || had.headers["content-type"] == "application/json")
    );
}

#[tokio::test]
async fn arguments_are_defaults_literals_and_variables_under_every_alias() {
    let shop = Shop::open(ORDERS, says).await;
    let document = "query Q($first: Int!, $id: ID!, $unit: String) {
      orders { id }
      one: orders(first: 1) { id more: shipment { carrier } none: shipment(unit: null) { carrier } }
      some: orders(first: $first) { total }
      order(id: $id) { id shipment(unit: $unit) { carrier weight } g: shipment(unit: \"g r\") { carrier } }
    }";
    let variables = json!({ "first": 3, "id": "o/5?x" });
    let answer = shop.ask(document, json!({ "first": 3, "id": "o5" }), &[]).await.json();
    assert_eq!(answer["errors"], json!(null), "{answer}");
    let data = &answer["data"];
    assert_eq!(data["orders"], json!([{ "id": "o1" }, { "id": "o2" }]));
    assert_eq!(data["one"][0]["more"]["carrier"], "unit=kg");
    assert_eq!(data["one"][0]["none"]["carrier"], "unit=");
    assert_eq!(data["some"], json!([{ "total": 1.5 }, { "total": 3.0 }, { "total": 4.5 }]));
    assert_eq!(data["order"]["shipment"], json!({ "carrier": "unit=kg", "weight": 1.5 }));
    assert_eq!(data["order"]["g"]["carrier"], "unit=g%20r");
    assert!(shop.lines().contains(&"GET /v1/orders/o5".to_owned()));
    // What a client passes stays in its segment.
    shop.ask(document, variables, &[]).await.json();
    assert!(shop.lines().contains(&"GET /v1/orders/o%2F5%3Fx".to_owned()), "{:?}", shop.lines());
}

#[tokio::test]
async fn the_same_get_is_sent_once_in_an_operation_and_mutations_in_order() {
    let shop = Shop::open(ORDERS, says).await;
    let body = shop.query("{ a: order(id: \"o3\") { id } b: order(id: \"o3\") { total } }").await;
    assert_eq!(body["data"], json!({ "a": { "id": "o3" }, "b": { "total": 4.5 } }), "{body}");
    assert_eq!(shop.lines(), ["GET /v1/orders/o3"]);
    let body = shop
        .query("mutation { a: place(product: \"p1\") { id } b: place(product: \"p1\") { id } c: place(product: \"p2\") { id } }")
        .await;
    assert_eq!(body["data"]["c"]["id"], "o7", "{body}");
    let had: Vec<String> = shop.had().iter().skip(1).map(|had| had.body.clone()).collect();
    assert_eq!(had, [r#"{"product":"p1"}"#, r#"{"product":"p1"}"#, r#"{"product":"p2"}"#]);
}

#[tokio::test]
async fn what_fails_is_null_with_an_error_at_its_place() {
    let open = "graphql: { errors: { mask: false } }\n";
    let shop = Shop::open_with(ORDERS, open, says).await;
    let body = shop.query("{ orders(first: 3) { id s: shipment { weight } } }").await;
    let expected = json!([
        { "id": "o1", "s": { "weight": 1.5 } },
        { "id": "o2", "s": null },
        { "id": "o3", "s": { "weight": 1.5 } },
    ]);
    assert_eq!(body["data"]["orders"], expected, "{body}");
    let error = &body["errors"][0];
    assert_eq!(error["message"], "Request failed", "{body}");
    assert_eq!(error["path"], json!(["orders", 1, "s"]), "{body}");
    let extensions = &error["extensions"];
    assert_eq!(extensions["code"], "CONNECTOR_FETCH");
    assert_eq!(extensions["service"], "shop");
    assert_eq!(extensions["connector"]["coordinate"], "shop:Order.shipment[0]");
    assert_eq!(extensions["http"]["status"], 503);
    let body = shop.query("{ order(id: \"o404\") { id } orders(first: 1) { id } }").await;
    assert_eq!(body["data"], json!({ "order": null, "orders": [{ "id": "o1" }] }), "{body}");
    assert_eq!(body["errors"][0]["path"], json!(["order"]));
}

#[tokio::test]
async fn an_operation_sends_no_more_requests_than_it_may() {
    let more = "graphql: { errors: { mask: false } }\n\
                connectors: { sources: { shop.api: { max_requests_per_operation: 3 } } }\n";
    let shop = Shop::open_with(ORDERS, more, says).await;
    let body = shop.query("{ orders(first: 5) { shipment(unit: \"t\") { weight } } }").await;
    assert_eq!(shop.lines().len(), 3, "{:?}", shop.lines());
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4, "two failed, and two were not asked for one: {body}");
    let codes: Vec<&Value> = errors.iter().map(|error| &error["extensions"]["code"]).collect();
    assert_eq!(codes.iter().filter(|code| **code == "REQUEST_LIMIT_EXCEEDED").count(), 3);
    // The next operation begins anew.
    let body = shop.query("{ orders(first: 1) { shipment { weight } } }").await;
    assert_eq!(body["errors"], json!(null), "{body}");
}

#[tokio::test]
async fn requests_are_told_in_log_and_metrics_under_the_registered_name() {
    let shop = Shop::open(ORDERS, says).await;
    shop.query("{ orders(first: 4) { product { stock } } }").await;
    let line = house::until("the log has its line", || {
        house::lines(&shop.log, "request").into_iter().next()
    })
    .await;
    assert_eq!(line["fetches"], 3, "{line}");
    let metrics = crate::client::get(shop.gateway.admin_address, "/metrics").await.text();
    let line = metrics.lines().find(|line| line.contains("shop") && line.contains("_count"));
    assert!(line.is_some_and(|line| line.ends_with(" 3")), "{metrics}");
}

#[tokio::test]
async fn an_api_that_is_gone_fails_its_fields_and_says_nothing_of_addresses() {
    let open = "graphql: { errors: { mask: false } }\n";
    let mut shop = Shop::open_with(ORDERS, open, says).await;
    let address = shop.api.address.to_string();
    shop.api = stub::Stub::start(|_| async { stub::json(&Value::Null) }).await;
    let body = shop.query("{ orders { id } }").await;
    assert_eq!(body["data"], json!({ "orders": null }), "{body}");
    assert_eq!(body["errors"][0]["extensions"]["code"], "HTTP_CLIENT_ERROR", "{body}");
    assert!(!body.to_string().contains(&address), "{body}");
}

#[tokio::test]
async fn responses_are_read_by_their_content_type() {
    let schema = r#"
type Query {
  text: String @connect(http: { GET: "API/text" }, selection: "$")
  latin: String @connect(http: { GET: "API/latin" }, selection: "$")
  html: String @connect(http: { GET: "API/html" }, selection: "$")
  problem: String @connect(http: { GET: "API/problem" }, selection: "$.title")
  untyped: Int @connect(http: { GET: "API/untyped" }, selection: "$.n")
  nothing: String @connect(http: { GET: "API/nothing" }, selection: "$")
  broken: Int @connect(http: { GET: "API/broken" }, selection: "$.n")
  status: Int @connect(http: { GET: "API/gone" }, selection: "$status", isSuccess: "$status->in([200, 410])")
  strict: Int @connect(http: { GET: "API/strict" }, selection: "$.n", isSuccess: "$.ok"
    errors: { message: "$.reason", extensions: "code: kind retry: $response.headers.'retry-after'->first" })
  computed(n: Int): Int @connect(selection: "$args.n->add(1)")
}
"#;
    fn says(had: &Had) -> Response<Full<Bytes>> {
        let with = |content_type: Option<&'static str>, body: &'static [u8]| {
            let mut response = Response::new(Full::new(Bytes::from_static(body)));
            if let Some(content_type) = content_type {
                let value = HeaderValue::from_static(content_type);
                response.headers_mut().insert("content-type", value);
            }
            response
        };
        match had.line.as_str() {
            "GET /text" => with(Some("text/plain; charset=utf-8"), "größer".as_bytes()),
            "GET /latin" => with(Some("text/plain;charset=\"ISO-8859-1\""), b"gr\xf6\xdfer"),
            "GET /html" => with(Some("text/html"), b"<p>"),
            "GET /problem" => with(Some("application/problem+json"), br#"{"title":"t"}"#),
            "GET /untyped" => with(None, br#"{"n":3}"#),
            "GET /nothing" => {
                let mut response = with(Some("application/json"), b"");
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            "GET /broken" => with(Some("application/json"), b"{\"n\":"),
            "GET /gone" => failing(410, &json!({})),
            _ => {
                let body = br#"{"ok":"yes","n":1,"reason":"slow","kind":"BUSY"}"#;
                let mut response = with(Some("application/json"), body);
                response.headers_mut().insert("retry-after", HeaderValue::from_static("30"));
                response
            }
        }
    }
    let open = "graphql: { errors: { mask: false } }\n";
    let shop = Shop::open_with(schema, open, says).await;
    let body = shop
        .query("{ text latin html problem untyped nothing broken status strict computed(n: 4) }")
        .await;
    let expected = json!({
        "text": "größer", "latin": "größer", "html": null, "problem": "t", "untyped": 3,
        "nothing": null, "broken": null, "status": 410, "strict": null, "computed": 5,
    });
    assert_eq!(body["data"], expected, "{body}");
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{body}");
    let at = |name: &str| errors.iter().find(|error| error["path"] == json!([name])).unwrap();
    assert_eq!(at("broken")["extensions"]["code"], "CONNECTOR_RESPONSE_INVALID");
    assert_eq!(at("strict")["message"], "slow");
    assert_eq!(at("strict")["extensions"]["code"], "BUSY");
    assert_eq!(at("strict")["extensions"]["retry"], "30");
    assert_eq!(at("strict")["extensions"]["http"]["status"], 200);
}

#[tokio::test]
async fn headers_bodies_and_values_of_the_operator_go_where_the_schema_says() {
    let schema = r#"
extend schema @source(name: "api", http: {
  baseURL: "{$config.base}"
  headers: [{ name: "x-key", value: "Bearer {$config.key}" }, { name: "x-tenant", from: "x-tenant" },
            { name: "x-both", value: "source" }]
  queryParams: "region: $env.SHOP_REGION"
})
type Query {
  find(q: Filter!): String
    @connect(source: "api", http: {
      POST: "/find", headers: [{ name: "x-both", value: "connect" }, { name: "x-rule", value: "schema" },
        { name: "content-type", value: "application/x-www-form-urlencoded" }]
      body: "q: $args.q agent: $request.headers.'user-agent'->first" }
      selection: "$.found")
}
input Filter { name: String! sizes: [Int!] = [1, 2] }
"#;
    fn says(_: &Had) -> Response<Full<Bytes>> {
        stub::json(&json!({ "found": "yes" }))
    }
    let more = "headers: { request: [{ set: x-rule, value: '\"rule\"' }] }\n\
                connectors:\n  sources:\n    shop.api: { config: { base: API/v2, key: k1 } }\n";
    let shop = Shop::open_with(schema, more, says).await;
    let headers = [("x-tenant", "t1"), ("user-agent", "curl"), ("authorization", "secret")];
    let document = "{ find(q: { name: \"a b\" }) }";
    let body = shop.ask(document, json!({}), &headers).await.json();
    assert_eq!(body, json!({ "data": { "find": "yes" } }));
    let had = &shop.had()[0];
    assert_eq!(had.line, "POST /v2/find");
    assert_eq!(had.body, "q%5Bname%5D=a+b&q%5Bsizes%5D%5B0%5D=1&q%5Bsizes%5D%5B1%5D=2&agent=curl");
    assert_eq!(had.headers["x-key"], "Bearer k1");
    assert_eq!(had.headers["x-tenant"], "t1");
    assert_eq!(had.headers["x-both"], "connect");
    assert_eq!(had.headers["x-rule"], "rule");
    assert!(had.headers.contains_key("x-request-id"));
    assert!(!had.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_source_that_no_schema_has_is_refused_with_the_name_that_was_meant() {
    let shop = Shop::open(ORDERS, says).await;
    let yaml = shop.folder.read("graphloom.yaml")
        + "connectors: { sources: { shop.apy: { max_requests_per_operation: 3 } } }\n";
    shop.folder.write("graphloom.yaml", &yaml);
    let problem = house::until("the change is refused", || shop.gateway.graph.problem()).await;
    assert!(format!("{problem:?}").contains("did you mean `shop.api`?"), "{problem:?}");
    assert_eq!(shop.query("{ orders(first: 1) { id } }").await["data"]["orders"][0]["id"], "o1");
    drop(shop.diagnostics);
}

#[tokio::test]
async fn the_query_page_sees_calls_without_credentials() {
    let schema = r#"
extend schema @source(name: "api", http: { baseURL: "API"
  headers: [{ name: "authorization", value: "Bearer {$config.key}" }] queryParams: "k: $config.key" })
type Query {
  find(name: String): Found @connect(source: "api", http: { GET: "/find/{$args.name}" }
    selection: "n: number missing deep { here }")
}
type Found { n: Int missing: String deep: Deep }
type Deep { here: String }
"#;
    fn says(_: &Had) -> Response<Full<Bytes>> {
        stub::json(&json!({ "number": "7", "rest": 1, "deep": { "here": "s3cr&t", "there": 2 } }))
    }
    let more = "graphql: { ide: true }\n\
                connectors: { debug: true, sources: { shop.api: { config: { key: \"s3cr&t\" } } } }\n";
    let shop = Shop::open_with(schema, more, says).await;
    let document =
        "{ find(name: \"x\") { n missing deep { here } } again: find(name: \"x\") { n } }";
    let explain = [("graphloom-explain", "1")];
    let body = shop.ask(document, json!({}), &explain).await.json();
    let calls = body["extensions"]["graphloom"]["connectors"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{body}");
    assert!(!body["extensions"].to_string().contains("s3cr"), "{body}");
    let call = calls.iter().find(|call| call["reused"] == json!(false)).unwrap();
    assert!(calls.iter().any(|call| call["reused"] == json!(true)), "{body}");
    assert_eq!(call["connector"], "shop:Query.find[0]");
    let address = format!("http://{}/find/x?k=•••", shop.api.address);
    assert_eq!(call["request"]["url"], json!(address));
    assert_eq!(call["response"]["status"], 200);
    assert_eq!(call["dropped"], json!(["deep.there", "rest"]), "{call}");
    let call = calls.iter().find(|call| call["result"].to_string().contains("deep")).unwrap();
    assert_eq!(call["problems"][0]["path"], "missing", "{call}");
    assert_eq!(
        call["mismatched"],
        json!([{ "path": "n", "expected": "Int", "found": "a string" }])
    );
    // Nobody else sees them, and nobody at all unless the configuration says so.
    let body = shop.ask(document, json!({}), &[]).await.json();
    assert_eq!(body["extensions"], json!(null), "{body}");
}

#[tokio::test]
async fn a_graphql_server_without_an_address_is_refused() {
    let shop = Shop::open(ORDERS, says).await;
    let yaml = shop.folder.read("graphloom.yaml");
    let yaml: Vec<&str> = yaml.lines().filter(|line| !line.contains("products:")).collect();
    let yaml = yaml
        .join("\n")
        .replace("  subgraphs:", "  subgraphs:\n    products: { schema: products.graphql }");
    shop.folder.write("graphloom.yaml", &(yaml + "\n"));
    let problem = house::until("the change is refused", || shop.gateway.graph.problem()).await;
    let problem = format!("{problem:?}");
    assert!(problem.contains("nobody answers for subgraph `products`"), "{problem}");
    assert!(problem.contains("supergraph.subgraphs.products"), "{problem}");
}
