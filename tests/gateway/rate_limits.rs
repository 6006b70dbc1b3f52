//! Rate limits: both doors pay from one purse, and say what is left in it.
//!
//! **Never here:** the arithmetic (`admission::gcra`), a store outside of the process.

use serde_json::json;
use subgraphs::Options;

use crate::client::{self, Answer, connect, graphql_request, send};
use crate::house::House;

/// Refills so slowly that a test sees nothing come back.
const FAIR: &str = r#"
policies:
  fair: { rate_limit: { key: 'request.headers["x-tenant"]', windows: [{ cost: 100, per: 300d }] } }
apply: { all: [fair] }
routes:
  - match: { path: "/orders/{id}", methods: [GET] }
    upstream: orders
    cost: 5
"#;

async fn open(more: &str) -> House {
    House::open_with(more, Options::default()).await
}

async fn query(house: &House, document: &str, headers: &[(&str, &str)]) -> Answer {
    let mut connection = connect(house.address()).await;
    send(&mut connection, graphql_request(document, json!({}), headers)).await
}

async fn order(house: &House, headers: &[(&str, &str)]) -> Answer {
    client::call(house.address(), http::Method::GET, "/orders/o1", headers, "").await
}

/// `r` of the first policy of an answer.
fn remaining(answer: &Answer) -> u64 {
    let field = answer.header("ratelimit").expect("the answer tells what is left");
    let value = field.split("r=").nth(1).and_then(|rest| rest.split(';').next());
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{field}"))
}

#[tokio::test]
async fn both_doors_pay_from_one_purse() {
    let house = open(&FAIR.replace("cost: 100, per", "cost: 1000, per")).await;
    // Three products with their reviews and their authors are 27 objects, and ten products are ten.
    let document = "{ topProducts(first: 3) { name reviews { body author { name } } } \
        more: topProducts(first: 10) { name } }";
    let answer = query(&house, document, &[("x-tenant", "a")]).await;
    let before = remaining(&answer);
    assert_eq!(before, 1000 - 37, "{}", answer.text());
    assert_eq!(answer.header("ratelimit-policy"), Some("\"fair\";q=1000;w=25920000"));
    let answer = order(&house, &[("x-tenant", "a")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(remaining(&answer), before - 5);
    assert_eq!(answer.header("ratelimit-policy"), Some("\"fair\";q=1000;w=25920000"));
    let answer = order(&house, &[("x-tenant", "b")]).await;
    assert_eq!(remaining(&answer), 995);
    let lines = house.request_lines(3).await;
    assert_eq!((&lines[1]["paid"], &lines[2]["paid"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn a_purse_that_is_empty_refuses_at_both_doors() {
    let house = open(FAIR).await;
    for _ in 0..20 {
        assert_eq!(order(&house, &[]).await.status, 200);
    }
    house.forget_requests();
    let answer = order(&house, &[]).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["code"], "RATE_LIMITED");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    // Five of a hundred in 300 days: 15 days, less what has passed.
    assert!((1_295_000..=1_296_000).contains(&wait), "{wait}");
    assert_eq!(remaining(&answer), 0);
    for accept in ["application/json", "application/graphql-response+json"] {
        let answer = query(&house, "{ me { name } }", &[("accept", accept)]).await;
        assert_eq!(answer.status, 429, "{accept}");
        assert_eq!(remaining(&answer), 0);
        assert!(answer.header("retry-after").is_some());
        let error = &answer.json()["errors"][0];
        assert_eq!(error["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(error["extensions"]["policy"], "fair");
        assert_eq!(error["extensions"]["remaining"], 0);
        assert!(error["extensions"]["retry_after"].is_u64(), "{error}");
        assert!(error.get("data").is_none());
    }
    assert_eq!(house.requests()["accounts"], json!(0), "nothing is fetched");
    let lines = house.request_lines(23).await;
    assert_eq!(lines[20]["refused_by"], "fair");
    assert_eq!(lines[22]["refused_by"], "fair");
}

#[tokio::test]
async fn a_request_that_comes_to_nothing_pays_too() {
    let house = open(FAIR).await;
    query(&house, "{ nonsense }", &[]).await;
    query(&house, "{", &[]).await;
    assert_eq!(remaining(&order(&house, &[]).await), 93);
    for _ in 0..93 {
        assert_eq!(query(&house, "{", &[]).await.status, 200);
    }
    assert_eq!(query(&house, "{", &[]).await.status, 429);
}

#[tokio::test]
async fn several_windows_and_limits_are_paid_together_or_not_at_all() {
    let several = r#"
policies:
  fair:
    rate_limit:
      - { key: request.client_ip, windows: [{ cost: 20, per: 100d }, { cost: 1000, per: 300d, burst: 500 }] }
  strict: { rate_limit: { key: route.name, windows: [{ cost: 7, per: 1d }] } }
apply: { routes: [fair] }
routes:
  - match: { path: "/orders/{id}", methods: [GET] }
    upstream: orders
    cost: 6
    policies: [strict]
"#;
    let house = open(several).await;
    let answer = order(&house, &[]).await;
    let policy =
        "\"fair-100d\";q=20;w=8640000, \"fair-300d\";q=500;w=12960000, \"strict\";q=7;w=86400";
    assert_eq!(answer.header("ratelimit-policy"), Some(policy));
    let left = |answer: &Answer| -> Vec<String> {
        let field = answer.header("ratelimit").unwrap().to_owned();
        field.split(", ").map(|item| item.split(";t=").next().unwrap().to_owned()).collect()
    };
    assert_eq!(left(&answer), ["\"fair-100d\";r=14", "\"fair-300d\";r=494", "\"strict\";r=1"]);
    let answer = order(&house, &[]).await;
    assert_eq!(answer.status, 429);
    assert!(answer.json()["detail"].as_str().unwrap().contains("`strict`"), "{}", answer.text());
    // What the first limits had paid came back.
    assert_eq!(left(&answer), ["\"fair-100d\";r=14", "\"fair-300d\";r=494", "\"strict\";r=1"]);
    let answer = query(&house, "{ __typename }", &[]).await;
    assert_eq!(answer.header("ratelimit"), None, "the policies are not for this door");
}

#[tokio::test]
async fn what_can_never_pass_is_told_so() {
    let small = FAIR.replace("cost: 100, per: 300d", "cost: 100, per: 300d, burst: 4");
    let house = open(&small).await;
    let answer = order(&house, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, None));
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "the request costs 5, more than `fair` ever lets pass at once");
}

#[tokio::test]
async fn counters_outlive_a_reload_that_keeps_their_windows() {
    let house = open(FAIR).await;
    assert_eq!(remaining(&order(&house, &[]).await), 95);
    let file = house.folder.read("graphloom.yaml");
    house.folder.write("graphloom.yaml", &file.replace("cost: 5", "cost: 7"));
    until_costs(&house, 7).await;
    let before = remaining(&order(&house, &[]).await);
    assert!(before <= 95 - 7, "{before}");
    assert_eq!(remaining(&order(&house, &[]).await), before - 7);
    let file = house.folder.read("graphloom.yaml");
    house.folder.write("graphloom.yaml", &file.replace("cost: 100, per", "cost: 200, per"));
    until_limit(&house, 200).await;
    assert!(remaining(&order(&house, &[]).await) > 150, "other windows begin anew");
}

/// Waits until a route costs so much, asking for a caller of its own.
async fn until_costs(house: &House, cost: u64) {
    for attempt in 0.. {
        let tenant = format!("probe {attempt}");
        if remaining(&order(house, &[("x-tenant", &tenant)]).await) == 100 - cost {
            return;
        }
        assert!(attempt < 5_000, "the change does not come");
        tokio::task::yield_now().await;
    }
}

async fn until_limit(house: &House, limit: u64) {
    for attempt in 0.. {
        let tenant = format!("other probe {attempt}");
        if remaining(&order(house, &[("x-tenant", &tenant)]).await) > limit / 2 {
            return;
        }
        assert!(attempt < 5_000, "the change does not come");
    }
}

#[tokio::test]
async fn a_plan_brings_its_own_limits() {
    let plans = r#"
identity:
  keys:
    api_key: { header: x-api-key, store: sqlite://keys.db }
policies:
  slow: { rate_limit: { windows: [{ cost: 10, per: 300d }] } }
  fast: { rate_limit: { windows: [{ cost: 1000, per: 300d }] } }
apply: { plans: { gold: [fast], "*": [slow] } }
routes:
  - match: { path: "/orders/{id}", methods: [GET] }
    upstream: orders
"#;
    let house = open(plans).await;
    assert_eq!(remaining(&order(&house, &[]).await), 9);
    let key = made_key(&house, "gold");
    let answer = until_key(&house, &key).await;
    assert_eq!(remaining(&answer), 999);
    let key = made_key(&house, "unheard");
    assert_eq!(remaining(&until_key(&house, &key).await), 9);
}

/// Waits until a key counts, and gives the first answer to it.
async fn until_key(house: &House, key: &str) -> Answer {
    for _ in 0..5_000 {
        let answer = order(house, &[("x-api-key", key)]).await;
        if answer.status == 200 {
            return answer;
        }
    }
    panic!("the key does not count");
}

fn made_key(house: &House, plan: &str) -> String {
    let file = house.folder.path().join("keys.db");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(["keys", "create", "--name", plan, "--plan", plan, "--store"])
        .arg(format!("sqlite://{}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn metrics_tell_by_policy_and_pages_may_read_the_headers() {
    let open_to_pages = FAIR.replace(
        "    cost: 5",
        "    cost: 60\n    cors: { origins: [\"https://app.example.com\"] }",
    );
    let house = open(&open_to_pages).await;
    let answer = order(&house, &[("origin", "https://app.example.com")]).await;
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("ratelimit, ratelimit-policy, retry-after")
    );
    assert_eq!(order(&house, &[]).await.status, 429);
    let metrics = client::get(house.gateway.admin_address, "/metrics").await.text();
    for line in [
        "graphloom_rate_limit_requests_total{policy=\"fair\",outcome=\"allowed\"} 1",
        "graphloom_rate_limit_requests_total{policy=\"fair\",outcome=\"refused\"} 1",
        "graphloom_rate_limit_cost_total{policy=\"fair\"} 60",
        "graphloom_rate_limit_keys 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[test]
fn a_wrong_limit_is_told_with_its_place() {
    let cases: [(&str, &str); 12] = [
        ("{ rate_limit: {} }", "policies.fair.rate_limit.windows"),
        ("{ rate_limit: [{ windows: [{ cost: 1 }] }] }", "policies.fair.rate_limit[0].windows[0]"),
        (
            "{ rate_limit: { windows: [{ cost: 0, per: 1s }] } }",
            "policies.fair.rate_limit.windows[0].cost",
        ),
        (
            "{ rate_limit: { windows: [{ cost: 1, per: 900d }] } }",
            "policies.fair.rate_limit.windows[0].per",
        ),
        (
            "{ rate_limit: { key: consumer.idd, windows: [{ cost: 1, per: 1s }] } }",
            "policies.fair.rate_limit.key",
        ),
        (
            "{ rate_limit: { key: [consumer.id, nothing], windows: [{ cost: 1, per: 1s }] } }",
            "policies.fair.rate_limit.key[1]",
        ),
        (
            "{ rate_limit: { store: 'http://a', windows: [{ cost: 1, per: 1s }] } }",
            "policies.fair.rate_limit.store",
        ),
        (
            "{ quota: { store: local, windows: [{ cost: 1, per: day }] } }",
            "policies.fair.quota.store",
        ),
        (
            "{ quota: { windows: [{ cost: 1, per: day }, { cost: 2, per: day }] } }",
            "policies.fair.quota.windows[1].per",
        ),
        ("{ quota: { windows: [{ cost: 1, per: week }] } }", "policies.fair.quota.windows[0].per"),
        ("{ concurrency: [{ max: 0 }] }", "policies.fair.concurrency[0].max"),
        (
            "{ limits: { depth: 3 }, rate_limit: { windows: [{ cost: 1, per: 1s }] } }",
            "apply.plans.free[0]",
        ),
    ];
    for (policy, key) in cases {
        let yaml = format!(
            "supergraph: {{ directory: . }}\npolicies:\n  fair: {policy}\napply: {{ plans: {{ free: [fair] }} }}\n"
        );
        let file = std::path::Path::new("graphloom.yaml");
        let errors = graphloom::config::Settings::read(file, &yaml, &|_| None).unwrap_err().errors;
        assert!(errors.iter().any(|error| error.key == key), "{key}: {errors:?}");
        assert!(errors.iter().all(|error| !error.fix.is_empty()));
    }
}
