//! Both doors tell alike: the same fields, one metric family.
//!
//! **Never here:** the demo's lines for people.

use std::collections::BTreeSet;

use serde_json::Value;
use subgraphs::Options;

use crate::client::get;
use crate::house::House;

const ROUTES: &str =
    "routes: [{ match: { path: \"/orders/{id}\", methods: [GET] }, upstream: orders }]\n";

fn keys(line: &Value) -> BTreeSet<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn one_line_a_request_with_the_same_fields_from_both_doors() {
    let house = House::open_with(ROUTES, Options::default()).await;
    house.query("query Mine { me { name } }").await;
    get(house.address(), "/orders/o1").await;
    let lines = house.request_lines(2).await;
    assert_eq!(lines.len(), 2);
    let (graphql, route) = (&lines[0], &lines[1]);
    let mut expected = keys(route);
    expected.extend(["operation_name", "operation_type"]);
    assert_eq!(keys(graphql), expected);
    assert_eq!((&graphql["door"], &route["door"]), (&"graphql".into(), &"route".into()));
    assert_eq!((&graphql["route"], &route["route"]), (&"/graphql".into(), &"/orders/{id}".into()));
    assert_eq!(graphql["operation_name"], "Mine");
    for line in lines {
        assert_eq!((&line["status"], &line["fetches"]), (&200.into(), &1.into()));
        assert!(line["duration_ms"].as_f64().unwrap() >= line["upstream_ms"].as_f64().unwrap());
        assert!(line["bytes_out"].as_u64().unwrap() > 0);
        assert_eq!(line["client_ip"], "127.0.0.1");
    }
}

#[tokio::test]
async fn one_family_counts_both_doors_and_metrics_stay_on_the_admin_port() {
    let house = House::open_with(ROUTES, Options::default()).await;
    house.query("{ me { name } }").await;
    house.query("{ me { name } }").await;
    get(house.address(), "/orders/o1").await;
    house.request_lines(3).await;
    assert_eq!(get(house.address(), "/metrics").await.status, 404);
    let metrics = get(house.gateway.admin_address, "/metrics").await.text();
    for line in [
        "http_server_request_duration_seconds_count{door=\"graphql\",route=\"/graphql\",method=\"POST\",operation_type=\"query\",status_class=\"2xx\"} 2",
        "http_server_request_duration_seconds_count{door=\"route\",route=\"/orders/{id}\",method=\"GET\",operation_type=\"\",status_class=\"2xx\"} 1",
        "http_client_request_duration_seconds_count{upstream=\"accounts\",status_class=\"2xx\"} 2",
        "http_client_request_duration_seconds_count{upstream=\"orders\",status_class=\"2xx\"} 1",
        "graphloom_prepared_operation_lookups_total{result=\"hit\"} 1",
        "graphloom_prepared_operation_lookups_total{result=\"miss\"} 1",
        "graphloom_prepared_operations 1",
        "graphloom_graph_loads_total{result=\"ok\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no `{line}` in\n{metrics}");
    }
}

#[tokio::test]
async fn both_ports_answer_probes() {
    let house = House::open().await;
    for address in [house.address(), house.gateway.admin_address] {
        assert_eq!(get(address, "/health").await.status, 200);
        assert_eq!(get(address, "/ready").await.json()["status"], "ready");
    }
}
