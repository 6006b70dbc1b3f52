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
    Denied { field: Arc<str>, ty: TypeRef },
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
            let is_alike = shape.cases.len() == 1 && shape.denied.is_empty();
            if is_alike && self.supergraph.ty(shape.ty).is_abstract() {
                // Also for objects whose runtime type no subgraph has told.
                cases.push(response_case(&rows, &self.row_types(&rows, shape.ty), None));
            }
        }
        if let [case] = &mut cases[..]
            && shape.denied.is_empty()
        {
            case.types = None;
        }
        let denied = shape.denied.clone();
        let selection = Arc::new(ResponseSelection { position, cases, denied });
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
                CaseField::Denied(field) => self.denied(field, case)?,
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

    /// A field that the caller may not see, with its type as the first runtime type declares it.
    fn denied(&self, field: &Arc<str>, case: &Case) -> Result<RowSource, PlanErrorKind> {
        let mut found = case.types.iter().filter_map(|ty| self.supergraph.field_named(ty, field));
        let found = found
            .next()
            .ok_or_else(|| PlanErrorKind::UnknownField { coordinate: field.to_string() })?;
        let ty = self.supergraph.field(found).ty.clone();
        Ok(RowSource::Denied { field: Arc::clone(field), ty })
    }

    /// Types that declare the fields with other wrappers complete differently.
    fn classes<'s>(
        &'s self,
        rows: &'s [Row],
        types: &TypeSet,
    ) -> Vec<(Vec<Option<&'s TypeRef>>, TypeSet)> {
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
    fn row_types<'s>(&'s self, rows: &'s [Row], ty: TypeId) -> Vec<Option<&'s TypeRef>> {
        let declared = rows.iter().map(|row| match &row.source {
            RowSource::Slot { slot, .. } => {
                let slot = &self.slots[*slot];
                let found = self.supergraph.field_named(ty, &slot.field);
                Some(found.map_or(&slot.ty, |field| &self.supergraph.field(field).ty))
            }
            RowSource::Denied { field, ty: declared } => {
                let found = self.supergraph.field_named(ty, field);
                Some(found.map_or(declared, |field| &self.supergraph.field(field).ty))
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
            (RowSource::Denied { field, .. }, Some(ty)) => {
                ResponseSource::Denied { field: Arc::clone(field), ty: TypeRef::clone(ty) }
            }
            (RowSource::Introspection, _) => ResponseSource::Introspection,
            _ => ResponseSource::Typename,
        },
    });
    ResponseCase { types, fields: fields.collect() }
}
