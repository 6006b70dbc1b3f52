//! The query plan: fetches with their dependencies, and where every answer belongs.
//!
//! **In:** made by `build` from a solved operation. **Out:** read by `execution` and by `print`.
//!
//! **Never here:** choices. A plan says what to do; why is forgotten.
//!
//! **Holds:** fetches stand in topological order. Every value has one [`Slot`]; slots, not names,
//! carry identity, so neither a client's alias nor one of ours can be mistaken for another value.
//! An object belongs to one [`Position`] and is *created* by exactly one [`Group`]: the first whose
//! answer contains it.
//!
//! **Read first:** [`QueryPlan`].

use std::sync::Arc;
use supergraph::{Id, IdVec, SubgraphId, TypeId, TypeRef, TypeSet, Value, ids};

ids! {
    /// A place in the response where objects live.
    PositionId,
    /// A place for one value in every object of a position.
    SlotId,
    /// A request to a subgraph.
    FetchId,
    /// One selection of a fetch: its root, or one `_entities` field.
    GroupId,
    /// A part of the response that may be sent later.
    DeferId,
}

/// What to fetch, in which order, and how to read the answers.
#[derive(Clone, Debug)]
pub struct QueryPlan {
    /// Query, mutation or subscription.
    pub operation: OperationKind,
    /// Where objects live. The first is the operation's root.
    pub positions: IdVec<PositionId, Position>,
    /// The values of these objects.
    pub slots: IdVec<SlotId, Slot>,
    /// The requests, in topological order.
    pub fetches: IdVec<FetchId, Fetch>,
    /// The selections of the requests.
    pub groups: IdVec<GroupId, Group>,
    /// What the client sees, in its order.
    pub response: Arc<ResponseSelection>,
    /// The paths in the response of what the caller may not see, `@` for the items of a list: the first
    /// of them, if they are many.
    pub denied: Vec<Vec<String>>,
    /// What of it may be sent later, outer parts first; what is in none comes first.
    pub deferred: IdVec<DeferId, DeferGroup>,
    /// What the plan costs.
    pub cost: PlanCost,
    /// How it was found.
    pub effort: PlanEffort,
}

/// The three operation types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OperationKind {
    /// `query`
    Query,
    /// `mutation`
    Mutation,
    /// `subscription`
    Subscription,
}

impl OperationKind {
    /// The keyword.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// Where objects live.
#[derive(Clone, Debug)]
pub struct Position {
    /// The slot that holds these objects (below lists, if its type has lists); none at the root.
    pub parent: Option<SlotId>,
    /// Their declared type in the supergraph.
    pub ty: TypeId,
}

/// A place for one value.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The objects that have it.
    pub position: PositionId,
    /// The field's name.
    pub field: String,
    /// Its arguments, as the operation or whoever needs the value writes them.
    pub arguments: Vec<(String, Value)>,
    /// The field's type in the supergraph: the list levels above the objects of `child`. Where
    /// runtime types declare it with other nullability, the type in [`ResponseSource::Slot`] decides completion.
    pub ty: TypeRef,
    /// Where the objects live that it holds, when its type is composite.
    pub child: Option<PositionId>,
}

/// One request to one subgraph.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Whom to ask.
    pub subgraph: SubgraphId,
    /// The operation to send: complete text, variables declared.
    pub text: String,
    /// The operation's type.
    pub kind: OperationKind,
    /// Client variables that the text uses. Absent ones are left out of the request.
    pub variables: Vec<String>,
    /// The selections, in the order of the text. Root fetches have one, entity fetches one for each
    /// `_entities` field.
    pub groups: Vec<GroupId>,
    /// The fetches whose answers must have arrived (or failed) before this one starts.
    pub waits_for: Vec<FetchId>,
    /// 1 for a fetch that waits for nothing, else one more than the deepest it waits for.
    pub depth: u32,
}

/// One selection of a fetch.
#[derive(Clone, Debug)]
pub struct Group {
    /// The request it belongs to.
    pub fetch: FetchId,
    /// Where its objects are: the root, the position of a nested `Query`, or of the entities.
    pub position: PositionId,
    /// Whose objects it completes: those that one of these groups created at `position`. Empty only
    /// for the operation's root.
    pub from: Vec<GroupId>,
    /// Root selection or entities.
    pub kind: GroupKind,
    /// What it asks for.
    pub selection: Selection,
    /// The same as text, for people: the selection set that stands in [`Fetch::text`].
    pub text: String,
}

/// How a group's objects are addressed.
#[derive(Clone, Debug)]
pub enum GroupKind {
    /// The root of the subgraph's operation. Below a nested `Query` every object of the position
    /// gets the same answer.
    Root,
    /// `alias: _entities(representations: $variable)`, answered in the order of the representations.
    Entities {
        /// The response name of the `_entities` field.
        alias: String,
        /// The variable of the representations, without `$`.
        variable: String,
        /// How to represent an object, by its runtime type: the first whose `types` contain it.
        /// An object that none fits is not sent.
        representations: Vec<Representation>,
        /// Variables that objects above the entities fill. Entities for which these differ are
        /// asked for in calls of their own.
        contexts: Vec<ContextValue>,
    },
}

/// A variable that is filled from an object above, for an argument with `@fromContext`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContextValue {
    /// The variable, without `$`.
    pub variable: String,
    /// Its type in the asked subgraph, as written. If it ends in `!`, an object whose value is null
    /// or missing is not sent.
    pub ty: String,
    /// Where the value is, nearest object first: the first whose `types` contain the runtime type of
    /// the object above at its position counts. Without any, the value is null.
    pub sources: Vec<ContextSource>,
}

/// Where a context's value is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContextSource {
    /// The position of the object above.
    pub position: PositionId,
    /// The runtime types that set the context.
    pub types: TypeSet,
    /// The value: the one leaf below the first of these that the object's runtime type has. Lists
    /// on the way stay lists.
    pub fields: Vec<RepresentationField>,
}

/// How to represent objects of some runtime types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Representation {
    /// The runtime types; `None` fits every object, also one whose runtime type is unknown.
    pub types: Option<TypeSet>,
    /// The `__typename` to send.
    pub typename: String,
    /// The fields to send.
    pub fields: Vec<RepresentationField>,
}

/// A field of a representation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepresentationField {
    /// Runtime types of the object that have it; `None` for all.
    pub types: Option<TypeSet>,
    /// Its name in the representation.
    pub name: String,
    /// Where its value comes from.
    pub slot: SlotId,
    /// Its type as the asked subgraph declares it: where that is non-null, a null or missing value
    /// means that the object cannot be represented.
    pub ty: TypeRef,
    /// Whether it belongs to the key (else to `@requires`).
    pub is_key: bool,
    /// For composite values: the fields of the objects inside.
    pub fields: Vec<RepresentationField>,
    /// For composite values: send `__typename` inside, because the type is abstract.
    pub with_typename: bool,
}

/// What a subgraph is asked for at one position, and the slots where its answers go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// The objects it fills.
    pub position: PositionId,
    /// How the runtime type of an answered object is known.
    pub runtime_type: RuntimeType,
    /// The fields, in the order of the text.
    pub fields: Vec<SelectedField>,
}

/// How the runtime type of an object is known from an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuntimeType {
    /// The subgraph can answer only this type.
    Known(TypeId),
    /// The answer says so under `__typename`.
    Asked,
    /// An entity answer that doesn't say: the type that the representation had.
    Represented,
    /// It stays unknown until another fetch tells: the subgraph has an `@interfaceObject` here.
    Unknown,
}

/// A field of a subgraph's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SelectedField {
    /// Runtime types that have it in the answer; `None` for every object.
    pub types: Option<TypeSet>,
    /// Its response name in the subgraph's answer.
    pub response_name: String,
    /// Where its value goes.
    pub slot: SlotId,
    /// For composite values: what is asked below.
    pub selection: Option<Selection>,
}

/// What the client sees of the objects of a position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResponseSelection {
    /// The objects.
    pub position: PositionId,
    /// Field lists by runtime type; the first whose types contain the object's wins.
    pub cases: Vec<ResponseCase>,
    /// Runtime types that the caller may not see: such an object is null, with the error of a denied
    /// field. They go before the cases.
    pub denied: TypeSet,
}

/// The response fields of some runtime types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResponseCase {
    /// The runtime types; `None` fits every object, also one of unknown runtime type.
    pub types: Option<TypeSet>,
    /// The fields in response order.
    pub fields: Vec<ResponseField>,
}

/// A field of the response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResponseField {
    /// Its name in the response.
    pub response_name: String,
    /// Where its value comes from.
    pub source: ResponseSource,
}

/// Where a response value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ResponseSource {
    /// `__typename`: the object's runtime type.
    Typename,
    /// `__schema` or `__type`: answered by the gateway before execution, by response name.
    Introspection,
    /// The caller may not see it: null, with an error, wherever its type allows null.
    Denied {
        /// The field.
        field: Arc<str>,
        /// The field's type for these runtime types.
        ty: TypeRef,
    },
    /// A slot.
    Slot {
        /// The slot.
        slot: SlotId,
        /// The field's type for these runtime types, which completion obeys.
        ty: TypeRef,
        /// What is shown of the objects inside, for composite types.
        selection: Option<Arc<ResponseSelection>>,
    },
}

/// A part of the response that a fragment with `@defer` lets come later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeferGroup {
    /// The label that the client gave it.
    pub label: Option<String>,
    /// The objects whose fields it has.
    pub position: PositionId,
    /// The part that it stands in, which comes before it.
    pub parent: Option<DeferId>,
    /// Its fields; what is selected below them belongs to it too, but for parts of their own.
    pub fields: Vec<DeferredField>,
    /// The fetches that it needs and nothing before it does. They may be sent after all others.
    pub fetches: Vec<FetchId>,
}

/// A response field that may come later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeferredField {
    /// The objects that have it.
    pub position: PositionId,
    /// Its name in the response.
    pub response_name: String,
}

/// What a plan costs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PlanCost {
    /// HTTP requests.
    pub requests: u32,
    /// The longest chain of requests that wait for one another.
    pub depth: u32,
    /// Fields asked of subgraphs.
    pub fields: u32,
}

impl PlanCost {
    /// The number that plans are compared by.
    pub fn weight(self) -> u64 {
        1000 * u64::from(self.requests) + 100 * u64::from(self.depth) + u64::from(self.fields)
    }
}

/// How a plan was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PlanEffort {
    /// Steps of the solver.
    pub steps: u64,
    /// Whole plans that were built and compared.
    pub plans: u32,
    /// The step budget was spent: the plan is valid, but the search for a better one was cut short.
    pub budget_spent: bool,
}

impl QueryPlan {
    /// The operation's root.
    pub fn root(&self) -> PositionId {
        PositionId::from_index(0)
    }

    /// The request that a group belongs to.
    pub fn fetch_of(&self, group: GroupId) -> &Fetch {
        &self.fetches[self.groups[group].fetch]
    }
}
