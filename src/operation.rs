//! Prepared operations: parsed, validated, measured, planned, and kept.
//!
//! **In:** a document's text and an operation name, against one supergraph.
//! **Out:** a [`Prepared`] operation, shared by all requests that carry the same text; for the state of
//! its guards a [`Variant`] with the plan.
//!
//! **Never here:** running a plan (`schedule`), what a client may ask (limits come in as arguments),
//! which graph is in force (`graph`, which owns the store, so that both die together).
//!
//! **Holds:** identity is the whole text and name; their hash is keyed, so nobody can choose two texts
//! that are taken for each other. An operation under preparation is prepared once, however many wait.
//!
//! **Read first:** [`PreparedOperations::prepare`], [`Prepared::variant`].

pub mod error;

mod depth;
mod introspection;
mod labels;
mod planner;
mod prepare;
mod shape;
mod variables;
mod variant;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use equivalent::Equivalent;
use query_planner::{Guards, Operation};
use supergraph::Supergraph;

use crate::config::{Limits, PlanningSettings};
use crate::telemetry::Metrics;

pub use error::{RequestError, RequestErrorKind};
pub use introspection::Introspection;
pub use labels::{labels_on, undecided};
pub use prepare::MAX_RECURSION;
pub use variant::Variant;

use planner::Planner;
use variables::Variable;
use variant::Variants;

/// The prepared operations of one supergraph.
pub struct PreparedOperations {
    kept: moka::future::Cache<Key, Arc<Prepared>>,
    planner: Arc<Planner>,
}

/// One operation, ready for variables.
#[derive(Debug)]
pub struct Prepared {
    /// The operation as the planner reads it.
    pub operation: Arc<Operation>,
    /// What it asks of the schema itself; none if it does not.
    pub introspection: Option<Introspection>,
    variables: Vec<Variable>,
    variants: Variants,
    uses: AtomicU64,
}

/// Whether an operation was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was kept.
    Kept,
    /// It was prepared for this request.
    Prepared,
}

/// Names an operation: the text and name by which it came, to prepare it again for another graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The document.
    pub document: Arc<str>,
    /// The name given with it.
    pub operation_name: Option<Arc<str>>,
}

/// A [`Key`] that owns nothing, to look up with.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    document: &'a str,
    operation_name: Option<&'a str>,
}

impl PreparedOperations {
    /// An empty store for a supergraph, of about `max_bytes`.
    pub fn new(
        supergraph: Arc<Supergraph>,
        max_bytes: usize,
        planning: PlanningSettings,
        metrics: Arc<Metrics>,
    ) -> Self {
        let kept = moka::future::Cache::builder()
            .max_capacity(max_bytes as u64)
            .weigher(|key: &Key, _: &Arc<Prepared>| weight(key))
            .build();
        Self { kept, planner: Arc::new(Planner::new(supergraph, planning, metrics)) }
    }

    /// The operation of that text and name.
    ///
    /// # Errors
    /// When there is none to be had: nothing ran.
    pub async fn prepare(
        &self,
        document: &str,
        operation_name: Option<&str>,
        limits: Limits,
    ) -> Result<(Arc<Prepared>, Found), Arc<RequestError>> {
        let asked = Asked { document, operation_name };
        if let Some(prepared) = self.kept.get(&asked).await {
            prepared.uses.fetch_add(1, Ordering::Relaxed);
            return Ok((prepared, Found::Kept));
        }
        let key = asked.to_key();
        let prepared = self.kept.try_get_with(key.clone(), self.prepare_now(key, limits)).await?;
        prepared.uses.fetch_add(1, Ordering::Relaxed);
        Ok((prepared, Found::Prepared))
    }

    /// How many operations are kept.
    pub async fn count(&self) -> u64 {
        self.kept.run_pending_tasks().await;
        self.kept.entry_count()
    }

    /// The operations that were used most, the first one most of all.
    pub fn most_used(&self, n: usize) -> Vec<Key> {
        let used = |prepared: &Prepared| prepared.uses.load(Ordering::Relaxed);
        let mut all: Vec<(u64, Key)> =
            self.kept.iter().map(|(key, prepared)| (used(&prepared), Key::clone(&key))).collect();
        all.sort_by(|(a, _), (b, _)| b.cmp(a));
        all.into_iter().take(n).map(|(_, key)| key).collect()
    }

    async fn prepare_now(&self, key: Key, limits: Limits) -> Result<Arc<Prepared>, RequestError> {
        let permit = Arc::clone(&self.planner.permits).acquire_owned().await;
        let planner = Arc::clone(&self.planner);
        let work = move || {
            let _permit = permit;
            prepare::prepare(planner, &key, limits).map(Arc::new)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(panic) => Err(RequestError::from(RequestErrorKind::Bug(panic.to_string()))),
        }
    }
}

impl Prepared {
    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.operation.name()
    }

    /// The values that its variables have for a request.
    ///
    /// # Errors
    /// When a value does not fit its variable's type.
    pub fn coerce_variable_values(
        &self,
        supergraph: &Supergraph,
        values: serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, RequestError> {
        variables::coerce_variable_values(supergraph.api_schema(), &self.variables, values)
    }

    /// The state of its guards for these variables; `labels` of progressive overrides are on, others off.
    pub fn guards(
        &self,
        supergraph: &Supergraph,
        variables: &serde_json::Map<String, serde_json::Value>,
        labels: &[String],
    ) -> Guards {
        variant::guards(supergraph, &self.operation, variables, labels)
    }

    /// The plan for these variables; `labels` of progressive overrides are on, others off.
    ///
    /// # Errors
    /// When there is no plan, or none within the bounds of planning.
    pub async fn variant(
        &self,
        variables: &serde_json::Map<String, serde_json::Value>,
        labels: &[String],
    ) -> Result<Arc<Variant>, RequestError> {
        self.variants.find(&self.operation, variables, labels).await
    }
}

impl Asked<'_> {
    fn to_key(self) -> Key {
        let operation_name = self.operation_name.map(Arc::from);
        Key { document: self.document.into(), operation_name }
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.document == &*key.document && self.operation_name == key.operation_name.as_deref()
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.document.hash(state);
        self.operation_name.hash(state);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let asked =
            Asked { document: &self.document, operation_name: self.operation_name.as_deref() };
        asked.hash(state);
    }
}

impl std::fmt::Debug for PreparedOperations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedOperations({})", self.kept.entry_count())
    }
}

/// About how many bytes a prepared operation takes: plans grow with their documents.
fn weight(key: &Key) -> u32 {
    u32::try_from(key.document.len().saturating_mul(48).saturating_add(8_192)).unwrap_or(u32::MAX)
}
