//! Judges a leaf by the class of its type.
//!
//! **In:** a JSON value that is neither null nor, for a built-in scalar, taken on trust.
//! **Out:** whether it may be shown.
//!
//! **Never here:** changing the text: a value is shown as it came (`1e2`, ids of 20 digits).
//!
//! **Read first:** [`coerce_result`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Scalars>

use crate::json::{Json, Kind};
use supergraph::{Supergraph, TypeId, TypeKind};

/// Whether a value that is not null belongs to the leaf type.
pub(super) fn coerce_result(supergraph: &Supergraph, ty: TypeId, json: &Json) -> bool {
    let def = supergraph.ty(ty);
    match def.kind {
        TypeKind::Enum => json.as_str().is_some_and(|name| {
            def.enum_values.iter().any(|value| value.accessible && value.name == name)
        }),
        TypeKind::Scalar => match def.name.as_str() {
            "Int" => matches!(json.kind(), Kind::Number) && json.text().parse::<i32>().is_ok(),
            "Float" => matches!(json.kind(), Kind::Number),
            "ID" => match json.kind() {
                Kind::String => true,
                Kind::Number => !json.text().contains(['.', 'e', 'E']),
                _ => false,
            },
            "String" => matches!(json.kind(), Kind::String),
            "Boolean" => matches!(json.kind(), Kind::Boolean),
            _ => true,
        },
        TypeKind::Object | TypeKind::Interface | TypeKind::Union | TypeKind::InputObject => false,
    }
}
