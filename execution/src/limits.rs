//! The bounds of an execution, and what clients may learn of subgraphs' errors.
//!
//! **Never here:** defaults: the caller knows what a response is worth.
//!
//! **Read first:** [`Limits`], [`ErrorPolicy`].

/// The bounds that an execution keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Places that one error of a subgraph is reported at; one more error counts the others.
    pub max_error_paths: usize,
    /// Errors in one response; one more error counts the others.
    pub max_errors: usize,
    /// Levels of lists and objects in the body of an answer.
    pub max_answer_depth: usize,
    /// Items of one list in an answer.
    pub max_list_length: usize,
    /// Calls of one fetch: more than one when values of `@fromContext` differ between its entities.
    pub max_calls_per_fetch: usize,
    /// Objects that the answers may bring in all. An entity counts at every place it has.
    pub max_objects: usize,
    /// Bytes of the response's data, with those that nulls cut away.
    pub max_response_bytes: usize,
}

/// What clients may learn of subgraphs' errors. The log learns everything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErrorPolicy {
    /// The messages that subgraphs write.
    pub messages: Exposure,
    /// The names of subgraphs, as `extensions.service`.
    pub subgraph_names: Exposure,
    /// The keys of `extensions` that travel from a subgraph to the client.
    pub extensions: AllowedExtensions,
}

/// Whether something is shown to clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exposure {
    /// As it came.
    Shown,
    /// Replaced by a general word, or left out.
    Masked,
}

/// Which keys of `extensions` travel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AllowedExtensions {
    /// All of them.
    All,
    /// These, such as `code`.
    Only(Vec<String>),
}

impl AllowedExtensions {
    /// Whether the key travels.
    pub fn allow(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(keys) => keys.iter().any(|allowed| allowed == key),
        }
    }
}
