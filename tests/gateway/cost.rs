//! What operations cost: told where it is wanted, limited before anything is fetched.
//!
//! **Never here:** how costs add up (`fixtures/cost`).

use serde_json::{Value, json};
use subgraphs::Options;

use crate::client::get;
use crate::house::House;

const ALL: &str = "graphql: { cost: { extensions: [estimated, actual, max], headers: [estimated, actual] } }\n\
    policies: { dear: { limits: { cost: 200 } } }\napply: { graphql: [dear] }\n";
const REVIEWED: &str = "{ topProducts(first: 2) { name reviews { body } } }";

async fn metrics(house: &House) -> String {
    get(house.gateway.admin_address, "/metrics").await.text()
}

fn has(metrics: &str, line: &str) -> bool {
    metrics.lines().any(|found| found == line)
}

#[tokio::test]
async fn a_cost_is_told_where_it_is_wanted() {
    let house = House::open_with(ALL, Options::default()).await;
    let answer = house.query(REVIEWED).await;
    let body = answer.json();
    let products = body["data"]["topProducts"].as_array().unwrap();
    let reviews = products.iter().map(|product| product["reviews"].as_array().unwrap().len());
    let actual = products.len() + reviews.sum::<usize>();
    assert_eq!(
        body["extensions"],
        json!({ "cost": { "estimated": 110, "actual": actual, "max": 200 } })
    );
    assert_eq!(answer.header("x-cost-estimated"), Some("110"));
    assert_eq!(answer.header("x-cost-actual"), Some(actual.to_string().as_str()));
    assert_eq!(answer.header("x-cost-max"), None);
    let line = &house.request_lines(1).await[0];
    assert_eq!((&line["cost_estimated"], &line["cost_actual"]), (&json!(110), &json!(actual)));
    let metrics = metrics(&house).await;
    assert!(has(&metrics, "graphloom_operation_cost_estimated_sum 110.0"), "{metrics}");
    assert!(has(&metrics, &format!("graphloom_operation_cost_actual_sum {actual}.0")));
}

#[tokio::test]
async fn nobody_who_did_not_ask_is_told() {
    let house = House::open().await;
    let answer = house.query(REVIEWED).await;
    assert_eq!(answer.json().get("extensions"), None);
    assert_eq!(answer.header("x-cost-estimated"), None);
    let line = &house.request_lines(1).await[0];
    assert_eq!(line.get("cost_estimated"), None);
    assert!(has(&metrics(&house).await, "graphloom_operation_cost_estimated_count 0"));
}

#[tokio::test]
async fn what_is_too_dear_fetches_nothing() {
    let house = House::open_with(ALL, Options::default()).await;
    let answer = house.query("{ topProducts { reviews { author { reviews { body } } } } }").await;
    let body = answer.json();
    let error = &body["errors"][0];
    assert_eq!(error["message"], "the operation costs 1210; 200 are allowed");
    let extensions = json!({
        "code": "COST_ESTIMATED_TOO_EXPENSIVE", "cost": { "estimated": 1210, "max": 200 }
    });
    assert_eq!(error["extensions"], extensions);
    assert_eq!(body.get("data"), None);
    assert_eq!(house.requests()["products"], 0);
    let line = &house.request_lines(1).await[0];
    let detail = "the operation costs 1210; 200 are allowed: `policies.*.limits.cost`";
    assert_eq!(line["errors"][0], detail);
    let refused = "graphloom_limits_exceeded_total{limit=\"cost\",outcome=\"refused\"} 1";
    assert!(has(&metrics(&house).await, refused));
}

#[tokio::test]
async fn what_is_only_measured_runs() {
    let measure = "policies: { dear: { limits: { mode: measure, cost: 20, aliases: 0 } } }\napply: { graphql: [dear] }\n";
    let house = House::open_with(measure, Options::default()).await;
    let body = house.query("{ products: topProducts { name reviews { body } } }").await.json();
    assert_eq!(body.get("errors"), None);
    let line = &house.request_lines(1).await[0];
    let beyond = json!([
        "the operation has 1 aliases; 0 are allowed: `policies.*.limits.aliases`",
        "the operation costs 110; 20 are allowed: `policies.*.limits.cost`",
    ]);
    assert_eq!((&line["beyond_limits"], &line["level"]), (&beyond, &json!("info")));
    let metrics = metrics(&house).await;
    for limit in ["cost", "aliases"] {
        let line =
            format!("graphloom_limits_exceeded_total{{limit=\"{limit}\",outcome=\"measured\"}} 1");
        assert!(has(&metrics, &line), "{metrics}");
    }
}

#[tokio::test]
async fn a_subgraph_whose_share_is_too_dear_is_not_asked() {
    let maxima = |mode: &str| {
        format!(
            "graphql: {{ cost: {{ mode: {mode}, subgraphs: {{ reviews: {{ max: 99, fetch: 3 }} }} }} }}\n"
        )
    };
    let house = House::open_with(&maxima("enforce"), Options::default()).await;
    let body = house.query(REVIEWED).await.json();
    assert_eq!(house.requests()["reviews"], 0);
    assert_eq!(house.requests()["products"], 1);
    let data = json!({ "topProducts": [
        { "name": body["data"]["topProducts"][0]["name"], "reviews": null },
        { "name": body["data"]["topProducts"][1]["name"], "reviews": null },
    ] });
    assert_eq!(body["data"], data);
    let errors: Vec<&Value> = body["errors"].as_array().unwrap().iter().collect();
    assert_eq!(errors[0]["extensions"]["code"], "SUBGRAPH_COST_ESTIMATED_TOO_EXPENSIVE");
    assert_eq!(errors[0]["message"], "this part of the operation costs 103; 99 are allowed");
    // What it does not ask of the subgraph, it may.
    assert_eq!(house.query("{ topProducts { name } }").await.json().get("errors"), None);
    let house = House::open_with(&maxima("measure"), Options::default()).await;
    assert_eq!(house.query(REVIEWED).await.json().get("errors"), None);
    let line = "graphloom_limits_exceeded_total{limit=\"subgraph_cost\",outcome=\"measured\"} 1";
    assert!(has(&metrics(&house).await, line));
}

#[tokio::test]
async fn a_change_of_the_rates_holds_at_once() {
    let cost =
        |rate: u32| format!("graphql: {{ cost: {{ object: {rate}, extensions: [estimated] }} }}\n");
    let house = House::open_with(&cost(1), Options::default()).await;
    let estimated =
        async || house.query("{ me { name } }").await.json()["extensions"]["cost"].clone();
    assert_eq!(estimated().await, json!({ "estimated": 1 }));
    let file = house.folder.path().join("graphloom.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("object: 1", "object: 7")).unwrap();
    crate::house::until("the configuration is replaced", || {
        let lines = crate::house::lines(&house.diagnostics.lines, "configuration replaced");
        (!lines.is_empty()).then_some(())
    })
    .await;
    assert_eq!(estimated().await, json!({ "estimated": 7 }));
}

#[tokio::test]
async fn a_maximum_for_nobody_is_refused() {
    let house = House::open().await;
    let file = house.folder.path().join("graphloom.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let cost = "graphql: { cost: { subgraphs: { review: { max: 5 } } } }\n";
    std::fs::write(&file, format!("{text}{cost}")).unwrap();
    let problem =
        crate::house::until("the change is refused", || house.gateway.graph.problem()).await;
    let error = &problem.errors[0];
    let message = "`graphql.cost.subgraphs` names `review`, which is no subgraph";
    assert_eq!((error.code.as_str(), error.message.as_str()), ("UNKNOWN_SUBGRAPH", message));
    assert_eq!(error.fix.as_deref(), Some("did you mean `reviews`?"));
    assert_eq!(house.query("{ me { id } }").await.status, 200);
}
