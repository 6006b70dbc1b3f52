//! Judges leaves by their kinds: one bit each, found out while scanning.
//!
//! **In:** a leaf type; a leaf's kind. **Out:** whether it may be shown.
//!
//! **Never here:** finding out the kind (`scan`); items of lists one by one (`render`).
//!
//! **Read first:** [`LeafClass`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Scalars>

use super::store::kind;
use crate::json::unescape;
use std::collections::HashSet;
use supergraph::{Supergraph, TypeId, TypeKind};

/// What a leaf type accepts.
#[derive(Debug)]
pub(super) enum LeafClass {
    /// Values of these kinds.
    Kinds(u8),
    /// Any value: a custom scalar.
    Any,
    /// Strings that are one of these names.
    Enum(Names),
}

/// The values of an enum that clients see, without quotes.
#[derive(Debug)]
pub(super) enum Names {
    /// Few: compared one by one.
    Few(Vec<Box<[u8]>>),
    Many(HashSet<Box<[u8]>>),
}

const FEW: usize = 8;

impl LeafClass {
    /// The class of a leaf type.
    pub(super) fn of(supergraph: &Supergraph, ty: TypeId) -> Self {
        let def = supergraph.ty(ty);
        match (def.kind, def.name.as_str()) {
            (TypeKind::Enum, _) => {
                let visible = def.enum_values.iter().filter(|value| value.accessible);
                let names = visible.map(|value| Box::from(value.name.as_bytes()));
                Self::Enum(match def.enum_values.len() > FEW {
                    true => Names::Many(names.collect()),
                    false => Names::Few(names.collect()),
                })
            }
            (TypeKind::Scalar, "Int") => Self::Kinds(kind::INT),
            (TypeKind::Scalar, "Float") => Self::Kinds(kind::INT | kind::BIG | kind::FLOAT),
            (TypeKind::Scalar, "ID") => {
                Self::Kinds(kind::INT | kind::BIG | kind::PLAIN | kind::ESCAPED)
            }
            (TypeKind::Scalar, "String") => Self::Kinds(kind::PLAIN | kind::ESCAPED),
            (TypeKind::Scalar, "Boolean") => Self::Kinds(kind::BOOLEAN),
            (TypeKind::Scalar, _) => Self::Any,
            _ => Self::Kinds(0),
        }
    }

    /// Whether a leaf belongs to the type; `None` when its characters must be looked at more closely.
    #[inline]
    pub(super) fn accepts(&self, kind: u8, text: &[u8]) -> Option<bool> {
        match self {
            Self::Kinds(kinds) => Some(kinds & kind != 0),
            Self::Any => Some(true),
            Self::Enum(names) if kind == kind::PLAIN => {
                Some(names.contains(&text[1..text.len() - 1]))
            }
            Self::Enum(_) if kind == kind::ESCAPED => None,
            Self::Enum(_) => Some(false),
        }
    }

    /// Whether a string with escapes belongs to the type.
    pub(super) fn accepts_escaped(&self, text: &[u8]) -> bool {
        let Self::Enum(names) = self else { return false };
        let inner = std::str::from_utf8(&text[1..text.len() - 1]);
        inner.is_ok_and(|inner| names.contains(unescape(inner).as_bytes()))
    }

    /// Whether a list whose items are of these kinds can be shown as it came.
    #[inline]
    pub(super) fn accepts_all(&self, kinds: u8) -> bool {
        match self {
            Self::Kinds(accepted) => kinds & !accepted == 0,
            Self::Any => kinds & (kind::OTHER | kind::NULL) == 0,
            Self::Enum(_) => kinds == 0,
        }
    }
}

impl Names {
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        match self {
            Self::Few(names) => names.iter().any(|known| **known == *name),
            Self::Many(names) => names.contains(name),
        }
    }
}
