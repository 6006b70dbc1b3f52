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
//! One that is ready costs a request one look-up: no lock, nothing asynchronous, nothing read again.
//!
//! **Read first:** [`PreparedOperations::find`], [`PreparedOperations::prepare`], [`PreparedOperations::variant`].

pub mod error;

mod front;
mod introspection;
mod key;
mod labels;
mod measure;
mod planner;
mod prepare;
mod sensitive;
mod shape;
mod store;
mod variables;
mod variant;
mod warm;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use execution::MaskedFields;
use futures_util::FutureExt;
use query_planner::{CostRates, Guards, Occurrence, Operation};
use serde_json::{Map, Value};
use supergraph::{RequirementSet, Supergraph};

use crate::authorization::visible_schema;
use crate::config::{Limits, PlanningSettings};
use crate::telemetry::Metrics;
use crate::together::{Together, Turn};

pub use error::{Excess, RequestError, RequestErrorKind};
pub use introspection::{Answers, Introspection};
pub use key::Key;
pub use labels::{labels_on, undecided};
pub use measure::Limit;
pub use prepare::MAX_RECURSION;
pub use sensitive::Sensitive;
pub use variant::{Decided, Variant};

use key::Asked;
use planner::Planner;
use store::Store;
use variables::Variable;
use variant::Variants;

/// The prepared operations of one supergraph.
#[derive(Debug)]
pub struct PreparedOperations {
    store: Arc<Store>,
    preparing: Together<Key, Preparation>,
    planner: Arc<Planner>,
}

/// What the configuration says of a supergraph's values.
#[derive(Debug, Clone, Default)]
pub struct Guarded {
    /// Which fields are masked.
    pub masked: Arc<MaskedFields>,
    /// What no log may have.
    pub sensitive: Arc<Sensitive>,
    /// What they cost.
    pub rates: Arc<CostRates>,
}

/// What comes of preparing.
type Preparation = Result<Arc<Prepared>, Arc<RequestError>>;

/// One operation, ready for variables.
#[derive(Debug)]
pub struct Prepared {
    /// The operation as the planner reads it.
    pub operation: Arc<Operation>,
    /// What it asks of the schema itself; none if it does not.
    pub introspection: Option<Introspection>,
    /// Whether it has values that no log may have.
    pub is_sensitive: bool,
    /// What of it is beyond a limit that is only measured.
    pub beyond: Vec<Excess>,
    /// Items of lists that its document writes.
    n_list_items: u64,
    key: Key,
    name: Option<Arc<str>>,
    variables: Vec<Variable>,
    variants: Variants,
    uses: AtomicU64,
    /// What it weighed when it was last put into the store.
    n_bytes_kept: AtomicUsize,
}

/// Whether an operation was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was kept.
    Kept,
    /// It was prepared for this request.
    Prepared,
}

impl PreparedOperations {
    /// An empty store for a supergraph, of about `max_bytes`.
    pub fn new(
        supergraph: Arc<Supergraph>,
        max_bytes: usize,
        planning: PlanningSettings,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self::guarded((supergraph, Guarded::default()), max_bytes, planning, metrics)
    }

    /// The same for a supergraph of whose values the configuration says something.
    pub fn guarded(
        (supergraph, guarded): (Arc<Supergraph>, Guarded),
        max_bytes: usize,
        planning: PlanningSettings,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            store: Arc::new(Store::new(max_bytes)),
            preparing: Together::default(),
            planner: Arc::new(Planner::new(supergraph, guarded, planning, metrics)),
        }
    }

    /// The operation of that text and name, if it is ready.
    pub fn find(&self, document: &str, operation_name: Option<&str>) -> Option<Arc<Prepared>> {
        let prepared = self.store.find(Asked { document, operation_name })?;
        prepared.uses.fetch_add(1, Ordering::Relaxed);
        Some(prepared)
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
        loop {
            if let Some(prepared) = self.find(document, operation_name) {
                return Ok((prepared, Found::Kept));
            }
            let preparation = match self.preparing.turn(asked.to_key()) {
                Turn::First(first) => {
                    // Others may have ended it between the look and the turn.
                    if let Some(prepared) = self.find(document, operation_name) {
                        return Ok((prepared, Found::Kept));
                    }
                    let work = self.prepare_now(asked.to_key(), limits).boxed();
                    Some(first.work(work, |_| true).await)
                }
                Turn::Other(other) => other.await,
            };
            // None: whoever prepared it ended without a result.
            if let Some(preparation) = preparation {
                let prepared = preparation?;
                prepared.uses.fetch_add(1, Ordering::Relaxed);
                return Ok((prepared, Found::Prepared));
            }
        }
    }

    /// The plan of an operation for what a request decides of it.
    ///
    /// # Errors
    /// When there is no plan, or none within the bounds of planning.
    pub async fn variant(
        &self,
        prepared: &Arc<Prepared>,
        decided: Decided<'_>,
    ) -> Result<Arc<Variant>, RequestError> {
        let variant = prepared.variants.find(&prepared.operation, decided).await?;
        self.weigh(prepared, variant.took);
        Ok(variant)
    }

    /// The answers to what an operation asks of the schema, where `hidden` requirements are not met; made and
    /// kept if they are not there.
    ///
    /// # Errors
    /// When the schema cannot be asked; that would be a bug.
    pub async fn introspect(
        &self,
        prepared: &Arc<Prepared>,
        variables: &Map<String, Value>,
        hidden: &RequirementSet,
    ) -> Result<Arc<Answers>, RequestError> {
        let Some(introspection) = &prepared.introspection else { return Ok(Arc::default()) };
        if let Some(answers) = introspection.kept(variables, hidden) {
            return Ok(answers);
        }
        let permit = Arc::clone(&self.planner.permits).acquire_owned().await;
        let (planner, variables) = (Arc::clone(&self.planner), variables.clone());
        let hidden = hidden.clone();
        let asking = Arc::clone(prepared);
        let work = move || {
            let _permit = permit;
            let introspection = asking.introspection.as_ref()?;
            let supergraph = &planner.supergraph;
            let visible = (!hidden.is_empty()).then(|| visible_schema(supergraph, &hidden));
            let schema = visible.as_ref().unwrap_or(supergraph.api_schema());
            Some(introspection.answer(schema, &variables, &hidden))
        };
        let answers = match tokio::task::spawn_blocking(work).await {
            Ok(answers) => answers.unwrap_or_else(|| Ok(Arc::default()))?,
            Err(panic) => return Err(RequestErrorKind::Bug(panic.to_string()).into()),
        };
        self.weigh(prepared, std::time::Duration::ZERO);
        Ok(answers)
    }

    /// How many operations are kept.
    pub fn count(&self) -> u64 {
        self.store.count()
    }

    /// Tells the store that an operation has grown.
    fn weigh(&self, prepared: &Arc<Prepared>, took: std::time::Duration) {
        let n_bytes = prepared.n_bytes() as usize;
        if prepared.n_bytes_kept.swap(n_bytes, Ordering::Relaxed) != n_bytes {
            self.store.keep(prepared, self.planner.is_slow(took));
        }
    }

    fn prepare_now(
        &self,
        key: Key,
        limits: Limits,
    ) -> impl Future<Output = Preparation> + Send + 'static {
        let (planner, store) = (Arc::clone(&self.planner), Arc::clone(&self.store));
        async move {
            let permit = Arc::clone(&planner.permits).acquire_owned().await;
            let work = move || {
                let _permit = permit;
                prepare::prepare(planner, key, limits).map(Arc::new)
            };
            let prepared = match tokio::task::spawn_blocking(work).await {
                Ok(result) => result.map_err(Arc::new)?,
                Err(panic) => {
                    let bug = RequestErrorKind::Bug(panic.to_string());
                    return Err(Arc::new(RequestError::from(bug)));
                }
            };
            store.keep(&prepared, false);
            Ok(prepared)
        }
    }
}

impl Prepared {
    /// Its name, if it has one.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// The values that its variables have for a request.
    ///
    /// # Errors
    /// When a value does not fit its variable's type.
    pub fn coerce_variable_values(
        &self,
        supergraph: &Supergraph,
        values: Map<String, Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        if self.variables.is_empty() {
            return Ok(Map::new());
        }
        variables::coerce_variable_values(supergraph.api_schema(), &self.variables, values)
    }

    /// How many items the lists have that the document writes, and those in the values of variables.
    pub fn n_list_items(&self, values: &Map<String, Value>) -> u64 {
        self.n_list_items.saturating_add(measure::items_of_variables(values))
    }

    /// The arguments of a field that a condition looks at.
    ///
    /// # Errors
    /// When a value does not fit its type.
    pub fn arguments(
        &self,
        supergraph: &Supergraph,
        occurrence: &Occurrence,
        variables: &Map<String, Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        let field = supergraph.field(occurrence.field);
        let coordinate = (supergraph.ty(field.parent).name.as_str(), field.name.as_str());
        let (schema, written) = (supergraph.api_schema(), occurrence.arguments());
        variables::coerce_argument_values(schema, coordinate, written, variables)
    }

    /// The state of its guards for what a request decides.
    pub fn guards(&self, decided: Decided<'_>) -> Guards {
        self.variants.guards(decided)
    }

    /// The plan for what a request decides, if it is there.
    pub fn kept_variant(&self, decided: Decided<'_>) -> Option<Arc<Variant>> {
        self.variants.kept(decided)
    }

    /// The plan for what a request decides. In a store, ask [`PreparedOperations::variant`], which takes
    /// its weight into account.
    ///
    /// # Errors
    /// When there is no plan, or none within the bounds of planning.
    pub async fn variant(&self, decided: Decided<'_>) -> Result<Arc<Variant>, RequestError> {
        self.variants.find(&self.operation, decided).await
    }

    /// About how many bytes it takes, with its plans; what is read of a document grows with it.
    fn n_bytes(&self) -> u32 {
        let document = self.key.document.len().saturating_mul(24).saturating_add(4_096);
        let introspection = self.introspection.as_ref().map_or(0, Introspection::n_bytes);
        let n_bytes =
            document.saturating_add(introspection).saturating_add(self.variants.n_bytes());
        u32::try_from(n_bytes).unwrap_or(u32::MAX)
    }
}
