//! A large schema changes again and again while clients query: no request fails, no old graph stays.
//!
//! **Never here:** what a change brings (`reload`), what is prepared before it (`prepared`), times and
//! memory (`benches/reload`).
//!
//! **Read first:** [`reload_under_load`].

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{start, until};
use crate::stub::{self, Stub};

const N_CLIENTS: usize = 8;

/// So many answers show that the clients are at work.
const SOME: usize = 100;

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
    clients: JoinSet<()>,
}

impl Load {
    fn start(address: std::net::SocketAddr) -> Self {
        let (stop, n_answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut clients = JoinSet::new();
        for i in 0..N_CLIENTS {
            let (stop, n_answers) = (Arc::clone(&stop), Arc::clone(&n_answers));
            clients.spawn(async move {
                let mut connection = connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    let document = format!("query Q{i} {{ a {{ id a }} }}");
                    let request = graphql_request(&document, json!({}), &[]);
                    let answer = send(&mut connection, request).await;
                    n_answers.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(answer.json(), json!({ "data": { "a": { "id": "1", "a": 2 } } }));
                }
            });
        }
        Self { stop, n_answers, clients }
    }

    async fn answered(&self, n: usize) {
        let answered = || (self.n_answers.load(Ordering::Relaxed) >= n).then_some(());
        until("the clients have their answers", answered).await;
    }

    /// Every client has had right answers only.
    async fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
    }
}

/// Changes the schema again and again; every request is answered whole, every old graph dies.
async fn reload_under_load(n_types: usize, n_changes: usize) {
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
    load.answered(SOME).await;
    let mut graphs = Vec::new();
    for change in 1..=n_changes {
        let old = gateway.graph.current();
        let id = old.id.clone();
        graphs.push(Arc::downgrade(&old));
        drop(old);
        folder.write("two.graphql", &schema(n_types, "b", change));
        let is_new = || (gateway.graph.current().id != id).then_some(());
        until("the new graph is in force", is_new).await;
    }
    load.end().await;
    let alive = || graphs.iter().filter(|graph| graph.strong_count() > 0).count();
    until("the old graphs are gone", || (alive() == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changing_schema_costs_no_request_and_keeps_no_graph() {
    reload_under_load(40, 8).await;
}
