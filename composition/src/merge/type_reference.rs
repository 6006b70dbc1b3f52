//! Merges types as they are referenced: output types widen, input types narrow.
//!
//! **In:** the types that subgraphs give one element. **Out:** [`MergedReference`].
//!
//! **Never here:** errors and hints; the caller knows the element.
//!
//! **Read first:** [`merge_references`].

use apollo_compiler::ast::Type;

use crate::merge::relations::Relations;

/// Which of two related types is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Of output types, the most general.
    Widen,
    /// Of input types, the strictest.
    Narrow,
}

/// How the types of one element agree.
pub(crate) enum MergedReference {
    Equal(Type),
    Related(Type),
    Unrelated(Type),
}

impl MergedReference {
    pub(crate) fn into_type(self) -> Type {
        match self {
            Self::Equal(ty) | Self::Related(ty) | Self::Unrelated(ty) => ty,
        }
    }
}

/// Merges one or more types.
pub(crate) fn merge_references<'a>(
    mut types: impl Iterator<Item = &'a Type>,
    direction: Direction,
    relations: &Relations,
) -> Option<MergedReference> {
    let mut merged = types.next()?;
    let (mut related, mut unrelated) = (false, false);
    for ty in types {
        if ty == merged {
            continue;
        }
        if is_subtype(merged, ty, relations) {
            related = true;
            if direction == Direction::Widen {
                merged = ty;
            }
        } else if is_subtype(ty, merged, relations) {
            related = true;
            if direction == Direction::Narrow {
                merged = ty;
            }
        } else {
            unrelated = true;
        }
    }
    let merged = merged.clone();
    Some(match (unrelated, related) {
        (true, _) => MergedReference::Unrelated(merged),
        (false, true) => MergedReference::Related(merged),
        (false, false) => MergedReference::Equal(merged),
    })
}

/// Whether every value of `candidate` is one of `of`; a type is a subtype of itself.
pub(crate) fn is_subtype(candidate: &Type, of: &Type, relations: &Relations) -> bool {
    match (candidate, of) {
        (Type::NonNullNamed(c), Type::NonNullNamed(o) | Type::Named(o))
        | (Type::Named(c), Type::Named(o)) => c == o || relations.is_subtype(c, o),
        (Type::NonNullList(c), Type::NonNullList(o) | Type::List(o))
        | (Type::List(c), Type::List(o)) => is_subtype(c, o, relations),
        _ => false,
    }
}
