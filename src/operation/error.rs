//! Request errors: why nothing of a request ran.
//!
//! **In:** what the preparation of an operation found. **Out:** the errors as clients get them, and a kind
//! from which `server` derives a status.
//!
//! **Never here:** execution errors, which are part of a result; status codes.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Errors.Request-Errors>

use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

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
    /// The operation selects more deeply than allowed.
    #[error("the operation is {depth} fields deep; {limit} are allowed")]
    TooDeep {
        /// How deep it is.
        depth: u32,
        /// The bound.
        limit: u32,
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
            RequestErrorKind::TooDeep { .. } => "MAX_DEPTH_LIMIT",
            RequestErrorKind::NoSuchOperation(_) => "OPERATION_RESOLUTION_FAILURE",
            RequestErrorKind::Subscription => "SUBSCRIPTION_NOT_SUPPORTED",
            RequestErrorKind::MutationOverGet => "MUTATION_OVER_GET",
            RequestErrorKind::Introspection(_) => "INTROSPECTION_DISABLED",
            RequestErrorKind::IntrospectionDepth(_) => "MAX_INTROSPECTION_DEPTH",
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
            kind => kind.to_string(),
        }
    }
}

impl From<RequestErrorKind> for RequestError {
    fn from(kind: RequestErrorKind) -> Self {
        Self { kind }
    }
}
