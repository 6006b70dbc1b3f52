//! A large schema changes again and again while clients query: no request fails, no old graph stays.
//!
//! **Never here:** what a change brings (`reload`), what is prepared before it (`prepared`).
//!
//! **Read first:** [`reload_under_load`].

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{start, until};
use crate::stub::{self, Stub};

const N_CLIENTS: usize = 8;

/// So many answers tell what is usual.
const QUIET: usize = 1_000;

/// A subgraph of so many entity types, which another one extends.
fn schema(n_types: usize, own: &str, change: usize) -> String {
    let mut text = String::from(
        "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\"])\n",
    );
    for i in 0..n_types {
        let next = (i + 1) % n_types;
        let _ = writeln!(
            text,
            "type T{i} @key(fields: \"id\") {{ id: ID! {own}: Int {own}Next: T{next} }}"
        );
    }
    let _ = writeln!(text, "type Query {{ {own}: T0 change{own}{change}: Int }}");
    text
}

struct Load {
    stop: Arc<AtomicBool>,
    n_answers: Arc<AtomicUsize>,
    clients: JoinSet<Vec<Duration>>,
}

impl Load {
    fn start(address: std::net::SocketAddr) -> Self {
        let (stop, n_answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut clients = JoinSet::new();
        for i in 0..N_CLIENTS {
            let (stop, n_answers) = (Arc::clone(&stop), Arc::clone(&n_answers));
            clients.spawn(async move {
                let mut connection = connect(address).await;
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let document = format!("query Q{i} {{ a {{ id a }} }}");
                    let started = Instant::now();
                    let request = graphql_request(&document, json!({}), &[]);
                    let answer = send(&mut connection, request).await;
                    times.push(started.elapsed());
                    n_answers.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(answer.json(), json!({ "data": { "a": { "id": "1", "a": 2 } } }));
                }
                times
            });
        }
        Self { stop, n_answers, clients }
    }

    async fn answered(&self, n: usize) {
        let answered = || (self.n_answers.load(Ordering::Relaxed) >= n).then_some(());
        until("the clients have their answers", answered).await;
    }

    /// All clients' times, sorted.
    async fn end(mut self) -> Vec<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        while let Some(times) = self.clients.join_next().await {
            all.extend(times.unwrap());
        }
        all.sort();
        all
    }
}

fn p99(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}

/// What was measured.
struct Measured {
    quiet: Duration,
    changing: Duration,
    /// Resident memory after half of the changes, and after all, in KB.
    memory: [u64; 2],
}

/// Changes the schema again and again; every request is answered whole, every old graph dies.
async fn reload_under_load(n_types: usize, n_changes: usize) -> Measured {
    let subgraph =
        Stub::start(|_| async { stub::json(&json!({ "data": { "a": { "id": "1", "a": 2 } } })) })
            .await;
    let folder = Folder::new();
    folder.write("one.graphql", &schema(n_types, "a", 0));
    folder.write("two.graphql", &schema(n_types, "b", 0));
    let url = format!("http://{}/", subgraph.address);
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nsupergraph: {{ subgraphs: {{ \
         one: {{ schema: one.graphql, url: \"{url}\" }}, two: {{ schema: two.graphql, url: \"{url}\" }} }} }}\n"
    );
    let (gateway, _) = start(folder.path(), &yaml).await;
    let load = Load::start(gateway.public_address);
    load.answered(QUIET).await;
    let quiet = load.end().await;
    let load = Load::start(gateway.public_address);
    let mut graphs = Vec::new();
    let mut memory = [0; 2];
    for change in 1..=n_changes {
        let old = gateway.graph.current();
        let id = old.id.clone();
        graphs.push(Arc::downgrade(&old));
        drop(old);
        folder.write("two.graphql", &schema(n_types, "b", change));
        let is_new = || (gateway.graph.current().id != id).then_some(());
        until("the new graph is in force", is_new).await;
        memory[change * 2 / (n_changes + 1)] = resident();
    }
    let changing = load.end().await;
    let alive = || graphs.iter().filter(|graph| graph.strong_count() > 0).count();
    until("the old graphs are gone", || (alive() == 0).then_some(())).await;
    Measured { quiet: p99(&quiet), changing: p99(&changing), memory }
}

/// In KB; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changing_schema_costs_no_request_and_keeps_no_graph() {
    reload_under_load(40, 8).await;
}

/// Run it alone, in a release build: `cargo test --release --test gateway -- --ignored a_thousand`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, which wants the machine for itself for a minute"]
async fn a_thousand_types_change_a_hundred_times() {
    let Measured { quiet, changing, memory } = reload_under_load(1_000, 100).await;
    println!("p99 quiet {quiet:?}, changing {changing:?}; memory {memory:?} KB");
    let [half, whole] = memory;
    assert!(whole <= half + half / 5, "memory has not levelled off: {half} KB, then {whole} KB");
}
