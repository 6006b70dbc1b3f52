//! The graph in force: loaded, watched, warmed, swapped.
//!
//! **In:** the configuration, and the schema files that it names, as they change.
//! **Out:** the [`Graph`] that requests run on, at any time one; the [`Problem`] of the last change, if it was bad.
//!
//! **Never here:** composition rules, reading of supergraphs (their crates), requests.
//!
//! **Holds:** a graph is put in force whole: composed, read, warmed. A bad change never replaces a good
//! graph. A graph owns everything made for it, prepared operations above all, and is dropped as one when
//! the last request on it ends.
//!
//! **Read first:** [`GraphInForce::start`].

mod load;
mod cost;
mod masks;
mod problem;
mod sources;
mod rest;
mod watch;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, ArcSwapOption};
use supergraph::{IdVec, SubgraphId, Supergraph};

use crate::authorization::{Conditions, unknown_policies};
use crate::config::{Settings, WarmSettings};
use crate::operation::{Guarded, PreparedOperations, Sensitive, undecided};
use crate::schedule::Source;
use crate::telemetry::Telemetry;
use crate::upstream::Upstreams;

pub use load::{Loaded, api_sdl, load};
pub use masks::{GraphMasks, Hiding};
pub use problem::{Problem, ProblemError, ProblemLocation};
pub use watch::{Configuration, ReadConfiguration, Watch};

/// A supergraph with everything made for it.
#[derive(Debug)]
pub struct Graph {
    /// Tells graphs apart: the same composed schema has the same.
    pub id: String,
    /// When it was put in force.
    pub loaded_at: SystemTime,
    /// The composed schema as tables.
    pub supergraph: Arc<Supergraph>,
    /// Who answers for each subgraph.
    pub sources: IdVec<SubgraphId, Source>,
    /// Which of its values callers may not see as they are.
    pub masks: GraphMasks,
    /// The conditions of `@authorize`.
    pub conditions: Conditions,
    /// Operations prepared for it.
    pub operations: PreparedOperations,
}

impl Graph {
    /// The subgraphs as the configuration names them: one with connectors is many tables, and one name.
    pub fn subgraph_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (_, source) in self.sources.iter() {
            if !names.contains(&&*source.name) {
                names.push(&source.name);
            }
        }
        names
    }
}

/// The graph in force, and what is wrong with the newest change.
#[derive(Debug)]
pub struct GraphInForce {
    current: ArcSwap<Graph>,
    problem: ArcSwapOption<Problem>,
}

/// What making a graph needs besides the files.
#[derive(Clone)]
pub struct Workshop {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// Pools to find sources in.
    pub upstreams: Arc<Upstreams>,
    /// Where to tell.
    pub telemetry: Telemetry,
}

impl GraphInForce {
    /// Loads the graph.
    ///
    /// # Errors
    /// When the graph cannot be loaded.
    pub async fn start(workshop: &Workshop) -> Result<(Arc<Self>, Loaded), Arc<Problem>> {
        let loaded = load_now(workshop).await?;
        let graph = workshop.build(&loaded).map_err(Arc::new)?;
        workshop.tell_loaded(&graph, "graph loaded");
        let this = Arc::new(Self {
            current: ArcSwap::from_pointee(graph),
            problem: ArcSwapOption::empty(),
        });
        Ok((this, loaded))
    }

    /// Watches the files of the graph, and with a `configuration` that file too, until the returned guard
    /// is dropped.
    pub fn watch(
        self: &Arc<Self>,
        workshop: Workshop,
        loaded: Loaded,
        configuration: Option<Configuration>,
    ) -> Watch {
        watch::watch(Arc::clone(self), workshop, loaded, configuration)
    }

    /// The graph to run a request on; hold it as long as the request runs.
    pub fn current(&self) -> Arc<Graph> {
        self.current.load_full()
    }

    /// What is wrong with the newest change; none if the graph in force is the newest.
    pub fn problem(&self) -> Option<Arc<Problem>> {
        self.problem.load_full()
    }

    /// Puts what was loaded in force, if a graph can be made of it.
    async fn replace(&self, workshop: &Workshop, loaded: &Loaded) -> Result<(), Arc<Problem>> {
        let graph = workshop.build(loaded)?;
        warm(&graph, &self.current(), &workshop.settings).await;
        workshop.tell_loaded(&graph, "graph replaced");
        self.current.store(Arc::new(graph));
        self.problem.store(None);
        Ok(())
    }

    /// Keeps the graph in force and tells what is wrong with the change.
    fn refuse(&self, workshop: &Workshop, problem: Arc<Problem>) {
        workshop.telemetry.metrics.graphs_refused.inc();
        problem.tell();
        self.problem.store(Some(problem));
    }

    /// The newest files are those of the graph in force again.
    fn mend(&self) {
        if self.problem.swap(None).is_some() {
            tracing::info!("graph mended");
        }
    }
}

impl Workshop {
    /// The workshop of other settings; pools that are described as before keep their connections.
    fn renewed(&self, settings: Settings) -> Self {
        Self {
            upstreams: Arc::new(self.upstreams.renewed(&settings.upstreams)),
            settings: Arc::new(settings),
            telemetry: self.telemetry.clone(),
        }
    }

    fn build(&self, loaded: &Loaded) -> Result<Graph, Problem> {
        let supergraph = Arc::clone(&loaded.supergraph);
        let sources = sources::find(self, loaded, &supergraph)?;
        let masks = masks::find(&self.settings.masks, &supergraph)?;
        let sensitive = Arc::new(Sensitive::read(&loaded.sdl));
        let rates = cost::find(&self.settings.graphql.cost, &self.settings.file, &supergraph)?;
        let rates = Arc::new(rates);
        let guarded = Guarded { masked: masks.fields(), sensitive, rates };
        let max_bytes = self.settings.limits.prepared_operations;
        Ok(Graph {
            id: id(loaded),
            loaded_at: SystemTime::now(),
            operations: PreparedOperations::guarded(
                (Arc::clone(&supergraph), guarded),
                max_bytes,
                self.settings.graphql.planning,
                Arc::clone(&self.telemetry.metrics),
            ),
            masks,
            conditions: conditions(&supergraph)?,
            supergraph,
            sources,
        })
    }

    fn tell_loaded(&self, graph: &Graph, message: &'static str) {
        let names = graph.subgraph_names();
        tracing::info!(graph = graph.id, subgraphs = names.join(" "), "{message}");
        for name in graph.supergraph.undefined_types() {
            tracing::warn!(r#type = name, "supergraph uses a type that it does not define");
        }
        let (labels, rules) = (graph.supergraph.labels(), &self.settings.override_labels);
        for label in undecided(labels, rules) {
            tracing::warn!(label, "override label is off: `supergraph.override_labels` lacks it");
        }
        for label in rules.keys().filter(|label| !labels.contains(label)) {
            tracing::warn!(label, "no `@override` has the label of `supergraph.override_labels`");
        }
        for policy in unknown_policies(&graph.supergraph, &self.settings.graphql.authorization) {
            tracing::warn!(
                policy,
                "nobody meets the policy: `graphql.authorization.policies` lacks it"
            );
        }
        self.telemetry.metrics.graphs_loaded.inc();
        let since = graph.loaded_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.telemetry.metrics.graph_loaded_at.set(since.as_secs_f64());
    }
}

/// Whether what the configuration says of the schema fits it.
///
/// # Errors
/// All that does not.
pub fn check(settings: &Settings, supergraph: &Supergraph) -> Result<(), Problem> {
    masks::find(&settings.masks, supergraph)?;
    cost::find(&settings.graphql.cost, &settings.file, supergraph).map(drop)
}

/// The conditions of `@authorize`. A graph with one that is none would deny what it guards for good.
fn conditions(supergraph: &Supergraph) -> Result<Conditions, Problem> {
    Conditions::compile(supergraph).map_err(|invalid| {
        let error = ProblemError {
            code: "INVALID_AUTHORIZE".to_owned(),
            message: invalid.to_string(),
            fix: Some(invalid.error.fix()),
            coordinate: Some(invalid.coordinate.clone()),
            ..ProblemError::default()
        };
        Problem::one("a condition of the schema cannot be read", error)
    })
}

/// Composition takes its time; it must not hold up requests.
async fn load_now(workshop: &Workshop) -> Result<Loaded, Arc<Problem>> {
    let settings = Arc::clone(&workshop.settings);
    match tokio::task::spawn_blocking(move || load(&settings.supergraph)).await {
        Ok(result) => result.map_err(Arc::new),
        Err(panic) => Err(Arc::new(Problem::bug(&panic))),
    }
}

/// Prepares for a new graph what was used most on the old one. What does not fit it any more is left, and
/// so is what is not ready in time.
async fn warm(graph: &Graph, old: &Graph, settings: &Settings) {
    let WarmSettings { operations, timeout } = settings.graphql.warm;
    let in_use = old.operations.most_used(operations);
    let n_plans = in_use.len();
    let warming = graph.operations.warm(in_use, settings.graphql_limits);
    if tokio::time::timeout(timeout, warming).await.is_err() {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(n_plans, timeout_ms, "not all plans in use were ready for the new graph");
    }
}

fn id(loaded: &Loaded) -> String {
    let mut hasher = DefaultHasher::new();
    loaded.sdl.hash(&mut hasher);
    format!("{:06x}", hasher.finish() & 0xff_ffff)
}
