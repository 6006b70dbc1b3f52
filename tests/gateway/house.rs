//! A gateway on free ports with the example servers behind it.
//!
//! **Never here:** expectations.
//!
//! **Read first:** [`House::open`].

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use graphloom::config::LogFormat;
use graphloom::config::Settings;
use graphloom::telemetry::{Capture, Json, Lines, subscriber};
use graphloom::{Gateway, Running};
use serde_json::{Value, json};
use subgraphs::{Options, Service};

use crate::client::{self, Answer};
use crate::folder::Folder;

/// A gateway, its servers, its files, its log. Ends when it is dropped.
pub(crate) struct House {
    pub(crate) gateway: Running,
    pub(crate) servers: subgraphs::Running,
    pub(crate) folder: Folder,
    pub(crate) log: Capture,
    pub(crate) diagnostics: Diagnostics,
}

/// What gateways tell about themselves on this thread, which is all of them in a test on one thread.
pub(crate) struct Diagnostics {
    pub(crate) lines: Capture,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Diagnostics {
    pub(crate) fn new() -> Self {
        let lines = Capture::default();
        let copy = lines.clone();
        let filter = "graphloom=info".parse().unwrap();
        let subscriber = subscriber(filter, move |event| copy.line(event.line(LogFormat::Json)));
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }
}

impl House {
    /// The example graph, the orders service as a route, and nothing besides.
    pub(crate) async fn open() -> Self {
        Self::open_with("", Options::default()).await
    }

    /// The same with more configuration, and other servers.
    pub(crate) async fn open_with(more: &str, options: Options) -> Self {
        Self::open_with_admin("admin: { listen: 127.0.0.1:0 }\n", more, options).await
    }

    /// The same with an admin port of another kind.
    pub(crate) async fn open_with_admin(admin: &str, more: &str, options: Options) -> Self {
        Self::furnish(admin, String::new(), more, options).await
    }

    /// The example graph with the orders service as a part of it.
    pub(crate) async fn open_with_orders(more: &str, options: Options) -> Self {
        let orders = "    orders: { schema: orders.graphql, upstream: orders }\n".to_owned();
        Self::furnish("admin: { listen: 127.0.0.1:0 }\n", orders, more, options).await
    }

    async fn furnish(admin: &str, mut subgraphs: String, more: &str, options: Options) -> Self {
        let servers = subgraphs::start(options).await.unwrap();
        let folder = Folder::new();
        folder.write("orders.graphql", Service::Orders.schema());
        for service in Service::SUBGRAPHS {
            let schema = format!("{}.graphql", service.name());
            folder.write(&schema, service.schema());
            let url = servers.server(service).url();
            subgraphs
                .push_str(&format!("    {}: {{ schema: {schema}, url: {url} }}\n", service.name()));
        }
        let orders = servers.server(Service::Orders).url();
        let yaml = format!(
            "version: 1\nlisten: 127.0.0.1:0\n{admin}supergraph:\n  subgraphs:\n{subgraphs}\
             upstreams:\n  orders: {{ targets: [{{ url: \"{orders}\" }}] }}\n{more}"
        );
        let diagnostics = Diagnostics::new();
        let (gateway, log) = start(folder.path(), &yaml).await;
        Self { gateway, servers, folder, log, diagnostics }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.public_address
    }

    /// Asks a query without variables.
    pub(crate) async fn query(&self, document: &str) -> Answer {
        self.query_with(document, json!({}), &[]).await
    }

    pub(crate) async fn query_with(
        &self,
        document: &str,
        variables: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut connection = client::connect(self.address()).await;
        client::send(&mut connection, client::graphql_request(document, variables, headers)).await
    }

    /// How many requests each subgraph has had.
    pub(crate) fn requests(&self) -> Value {
        let requests = |service| self.servers.server(service).requests();
        json!({
            "accounts": requests(Service::Accounts),
            "products": requests(Service::Products),
            "inventory": requests(Service::Inventory),
            "reviews": requests(Service::Reviews),
        })
    }

    /// Counts requests from zero again.
    pub(crate) fn forget_requests(&self) {
        for service in Service::ALL {
            self.servers.server(service).reset();
        }
    }

    /// The log lines about requests, once there are as many as expected.
    pub(crate) async fn request_lines(&self, n_expected: usize) -> Vec<Value> {
        until("the log has its lines", || {
            let lines = lines(&self.log, "request");
            (lines.len() >= n_expected).then_some(lines)
        })
        .await
    }
}

/// Starts a gateway from a text, which it follows in the folder as `graphloom.yaml`.
pub(crate) async fn start(folder: &Path, yaml: &str) -> (Running, Capture) {
    let file = folder.join("graphloom.yaml");
    std::fs::write(&file, yaml).unwrap();
    let read = move |text: &str| Settings::read(&file, text, &|_| None);
    let settings = read(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let log = Capture::default();
    let sink = Arc::new(Json(log.clone()));
    let gateway = Gateway::start_following(settings, sink, Arc::new(read)).await;
    (gateway.unwrap_or_else(|error| panic!("{error:?}")), log)
}

/// The log lines with a message.
pub(crate) fn lines(log: &Capture, message: &str) -> Vec<Value> {
    let lines = log.lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    lines.filter(|line| line["message"] == message).collect()
}

/// Looks again and again until something is there; the test fails if it does not come.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(20), looking).await {
        Ok(found) => found,
        Err(_) => panic!("waited in vain until {what}"),
    }
}

/// Says that a test could not do its work.
#[expect(clippy::print_stdout, reason = "a test has no other way to say so")]
pub(crate) fn say_skipped(why: &str) {
    println!("skipped: {why}");
}
