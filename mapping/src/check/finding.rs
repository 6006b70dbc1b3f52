//! Says what in a mapping cannot work, and what to write instead.
//!
//! **Out:** [`Finding`].
//!
//! **Never here:** codes, files and lines (composition), what goes wrong with the data (`problem`).

use crate::methods::Method;
use crate::syntax::Span;
use crate::variables::{Place, Variable};
use thiserror::Error;

/// Something in a mapping that cannot work.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{kind}")]
pub struct Finding {
    /// Where in the text.
    pub span: Span,
    /// What.
    pub kind: FindingKind,
}

/// What cannot work.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum FindingKind {
    /// No variable has this name.
    #[error("there is no variable `${name}`")]
    UnknownVariable {
        /// The name, without `$`.
        name: Box<str>,
    },
    /// The variable has no value in this place.
    #[error("`{variable}` has no value here")]
    VariableOutOfPlace {
        /// The variable.
        variable: Variable,
        /// The place.
        place: Place,
    },
    /// `$` or a bare key where there is no response.
    #[error("there is no response to read here")]
    NoBody {
        /// The place.
        place: Place,
    },
    /// No method has this name.
    #[error("there is no method `->{name}`")]
    UnknownMethod {
        /// The name.
        name: Box<str>,
    },
    /// Too few or too many arguments.
    #[error("`->{method}` takes {}", method.arity())]
    Arguments {
        /// The method.
        method: Method,
    },
    /// The value is never what the method takes.
    #[error("`->{method}` takes {expected}, and gets {found}")]
    Input {
        /// The method.
        method: Method,
        /// What it takes.
        expected: &'static str,
        /// What it gets.
        found: String,
    },
    /// The argument is never what the method takes.
    #[error("argument {index} of `->{method}` should be {expected}, and is {found}")]
    Argument {
        /// The method.
        method: Method,
        /// Which argument, from 1.
        index: usize,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The object never has this property.
    #[error("there is no property `{key}`, only {}", if has.is_empty() { "an empty object" } else { has.as_str() })]
    NoProperty {
        /// The name.
        key: Box<str>,
        /// The names that the object has, the first of them at least.
        has: String,
        /// The property whose name is nearest.
        nearest: Option<Box<str>>,
    },
    /// The value is never an object.
    #[error("property `{key}` is read from {found}")]
    NoObject {
        /// The name.
        key: Box<str>,
        /// What it is read from.
        found: String,
    },
    /// What never is an object cannot be merged into one.
    #[error("an object can be merged in here, not {found}")]
    NotMerged {
        /// What it is.
        found: String,
    },
}

impl FindingKind {
    /// What to write instead.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::UnknownVariable { name } => {
                let names = Variable::ALL.map(Variable::name);
                let nearest = nearest(name, names.iter().map(|name| &name[1..]));
                Some(match nearest {
                    Some(nearest) => format!("write `${nearest}`"),
                    None => {
                        format!("the variables are {}; others come from `->as`", names.join(", "))
                    }
                })
            }
            Self::VariableOutOfPlace { place, .. } => {
                let allowed: Vec<&str> = place.allowed().map(Variable::name).collect();
                let body = if place.allows_body() { "`$`, " } else { "" };
                Some(format!("use one of {body}{}", allowed.join(", ")))
            }
            Self::NoBody { place } => {
                let allowed: Vec<&str> = place.allowed().map(Variable::name).collect();
                Some(format!("begin with one of {}, or with a literal", allowed.join(", ")))
            }
            Self::UnknownMethod { name } => {
                Method::nearest(name).map(|nearest| format!("write `->{nearest}`"))
            }
            Self::NoProperty { nearest, .. } => {
                nearest.as_ref().map(|nearest| format!("write `{nearest}`"))
            }
            _ => None,
        }
    }
}

/// The name that is nearest to one that is none, unless all are far.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let with_distance = names.map(|other| (crate::methods::distance(name, other), other));
    let (distance, nearest) = with_distance.min()?;
    (distance <= 1 + name.len() / 4).then_some(nearest)
}
