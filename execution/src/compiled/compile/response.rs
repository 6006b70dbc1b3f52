//! Compiles what the client sees.
//!
//! **In:** the response of a plan. **Out:** a program for each selection; the first is the root's.
//!
//! **Never here:** writing a response (`render`).
//!
//! **Read first:** [`compile`].

use crate::compiled::{
    leaf::LeafClass,
    program::{ShownAs, ShownField, ShownObject, ShownSlot, ShownSource, ShownValue},
};
use crate::json::quoted;
use crate::masks::MaskedFields;
use query_planner::{
    QueryPlan, ResponseCase, ResponseField, ResponseSelection, ResponseSource, SlotId,
};
use std::collections::HashMap;
use supergraph::{Id, Supergraph, TypeId};

/// Compiles the response.
pub(super) fn compile(
    plan: &QueryPlan,
    supergraph: &Supergraph,
    masked: &MaskedFields,
    local_slots: &[u32],
) -> Vec<ShownObject> {
    let (shown, known) = (Vec::new(), HashMap::new());
    let mut compiler = Compiler { plan, supergraph, masked, local_slots, shown, known };
    compiler.object(&plan.response);
    compiler.shown
}

/// The masks of all fields that are shown.
pub(super) fn masks(shown: &[ShownObject]) -> impl Iterator<Item = u32> {
    let fields = shown.iter().flat_map(|object| object.cases.iter().flatten());
    let masked = fields.filter_map(|field| match &field.source {
        ShownSource::Slot(ShownSlot { value: ShownValue::Masked(leaf), .. }) => Some(leaf.1.all()),
        _ => None,
    });
    masked.flatten()
}

struct Compiler<'a> {
    plan: &'a QueryPlan,
    supergraph: &'a Supergraph,
    masked: &'a MaskedFields,
    local_slots: &'a [u32],
    shown: Vec<ShownObject>,
    /// Selections are shared.
    known: HashMap<*const ResponseSelection, usize>,
}

impl Compiler<'_> {
    fn object(&mut self, selection: &ResponseSelection) -> usize {
        if let Some(&known) = self.known.get(&std::ptr::from_ref(selection)) {
            return known;
        }
        let index = self.shown.len();
        self.known.insert(std::ptr::from_ref(selection), index);
        let declared = self.plan.positions[selection.position].ty;
        let possible = self.supergraph.ty(declared).possible.iter();
        let by_type = possible.map(|ty| (ty, self.shown_as(selection, ty))).collect();
        let unknown = selection.cases.iter().position(|case| case.types.is_none());
        self.shown.push(ShownObject { by_type, unknown, cases: Vec::new() });
        let cases = selection.cases.iter().map(|case| self.case(case)).collect();
        self.shown[index].cases = cases;
        index
    }

    fn shown_as(&self, selection: &ResponseSelection, ty: TypeId) -> ShownAs {
        if !self.supergraph.ty(ty).accessible {
            return ShownAs::Hidden;
        }
        if selection.denied.contains(ty) {
            return ShownAs::Denied;
        }
        let fits = |case: &ResponseCase| case.types.as_ref().is_none_or(|types| types.contains(ty));
        selection.cases.iter().position(fits).map_or(ShownAs::Empty, ShownAs::Case)
    }

    fn case(&mut self, case: &ResponseCase) -> Vec<ShownField> {
        let fields = case.fields.iter().enumerate();
        fields.map(|(index, field)| self.field(index, field)).collect()
    }

    fn field(&mut self, index: usize, field: &ResponseField) -> ShownField {
        let separator = if index == 0 { '{' } else { ',' };
        let source = match &field.source {
            ResponseSource::Typename => ShownSource::Typename,
            ResponseSource::Introspection => ShownSource::Introspection,
            ResponseSource::Denied { ty, .. } => {
                ShownSource::Denied { nullable: !ty.is_non_null() }
            }
            ResponseSource::Slot { slot, ty, selection } => ShownSource::Slot(ShownSlot {
                slot: *slot,
                local: self.local_slots[slot.index()],
                ty: ty.clone(),
                value: match selection {
                    Some(selection) => ShownValue::Object(self.object(selection)),
                    None => self.leaf(*slot, ty.named()),
                },
            }),
        };
        ShownField {
            key: format!("{separator}{}:", quoted(&field.response_name)).into_bytes().into(),
            name: field.response_name.clone(),
            source,
        }
    }

    fn leaf(&self, slot: SlotId, ty: TypeId) -> ShownValue {
        let class = LeafClass::of(self.supergraph, ty);
        let slot = &self.plan.slots[slot];
        let possible = &self.supergraph.ty(self.plan.positions[slot.position].ty).possible;
        let masks = self.masked.of_field(possible, &slot.field);
        match masks.is_empty() {
            true => ShownValue::Leaf(class),
            false => ShownValue::Masked(Box::new((class, masks))),
        }
    }
}
