//! The bounds of planning: steps, positions, time; and what is told of them.
//!
//! **Never here:** which plan is the best (`fixtures/plans`), steps of single algorithms (`query-planner`).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use subgraphs::Options;
use tokio::time::timeout;

use crate::client::{Answer, get};
use crate::house::{House, lines};

const DOCUMENT: &str =
    "query Shipped { topProducts(first: 2) { name shippingEstimate reviews { body } } }";

async fn house(planning: &str) -> House {
    let yaml = format!(
        "graphql: {{ planning: {planning} }}\n\
         policies: {{ wide: {{ limits: {{ tokens: 100000 }} }} }}\napply: {{ graphql: [wide] }}\n"
    );
    House::open_with(&yaml, Options::default()).await
}

async fn metrics(house: &House) -> String {
    get(house.gateway.admin_address, "/metrics").await.text()
}

fn has_line(metrics: &str, line: &str) -> bool {
    metrics.lines().any(|found| found == line)
}

fn code(answer: &Answer) -> Value {
    answer.json()["errors"][0]["extensions"]["code"].clone()
}

#[tokio::test]
async fn a_spent_step_budget_gives_a_valid_plan_and_is_told() {
    let expected = House::open().await.query(DOCUMENT).await.json();
    let house = house("{ steps: 1 }").await;
    let answer = house.query(DOCUMENT).await.json();
    assert_eq!(answer, expected);
    assert!(answer["data"]["topProducts"][0]["shippingEstimate"].is_number(), "{answer}");

    let told =
        lines(&house.diagnostics.lines, "the planner spent its budget; a better plan may exist");
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["operation"], &told[0]["budget"]), (&"Shipped".into(), &1.into()));
    assert!(told[0]["steps"].as_u64().unwrap() > 1, "{}", told[0]);
    assert_eq!(told[0]["level"], "warn");
    let metrics = metrics(&house).await;
    let line = "graphloom_planning_duration_seconds_count{outcome=\"greedy\"} 1";
    assert!(has_line(&metrics, line), "{metrics}");
    assert!(has_line(&metrics, "graphloom_planning_steps_count 1"), "{metrics}");
}

#[tokio::test]
async fn an_operation_with_too_many_positions_is_the_clients_fault() {
    let house = house("{ positions: 2 }").await;
    let headers = [("accept", "application/graphql-response+json")];
    let answer = house.query_with(DOCUMENT, json!({}), &headers).await;
    assert_eq!((answer.status.as_u16(), code(&answer)), (400, "MAX_POSITIONS_LIMIT".into()));
    assert_eq!(house.query("{ __typename }").await.json()["data"]["__typename"], "Query");
    assert_eq!(house.requests()["products"], 0);
}

/// Selects `n` products under names of their own, each with other fields.
fn wide(n: usize) -> String {
    let fields = ["name", "price", "weight", "inStock", "shippingEstimate", "upc"];
    let aliased = (0..n).map(|i| {
        let chosen = fields.iter().enumerate().filter(|(bit, _)| i >> bit & 1 == 1);
        let chosen: Vec<String> = chosen.map(|(_, field)| format!("{field}{i}: {field}")).collect();
        format!("p{i}: topProducts(first: 1) {{ x: __typename {} }}", chosen.join(" "))
    });
    format!("query Wide {{ {} }}", aliased.collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn a_plan_that_takes_too_long_is_stopped_and_the_gateway_goes_on() {
    let house = house("{ timeout: 1ms }").await;
    let headers = [("accept", "application/graphql-response+json")];
    let wide = wide(600);
    let answers = join_all((0..3).map(|_| house.query_with(&wide, json!({}), &headers))).await;
    for answer in answers {
        assert_eq!((answer.status.as_u16(), code(&answer)), (504, "QUERY_PLANNING_TIMEOUT".into()));
        assert!(answer.json().get("data").is_none());
    }
    // What took too long is not tried again at once.
    house.query(&wide).await;
    let told = lines(&house.diagnostics.lines, "planning took too long and was stopped");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["operation"], &told[0]["timeout_ms"]), (&"Wide".into(), &1.into()));
    let metrics = metrics(&house).await;
    let line = "graphloom_planning_duration_seconds_count{outcome=\"timeout\"} 1";
    assert!(has_line(&metrics, line), "{metrics}");
    // Its thread ends: the planner is asked to stop.
    let nothing_is_planned =
        async { while !has_line(&self::metrics(&house).await, "graphloom_planning_active 0") {} };
    timeout(Duration::from_secs(20), nothing_is_planned).await.unwrap();
    assert_eq!(house.requests()["products"], 0);
}

#[tokio::test]
async fn requests_that_come_together_share_one_plan() {
    let house = house("{}").await;
    let answers = join_all((0..8).map(|_| house.query(DOCUMENT))).await;
    assert!(answers.iter().all(|answer| answer.json().get("errors").is_none()));
    let line = "graphloom_planning_duration_seconds_count{outcome=\"ok\"} 1";
    let metrics = metrics(&house).await;
    assert!(has_line(&metrics, line), "{metrics}");
}
