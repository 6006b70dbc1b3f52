//! Counts and times, for Prometheus.
//!
//! **In:** answered requests, fetches, prepared operations, loaded graphs. **Out:** the OpenMetrics text.
//!
//! **Never here:** serving it (`admin`).
//!
//! **Holds:** labels have few values: templates and names of the configuration, never what a client
//! sends. The handles of a door are found once and kept, so that a request looks nothing up.
//!
//! **Read first:** [`Metrics`].
//!
//! Spec: <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::admission::AdmissionMetrics;
use super::cost::CostMetrics;

/// Upper bounds in seconds: those of the OpenTelemetry conventions, and one finer.
const BUCKETS: [f64; 15] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Plans take a tenth of a millisecond, or a hundred thousand times as long.
const PLANNING_BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Upper bounds of the planner's steps.
const STEP_BUCKETS: [f64; 7] =
    [10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    door: &'static str,
    route: String,
    method: &'static str,
    operation_type: &'static str,
    status_class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FetchLabels {
    upstream: String,
    status_class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FileLabels {
    file: String,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Histograms<RequestLabels>,
    fetches: Histograms<FetchLabels>,
    planning: Histograms<OutcomeLabels>,
    planning_steps: Histogram,
    /// Operations that are being planned.
    pub planning_active: Gauge,
    /// Requests under way.
    pub active_requests: Gauge,
    /// Operations found prepared.
    pub prepared_hits: Counter,
    /// Operations that had to be prepared.
    pub prepared_misses: Counter,
    /// Operations that could not be prepared.
    pub prepared_errors: Counter,
    /// Operations kept for the graph in force.
    pub prepared_operations: Gauge,
    /// Queries of clients that waited for the run of the same query.
    pub merged_client_queries: Counter,
    merged_subgraph_queries: Family<UpstreamLabels, Counter>,
    handshakes: Family<OutcomeLabels, Counter>,
    certificates: Family<FileLabels, Gauge>,
    /// What operations cost.
    pub cost: CostMetrics,
    denied: Family<OutcomeLabels, Counter>,
    refused_credentials: Family<OutcomeLabels, Counter>,
    /// What rate limits count.
    pub admission: AdmissionMetrics,
    /// Graphs put in force.
    pub graphs_loaded: Counter,
    /// Changes that did not become a graph.
    pub graphs_refused: Counter,
    /// When the graph in force was loaded, in seconds since 1970.
    pub graph_loaded_at: Gauge<f64, AtomicU64>,
}

/// What came of planning an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanningOutcome {
    /// The best plan that the search finds.
    Ok,
    /// The step budget was spent: a valid plan, perhaps not the best.
    Greedy,
    /// There is no plan.
    Error,
    /// It took too long and was stopped.
    Timeout,
}

/// What came of a TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeOutcome {
    /// A connection.
    Ok,
    /// The client or the gateway refused the other.
    Failed,
    /// It took too long.
    Timeout,
    /// It was the oldest of too many.
    Crowded,
}

/// What distinguishes the requests of one door.
#[derive(Debug, Clone, Copy)]
pub struct MetricsKey {
    /// The method.
    pub method: &'static str,
    /// `query`, `mutation`, or nothing.
    pub operation_type: &'static str,
}

/// The handles of one door or route, each found when first needed.
pub struct DoorMetrics {
    metrics: Arc<Metrics>,
    door: &'static str,
    route: Arc<str>,
    cells: [OnceLock<Histogram>; METHODS.len() * OPERATION_TYPES.len() * CLASSES.len()],
}

/// The handles of one upstream.
pub struct FetchMetrics {
    metrics: Arc<Metrics>,
    upstream: String,
    cells: [OnceLock<Histogram>; CLASSES.len()],
    merged: OnceLock<Counter>,
}

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
const OPERATION_TYPES: [&str; 4] = ["", "query", "mutation", "subscription"];
const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

impl Metrics {
    /// All families, at zero.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let histograms = || Histogram::new(BUCKETS);
        let requests = Histograms::<RequestLabels>::new_with_constructor(histograms);
        let fetches = Histograms::<FetchLabels>::new_with_constructor(histograms);
        let planning =
            Histograms::<OutcomeLabels>::new_with_constructor(|| Histogram::new(PLANNING_BUCKETS));
        let planning_steps = Histogram::new(STEP_BUCKETS);
        let (prepared, graphs) = (Family::default(), Family::default());
        let (active_requests, prepared_operations) = (Gauge::default(), Gauge::default());
        let graph_loaded_at = Gauge::<f64, AtomicU64>::default();
        registry.register_with_unit(
            "http_server_request_duration",
            "Requests answered, by door and route",
            Unit::Seconds,
            requests.clone(),
        );
        registry.register(
            "http_server_active_requests",
            "Requests under way",
            active_requests.clone(),
        );
        registry.register_with_unit(
            "http_client_request_duration",
            "Requests to upstreams, of both doors",
            Unit::Seconds,
            fetches.clone(),
        );
        registry.register(
            "graphloom_prepared_operation_lookups",
            "Operations looked up: hit, miss, or error when it could not be prepared",
            prepared.clone(),
        );
        let help = "Prepared operations kept";
        registry.register("graphloom_prepared_operations", help, prepared_operations.clone());
        let help = "Graphs loaded, and changes refused";
        registry.register("graphloom_graph_loads", help, graphs.clone());
        registry.register_with_unit(
            "graphloom_graph_loaded_timestamp",
            "When the graph in force was loaded",
            Unit::Seconds,
            graph_loaded_at.clone(),
        );
        let (merged_client_queries, merged_subgraph_queries) = register_merged(&mut registry);
        let (handshakes, certificates) = register_tls(&mut registry);
        let [denied, refused_credentials] = register_refusals(&mut registry);
        let result = |family: &Family<_, Counter>, result| result_of(family, result);
        Self {
            requests,
            fetches,
            planning_active: register_planning(&mut registry, &planning, &planning_steps),
            planning,
            planning_steps,
            active_requests,
            prepared_hits: result(&prepared, "hit"),
            prepared_misses: result(&prepared, "miss"),
            prepared_errors: result(&prepared, "error"),
            prepared_operations,
            merged_client_queries,
            merged_subgraph_queries,
            handshakes,
            certificates,
            cost: CostMetrics::register(&mut registry),
            denied,
            refused_credentials,
            admission: AdmissionMetrics::register(&mut registry),
            graphs_loaded: result(&graphs, "ok"),
            graphs_refused: result(&graphs, "refused"),
            graph_loaded_at,
            registry,
        }
    }

    /// An operation was planned, or was not; steps are known when there is a plan.
    pub fn planned(&self, outcome: PlanningOutcome, steps: Option<u64>, duration: Duration) {
        let outcome = match outcome {
            PlanningOutcome::Ok => "ok",
            PlanningOutcome::Greedy => "greedy",
            PlanningOutcome::Error => "error",
            PlanningOutcome::Timeout => "timeout",
        };
        let histogram = self.planning.get_or_create(&OutcomeLabels { outcome });
        histogram.observe(duration.as_secs_f64());
        if let Some(steps) = steps {
            #[expect(clippy::cast_precision_loss, reason = "a bucket is all that is counted")]
            self.planning_steps.observe(steps as f64);
        }
    }

    /// A client shook hands, or did not.
    pub fn shook_hands(&self, outcome: HandshakeOutcome) {
        let outcome = match outcome {
            HandshakeOutcome::Ok => "ok",
            HandshakeOutcome::Failed => "failed",
            HandshakeOutcome::Timeout => "timeout",
            HandshakeOutcome::Crowded => "crowded",
        };
        self.handshakes.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// A request was refused for its credential, or for want of one: why, in one word.
    pub fn refused_credential(&self, outcome: &'static str) {
        self.refused_credentials.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Something of an operation was denied to its caller: `filtered`, `rejected` or `dry_run`.
    pub fn denied(&self, outcome: &'static str) {
        self.denied.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// A certificate is served, in date until this second since 1970.
    pub fn certificate_until(&self, file: &Path, until: i64) {
        self.certificates.get_or_create(&FileLabels::of(file)).set(until);
    }

    /// A certificate is served no more.
    pub fn certificate_gone(&self, file: &Path) {
        self.certificates.remove(&FileLabels::of(file));
    }

    /// The OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a string cannot fail");
        text
    }
}

fn result_of(family: &Family<ResultLabels, Counter>, result: &'static str) -> Counter {
    family.get_or_create(&ResultLabels { result }).clone()
}

fn register_planning(
    registry: &mut Registry,
    planning: &Histograms<OutcomeLabels>,
    steps: &Histogram,
) -> Gauge {
    let active = Gauge::default();
    registry.register_with_unit(
        "graphloom_planning_duration",
        "Operations planned: ok, greedy when the step budget was spent, error, or timeout",
        Unit::Seconds,
        planning.clone(),
    );
    registry.register("graphloom_planning_steps", "Steps of the planner a plan", steps.clone());
    registry.register("graphloom_planning_active", "Operations being planned", active.clone());
    active
}

/// What was not let in, and what was not let through.
fn register_refusals(registry: &mut Registry) -> [Family<OutcomeLabels, Counter>; 2] {
    [
        (
            "graphloom_denied_operations",
            "Operations of which something was denied: filtered, rejected, or dry_run",
        ),
        (
            "graphloom_refused_credentials",
            "Requests whose credential did not count, or that had none where one is required",
        ),
    ]
    .map(|(name, help)| register_outcomes(registry, name, help))
}

fn register_outcomes(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
) -> Family<OutcomeLabels, Counter> {
    let family = Family::<OutcomeLabels, Counter>::default();
    registry.register(name, help, family.clone());
    family
}

fn register_tls(
    registry: &mut Registry,
) -> (Family<OutcomeLabels, Counter>, Family<FileLabels, Gauge>) {
    let help = "TLS handshakes: ok, failed, timeout, or crowded out by newer ones";
    let handshakes = register_outcomes(registry, "graphloom_tls_handshakes", help);
    let certificates = Family::default();
    registry.register_with_unit(
        "graphloom_tls_certificate_expiry_timestamp",
        "Until when each certificate that is served is in date",
        Unit::Seconds,
        Family::clone(&certificates),
    );
    (handshakes, certificates)
}

fn register_merged(registry: &mut Registry) -> (Counter, Family<UpstreamLabels, Counter>) {
    let (client, subgraph) = (Counter::default(), Family::default());
    registry.register(
        "graphloom_merged_client_queries",
        "Queries of clients that waited for the run of the same query",
        client.clone(),
    );
    registry.register(
        "graphloom_merged_subgraph_queries",
        "Queries to subgraphs that waited for the answer to the same query",
        subgraph.clone(),
    );
    (client, subgraph)
}

impl FileLabels {
    fn of(file: &Path) -> Self {
        Self { file: file.display().to_string() }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl DoorMetrics {
    /// The handles of `route` behind `door`.
    pub fn new(metrics: &Arc<Metrics>, door: &'static str, route: &str) -> Self {
        let cells = [const { OnceLock::new() }; _];
        Self { metrics: Arc::clone(metrics), door, route: route.into(), cells }
    }

    /// Which door.
    pub fn door(&self) -> &'static str {
        self.door
    }

    /// The path template of the route; on the GraphQL door its path.
    pub fn route(&self) -> &Arc<str> {
        &self.route
    }

    /// One request was answered.
    pub fn observe(&self, key: MetricsKey, status: u16, duration: Duration) {
        let method = position(&METHODS, key.method).unwrap_or(METHODS.len() - 1);
        let operation_type = position(&OPERATION_TYPES, key.operation_type).unwrap_or(0);
        let class = class(Some(status));
        let cell = (method * OPERATION_TYPES.len() + operation_type) * CLASSES.len() + class;
        let histogram = self.cells[cell].get_or_init(|| {
            let labels = RequestLabels {
                door: self.door,
                route: self.route.as_ref().to_owned(),
                method: METHODS[method],
                operation_type: OPERATION_TYPES[operation_type],
                status_class: CLASSES[class],
            };
            self.metrics.requests.get_or_create(&labels).clone()
        });
        histogram.observe(duration.as_secs_f64());
    }
}

impl FetchMetrics {
    /// The handles of an upstream.
    pub fn new(metrics: &Arc<Metrics>, upstream: &str) -> Self {
        let cells = [const { OnceLock::new() }; _];
        let merged = OnceLock::new();
        Self { metrics: Arc::clone(metrics), upstream: upstream.to_owned(), cells, merged }
    }

    /// One request to it ended; `None`: without an answer.
    pub fn observe(&self, status: Option<u16>, duration: Duration) {
        let class = class(status);
        let histogram = self.cells[class].get_or_init(|| {
            let upstream = self.upstream.clone();
            let labels = FetchLabels { upstream, status_class: CLASSES[class] };
            self.metrics.fetches.get_or_create(&labels).clone()
        });
        histogram.observe(duration.as_secs_f64());
    }
}

impl FetchMetrics {
    /// One request to it was not sent, for the same was under way.
    pub fn joined(&self) {
        let labels = || UpstreamLabels { upstream: self.upstream.clone() };
        let family = &self.metrics.merged_subgraph_queries;
        self.merged.get_or_init(|| family.get_or_create(&labels()).clone()).inc();
    }
}

impl std::fmt::Debug for DoorMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DoorMetrics({} {})", self.door, self.route)
    }
}

impl std::fmt::Debug for FetchMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FetchMetrics({})", self.upstream)
    }
}

fn position(words: &[&str], word: &str) -> Option<usize> {
    words.iter().position(|known| *known == word)
}

fn class(status: Option<u16>) -> usize {
    status.map_or(0, |status| usize::from(status / 100).min(CLASSES.len() - 1))
}
