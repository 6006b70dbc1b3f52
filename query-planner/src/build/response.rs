//! What the client sees, in its order.
//!
//! **In:** the client's shapes and the slots. **Out:** [`ResponseSelection`].
//!
//! **Never here:** completion (`execution`).
//!
//! **Holds:** every field that the client selected is there, also one that no subgraph is asked for
//! (its slot stays missing and renders as null). A position has one selection, shared by all cases
//! that lead to it.

use super::Builder;
use crate::{
    PlanErrorKind,
    plan::{PositionId, ResponseCase, ResponseField, ResponseSelection, ResponseSource, SlotId},
    shape::{Case, CaseField, Shape, ShapeId},
};
use std::sync::Arc;
use supergraph::{TypeId, TypeRef, TypeSet};

/// A response field whose type is still open: name, slot (none for meta fields), selection below.
struct Row {
    response_name: Arc<str>,
    source: RowSource,
}

enum RowSource {
    Typename,
    Introspection,
    Slot { slot: SlotId, selection: Option<Arc<ResponseSelection>> },
}

impl Builder<'_> {
    pub(super) fn response(
        &mut self,
        shape: ShapeId,
        position: PositionId,
    ) -> Result<Arc<ResponseSelection>, PlanErrorKind> {
        if let Some(Some(known)) = self.responses.get(position) {
            return Ok(Arc::clone(known));
        }
        let shape = self.shapes.get(shape);
        let mut cases = Vec::with_capacity(shape.cases.len());
        for case in &shape.cases {
            let rows = self.rows(&shape, case, position)?;
            for (types, members) in self.classes(&rows, &case.types) {
                cases.push(response_case(&rows, &types, Some(members)));
            }
            if shape.cases.len() == 1 && self.supergraph.ty(shape.ty).is_abstract() {
                // Also for objects whose runtime type no subgraph has told.
                cases.push(response_case(&rows, &self.row_types(&rows, shape.ty), None));
            }
        }
        if let [case] = &mut cases[..] {
            case.types = None;
        }
        let selection = Arc::new(ResponseSelection { position, cases });
        *self.responses.entry(position) = Some(Arc::clone(&selection));
        Ok(selection)
    }

    fn rows(
        &mut self,
        shape: &Shape,
        case: &Case,
        position: PositionId,
    ) -> Result<Vec<Row>, PlanErrorKind> {
        let mut rows = Vec::with_capacity(case.fields.len());
        for (response_name, field) in &case.fields {
            let source = match field {
                CaseField::Typename => RowSource::Typename,
                CaseField::Introspection => RowSource::Introspection,
                CaseField::Entry(index) => {
                    let entry = &shape.entries[*index];
                    let slot = self.client_slot(entry, position)?;
                    let selection = match (entry.child, self.slots[slot].child) {
                        (Some(child), Some(below)) => Some(self.response(child, below)?),
                        _ => None,
                    };
                    RowSource::Slot { slot, selection }
                }
            };
            rows.push(Row { response_name: Arc::clone(response_name), source });
        }
        Ok(rows)
    }

    /// Types that declare the fields with other wrappers complete differently.
    fn classes(&self, rows: &[Row], types: &TypeSet) -> Vec<(Vec<Option<&TypeRef>>, TypeSet)> {
        let mut classes: Vec<(Vec<Option<&TypeRef>>, TypeSet)> = Vec::new();
        for ty in types.iter() {
            let declared = self.row_types(rows, ty);
            match classes.iter_mut().find(|(known, _)| *known == declared) {
                Some((_, members)) => {
                    members.insert(ty);
                }
                None => classes.push((declared, TypeSet::of(ty))),
            }
        }
        classes
    }

    /// The type of each row's field as `ty` declares it; none for meta fields and unknown fields.
    fn row_types(&self, rows: &[Row], ty: TypeId) -> Vec<Option<&TypeRef>> {
        let declared = rows.iter().map(|row| match &row.source {
            RowSource::Slot { slot, .. } => {
                let slot = &self.slots[*slot];
                let found = self.supergraph.field_named(ty, &slot.field);
                Some(found.map_or(&slot.ty, |field| &self.supergraph.field(field).ty))
            }
            _ => None,
        });
        declared.collect()
    }
}

fn response_case(
    rows: &[Row],
    row_types: &[Option<&TypeRef>],
    types: Option<TypeSet>,
) -> ResponseCase {
    let fields = rows.iter().zip(row_types).map(|(row, ty)| ResponseField {
        response_name: row.response_name.to_string(),
        source: match (&row.source, ty) {
            (RowSource::Slot { slot, selection }, Some(ty)) => ResponseSource::Slot {
                slot: *slot,
                ty: TypeRef::clone(ty),
                selection: selection.clone(),
            },
            (RowSource::Introspection, _) => ResponseSource::Introspection,
            _ => ResponseSource::Typename,
        },
    });
    ResponseCase { types, fields: fields.collect() }
}
