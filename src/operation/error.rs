//! Request errors: why nothing of a request ran.
//!
//! **In:** what the preparation of an operation found. **Out:** the errors as clients get them, and a kind
//! from which `server` derives a status.
//!
//! **Never here:** execution errors, which are part of a result; status codes.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Errors.Request-Errors>

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

use super::measure::Limit;
use crate::admission::Refused;

/// Why nothing ran.
#[derive(Debug, Error)]
#[error("{kind}")]
pub struct RequestError {
    /// Why.
    pub kind: RequestErrorKind,
}

/// What is wrong with a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// The document is not GraphQL.
    #[error("the document is not GraphQL")]
    Syntax(Vec<Finding>),
    /// The document is not valid against the API schema.
    #[error("the document is not valid")]
    Validation(Vec<Finding>),
    /// The document is larger than allowed.
    #[error("the document has more than {limit} tokens")]
    TooManyTokens {
        /// The bound.
        limit: u32,
    },
    /// The document nests its syntax more deeply than is read.
    #[error("the document nests more than {limit} levels")]
    TooMuchRecursion {
        /// The bound.
        limit: usize,
    },
    /// The operation is larger than allowed.
    #[error("{0}")]
    Beyond(Excess),
    /// What a list will cost cannot be said, and costs are limited.
    #[error("`{field}` needs exactly one of its slicing arguments: {arguments}")]
    Unsliced {
        /// The coordinate of the field.
        field: String,
        /// Their names.
        arguments: String,
    },
    /// The document does not have the operation.
    #[error("{0}")]
    NoSuchOperation(String),
    /// Subscriptions need another transport.
    #[error("subscriptions cannot be answered over this transport")]
    Subscription,
    /// Only queries may be sent by GET.
    #[error("only queries may be sent by `GET`; send a mutation by `POST`")]
    MutationOverGet,
    /// The schema is not for this client to see; the log says why.
    #[error("introspection is not allowed")]
    Introspection(String),
    /// The query for the schema would multiply its answer.
    #[error("{0}")]
    IntrospectionDepth(String),
    /// The query for the schema selects too many of its lists.
    #[error("introspection selects {n_lists} lists of the schema; {limit} are allowed")]
    IntrospectionLists {
        /// How many.
        n_lists: u64,
        /// The bound.
        limit: u64,
    },
    /// The caller may not see all that the operation selects.
    #[error("the operation selects what the caller may not see")]
    Denied {
        /// The paths of what is denied, `@` for the items of a list.
        paths: Vec<Vec<String>>,
        /// Whether nobody vouches for the caller.
        is_anonymous: bool,
    },
    /// The caller cannot pay for it.
    #[error("{0}")]
    NotAdmitted(Box<Refused>),
    /// A value does not fit its variable.
    #[error("{message}")]
    Variable {
        /// What the client is told: the value is its own.
        message: String,
        /// The same without the value.
        told: String,
    },
    /// The plan of the operation would be larger than allowed.
    #[error("the operation has more than {limit} positions")]
    TooManyPositions {
        /// The bound.
        limit: usize,
    },
    /// Planning took longer than allowed.
    #[error("the operation could not be planned within {} ms", limit.as_secs_f64() * 1e3)]
    PlanningTimeout {
        /// The bound.
        limit: Duration,
    },
    /// The time of the request was over before its operation was planned.
    #[error("the operation was not planned in time")]
    OutOfTime,
    /// No plan exists; the reason is for the log.
    #[error("the operation cannot be planned")]
    Unplannable(String),
    /// The gateway failed; the reason is for the log.
    #[error("the gateway failed")]
    Bug(String),
}

/// Something of an operation is beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// What.
    pub limit: Limit,
    /// How much of it there is.
    pub found: u64,
    /// How much there may be.
    pub max: u64,
}

/// One thing that is wrong in a document.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What.
    pub message: String,
    /// Line and column.
    pub location: Option<(usize, usize)>,
}

impl RequestError {
    /// The stable code of its errors.
    pub fn code(&self) -> &'static str {
        match &self.kind {
            RequestErrorKind::Syntax(_) => "GRAPHQL_PARSE_FAILED",
            RequestErrorKind::Validation(_) => "GRAPHQL_VALIDATION_FAILED",
            RequestErrorKind::TooManyTokens { .. } => "MAX_TOKENS_LIMIT",
            RequestErrorKind::TooMuchRecursion { .. } => "MAX_RECURSION_LIMIT",
            RequestErrorKind::Beyond(excess) => excess.code(),
            RequestErrorKind::Unsliced { .. } => "SLICING_ARGUMENT_REQUIRED",
            RequestErrorKind::NoSuchOperation(_) => "OPERATION_RESOLUTION_FAILURE",
            RequestErrorKind::Subscription => "SUBSCRIPTION_NOT_SUPPORTED",
            RequestErrorKind::MutationOverGet => "MUTATION_OVER_GET",
            RequestErrorKind::Introspection(_) => "INTROSPECTION_DISABLED",
            RequestErrorKind::IntrospectionDepth(_) => "MAX_INTROSPECTION_DEPTH",
            RequestErrorKind::IntrospectionLists { .. } => "MAX_INTROSPECTION_LISTS",
            RequestErrorKind::Denied { is_anonymous: true, .. } => "UNAUTHENTICATED",
            RequestErrorKind::Denied { is_anonymous: false, .. } => "UNAUTHORIZED_FIELD_OR_TYPE",
            RequestErrorKind::NotAdmitted(refused) => refused.code(),
            RequestErrorKind::Variable { .. } => "BAD_USER_INPUT",
            RequestErrorKind::TooManyPositions { .. } => "MAX_POSITIONS_LIMIT",
            RequestErrorKind::PlanningTimeout { .. } => "QUERY_PLANNING_TIMEOUT",
            RequestErrorKind::OutOfTime => "REQUEST_TIMEOUT",
            RequestErrorKind::Unplannable(_) => "OPERATION_UNPLANNABLE",
            RequestErrorKind::Bug(_) => "INTERNAL_SERVER_ERROR",
        }
    }

    /// The errors as clients get them.
    pub fn errors(&self) -> Vec<Value> {
        let extensions = json!({ "code": self.code() });
        match &self.kind {
            RequestErrorKind::Syntax(findings) | RequestErrorKind::Validation(findings) => {
                let error = |finding: &Finding| match finding.location {
                    Some((line, column)) => json!({
                        "message": finding.message,
                        "locations": [{ "line": line, "column": column }],
                        "extensions": extensions,
                    }),
                    None => json!({ "message": finding.message, "extensions": extensions }),
                };
                findings.iter().map(error).collect()
            }
            RequestErrorKind::Denied { paths, .. } => {
                let message = self.kind.to_string();
                let error = |path: &Vec<String>| json!({ "message": message, "path": path, "extensions": extensions });
                paths.iter().map(error).collect()
            }
            RequestErrorKind::NotAdmitted(refused) => {
                vec![json!({ "message": refused.to_string(), "extensions": refused.extensions() })]
            }
            RequestErrorKind::Beyond(excess) if excess.limit == Limit::Cost => {
                let cost = json!({ "estimated": excess.found, "max": excess.max });
                let extensions = json!({ "code": self.code(), "cost": cost });
                vec![json!({ "message": excess.to_string(), "extensions": extensions })]
            }
            kind => vec![json!({ "message": kind.to_string(), "extensions": extensions })],
        }
    }

    /// What only the log may say.
    pub fn detail(&self) -> String {
        match &self.kind {
            RequestErrorKind::Unplannable(reason)
            | RequestErrorKind::Introspection(reason)
            | RequestErrorKind::Bug(reason) => {
                format!("{}: {reason}", self.kind)
            }
            RequestErrorKind::Syntax(findings) | RequestErrorKind::Validation(findings) => {
                let first = findings.first().map_or("", |finding| finding.message.as_str());
                format!("{}: {first}", self.kind)
            }
            RequestErrorKind::Denied { paths, .. } => {
                let paths: Vec<String> = paths.iter().map(|path| path.join(".")).collect();
                format!("{}: {}", self.kind, paths.join(" "))
            }
            RequestErrorKind::Variable { told, .. } => told.clone(),
            RequestErrorKind::Beyond(excess) => excess.detail(),
            RequestErrorKind::TooManyTokens { .. } => {
                format!("{}: `policies.*.limits.tokens`", self.kind)
            }
            kind => kind.to_string(),
        }
    }
}

impl Excess {
    fn code(self) -> &'static str {
        match self.limit {
            Limit::Depth => "MAX_DEPTH_LIMIT",
            Limit::Height => "MAX_HEIGHT_LIMIT",
            Limit::Aliases => "MAX_ALIASES_LIMIT",
            Limit::RootFields => "MAX_ROOT_FIELDS_LIMIT",
            Limit::Directives => "MAX_DIRECTIVES_LIMIT",
            Limit::ListArguments => "MAX_LIST_ARGUMENTS_LIMIT",
            Limit::Tokens => "MAX_TOKENS_LIMIT",
            Limit::Cost => "COST_ESTIMATED_TOO_EXPENSIVE",
        }
    }

    /// With the key of the limit, for the log.
    pub fn detail(self) -> String {
        format!("{self}: `policies.*.limits.{}`", self.limit.key())
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, max, .. } = self;
        match self.limit {
            Limit::Depth => write!(f, "the operation is {found} fields deep; {max} are allowed"),
            Limit::Height => write!(f, "the operation selects {found} fields; {max} are allowed"),
            Limit::Aliases => write!(f, "the operation has {found} aliases; {max} are allowed"),
            Limit::RootFields => {
                write!(f, "the operation selects {found} fields at its root; {max} are allowed")
            }
            Limit::Directives => {
                write!(f, "the operation applies {found} directives; {max} are allowed")
            }
            Limit::ListArguments => {
                write!(f, "lists of the request have {found} items; {max} are allowed")
            }
            Limit::Tokens => write!(f, "the document has {found} tokens; {max} are allowed"),
            Limit::Cost => write!(f, "the operation costs {found}; {max} are allowed"),
        }
    }
}

impl From<RequestErrorKind> for RequestError {
    fn from(kind: RequestErrorKind) -> Self {
        Self { kind }
    }
}
