//! Limits in Redis: several gateways pass together what one would; what happens when the store is gone.
//!
//! **Never here:** limits in memory (`rate_limits`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::json;
use subgraphs::Options;

use crate::client::{Answer, call, connect, get, graphql_request, request, send};
use crate::folder::Folder;
use crate::house::{House, lines, until};
use crate::process::Process;
use crate::redis::Redis;
use crate::stub::{self, Stub};

fn limits(store: &str, more: &str, windows: &str) -> String {
    format!(
        "policies:\n  fair: {{ rate_limit: {{ key: '\"all\"', store: \"{store}\", windows: {windows}{more} }} }}\n\
         apply: {{ all: [fair] }}\n\
         routes: [{{ match: {{ path: \"/orders/{{id}}\" }}, upstream: orders, cost: 5 }}]\n"
    )
}

fn remaining(answer: &Answer) -> u64 {
    let field = answer.header("ratelimit").expect("the answer tells what is left");
    let value = field.split("r=").nth(1).and_then(|rest| rest.split(';').next());
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{field}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_together_pass_no_more_than_the_rate_and_the_burst() {
    let Some(redis) = Redis::start().await else { return };
    let stub = Stub::start(|_| async { stub::json(&json!({})) }).await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 2\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9/ }} }} }}\n\
         upstreams: {{ orders: {{ targets: [{{ url: \"http://{}\" }}] }} }}\n{}",
        stub.address,
        limits(&redis.url(), ", timeout: 5s", "[{ cost: 200, per: 1s, burst: 300 }]"),
    );
    folder.write("graphloom.yaml", &yaml);
    let processes = [Process::serve(&folder, &[]), Process::serve(&folder, &[])];
    let stop = Arc::new(AtomicBool::new(false));
    let counts: [Arc<AtomicU64>; 2] = Default::default();
    let before = redis.time();
    let clients: Vec<_> = (0..100)
        .map(|i| {
            let address = processes[i % 2].address;
            let (stop, counts) = (Arc::clone(&stop), counts.clone());
            tokio::spawn(async move {
                let mut connection = connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    let asked = request(Method::GET, "/orders/o1", &[], "");
                    let status = send(&mut connection, asked).await.status.as_u16();
                    assert!([200, 429].contains(&status), "{status}");
                    counts[usize::from(status == 429)].fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // Until far more was paid than the burst alone, which takes at least a second.
    let count = |which: usize| counts[which].load(Ordering::Relaxed);
    until("many passed", || (count(0) >= 120 && count(1) > 200).then_some(())).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let micros = redis.time() - before;
    let passed = 5 * count(0);
    let most = 300 + 200 * micros / 1_000_000;
    assert!(passed <= most, "{passed} of at most {most} in {micros} µs");
    assert!(passed * 10 >= most * 7, "{passed} of {most} in {micros} µs: too little");
    println!("{passed} of at most {most} in {micros} µs, {} refused", count(1));
}

#[tokio::test]
async fn both_doors_pay_from_one_purse_in_the_store_and_get_back_what_was_too_much() {
    let Some(redis) = Redis::start().await else { return };
    let windows = "[{ cost: 1000, per: 300d }, { cost: 2000, per: 300d }]";
    let more = limits(&redis.url(), ", timeout: 5s", windows);
    let house = House::open_with(&more, Options::default()).await;
    assert_eq!(remaining(&get(house.address(), "/orders/o1").await), 995);
    let query = "{ topProducts(first: 2) { name } }";
    let told = remaining(&house.query(query).await);
    assert!(told < 995, "{told}");
    // The difference to the actual cost comes back beside the answer.
    let settled = async {
        loop {
            let answer = get(house.address(), "/orders/o1").await;
            let left = remaining(&answer);
            if (995 - left) % 5 == (995 - told) % 5 && left < told {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), settled).await.unwrap();
    let field = answer.header("ratelimit").unwrap().to_owned();
    let left = remaining(&answer);
    assert!(field.contains(&format!("\"fair-300d-2\";r={};", left + 1000)), "{field}");
    let keys = redis.ask(&["KEYS", "*"]);
    assert!(keys.starts_with("graphloom:{") && keys.lines().count() == 1, "{keys}");
    let lives: i64 = redis.ask(&["PTTL", keys.trim()]).parse().unwrap();
    assert!(lives > 0, "a caller is forgotten in time: {lives}");
}

#[tokio::test]
async fn a_quota_in_the_store_is_paid_by_the_calendar() {
    let Some(redis) = Redis::start().await else { return };
    let more = format!(
        "policies: {{ plan: {{ quota: {{ key: '\"all\"', store: \"{}\", timeout: 5s, \
         windows: [{{ cost: 12, per: day }}, {{ cost: 100, per: month }}] }} }} }}\n\
         apply: {{ all: [plan] }}\n\
         routes: [{{ match: {{ path: \"/orders/{{id}}\" }}, upstream: orders, cost: 5 }}]\n",
        redis.url()
    );
    let house = House::open_with(&more, Options::default()).await;
    let answer = get(house.address(), "/orders/o1").await;
    let field = answer.header("ratelimit").unwrap().to_owned();
    let numbers: Vec<u64> = field
        .split([';', ','])
        .filter_map(|part| part.trim().split_once('=')?.1.parse().ok())
        .collect();
    let [7, day, 95, month] = numbers[..] else { panic!("{field}") };
    assert!(day <= 86_400 && day <= month && month <= 31 * 86_400, "{field}");
    let today = redis.time() / 1_000_000 % 86_400;
    assert!(day.abs_diff(86_400 - today) <= 5, "until midnight by UTC: {field}");
    assert_eq!(get(house.address(), "/orders/o1").await.status, 200);
    let answer = get(house.address(), "/orders/o1").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].clone()),
        (429, json!("QUOTA_EXCEEDED"))
    );
}

/// Asks a route and the GraphQL door without a pause, and counts answers by status.
struct Load {
    stop: Arc<AtomicBool>,
    statuses: Arc<std::sync::Mutex<Vec<u16>>>,
    tasks: tokio::task::JoinSet<()>,
}

impl Load {
    fn start(house: &House) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            statuses: Arc::default(),
            tasks: tokio::task::JoinSet::new(),
        };
        for i in 0..8 {
            let (stop, statuses) = (Arc::clone(&load.stop), Arc::clone(&load.statuses));
            let address = house.address();
            load.tasks.spawn(async move {
                let mut connection = connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    let asked = match i % 2 {
                        0 => request(Method::GET, "/orders/o1", &[], ""),
                        _ => graphql_request("{ topProducts(first: 1) { name } }", json!({}), &[]),
                    };
                    let status = send(&mut connection, asked).await.status.as_u16();
                    statuses.lock().unwrap().push(status);
                }
            });
        }
        load
    }

    /// Waits until the last 200 answers had this status.
    async fn until_all(&self, status: u16) {
        self.statuses.lock().unwrap().clear();
        until("all answers are as expected", || {
            let statuses = self.statuses.lock().unwrap();
            let last = statuses.iter().rev().take_while(|one| **one == status);
            (last.count() >= 200).then_some(())
        })
        .await;
    }

    async fn end(mut self) -> Vec<u16> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        let statuses = self.statuses.lock().unwrap();
        statuses.clone()
    }
}

async fn when_redis_dies(on_failure: &str, without: u16) {
    let Some(mut redis) = Redis::start().await else { return };
    let windows = "[{ cost: 100000000, per: 1s }]";
    let more = limits(&redis.url(), &format!(", timeout: 1s{on_failure}"), windows);
    let house = House::open_with(&more, Options::default()).await;
    let load = Load::start(&house);
    load.until_all(200).await;
    redis.kill();
    load.until_all(without).await;
    redis.run_again().await;
    load.until_all(200).await;
    // It pays again, too.
    until_told(&house, true).await;
    let statuses = load.end().await;
    assert!(statuses.iter().all(|status| [200, without].contains(status)), "{statuses:?}");
    let told = |message: &str| lines(&house.diagnostics.lines, message).len();
    let n_told =
        [told("the store of limits does not answer"), told("the store of limits answers again")];
    assert!(n_told[0] >= 1 && n_told[1] >= 1, "{n_told:?}");
    assert!(n_told[0] <= 20, "it is told when it changes, not at every request: {n_told:?}");
    let metrics = get(house.gateway.admin_address, "/metrics").await.text();
    let failures = "graphloom_rate_limit_store_failures_total{policy=\"fair\"} ";
    let n_failures = metrics.split(failures).nth(1).and_then(|rest| rest.lines().next());
    assert!(n_failures.unwrap().parse::<u64>().unwrap() >= 200, "{metrics}");
    let told = [house.diagnostics.lines.lines().join("\n"), house.log.lines().join("\n"), metrics];
    assert!(told.iter().all(|text| !text.contains("hunter2")), "the password is nowhere");
}

#[tokio::test]
async fn requests_pass_while_the_store_is_gone() {
    when_redis_dies("", 200).await;
}

#[tokio::test]
async fn requests_are_refused_while_the_store_is_gone_if_the_configuration_says_so() {
    when_redis_dies(", on_store_failure: deny", 503).await;
}

/// Asks until an answer tells what is left, or until one does not.
async fn until_told(house: &House, is_told: bool) {
    let asking = async {
        loop {
            let answer = get(house.address(), "/orders/o1").await;
            assert_eq!(answer.status, 200);
            if answer.header("ratelimit").is_some() == is_told {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.unwrap();
}

#[tokio::test]
async fn a_store_that_says_nothing_costs_its_deadline_and_no_request() {
    let Some(redis) = Redis::start().await else { return };
    let more = limits(&redis.url(), ", timeout: 50ms", "[{ cost: 100000000, per: 1s }]");
    let house = House::open_with(&more, Options::default()).await;
    until_told(&house, true).await;
    redis.signal("-STOP");
    until_told(&house, false).await;
    // Far beyond the answers after which the connection counts as broken.
    for _ in 0..20 {
        assert_eq!(get(house.address(), "/orders/o1").await.status, 200);
    }
    redis.signal("-CONT");
    until_told(&house, true).await;
}

#[tokio::test]
async fn an_empty_caller_is_refused_without_asking_the_store() {
    let Some(redis) = Redis::start().await else { return };
    let more = limits(&redis.url(), ", timeout: 5s", "[{ cost: 5, per: 300d }]");
    let house = House::open_with(&more, Options::default()).await;
    assert_eq!(get(house.address(), "/orders/o1").await.status, 200);
    let n_scripts = || -> u64 {
        let stats = redis.ask(&["INFO", "commandstats"]);
        let calls = stats.split("cmdstat_evalsha:calls=").nth(1).unwrap_or("0,");
        calls.split(',').next().unwrap().parse().unwrap()
    };
    assert_eq!(get(house.address(), "/orders/o1").await.status, 429);
    let before = n_scripts();
    for _ in 0..50 {
        let answer = call(house.address(), Method::GET, "/orders/o1", &[], "").await;
        assert_eq!(answer.status, 429);
        assert!(answer.header("retry-after").is_some());
    }
    // Each second it is asked once.
    assert!(n_scripts() - before <= 10, "{} calls", n_scripts() - before);
}
