//! Values that a caller may not see as they are.
//!
//! **In:** [`MaskedFields`]: which leaves have masks; [`Masks`]: which of these hide something in this
//! response, and what stands instead. **Out:** the mask of a field, for the executors.
//!
//! **Never here:** what a mask does (the gateway), fields that a caller may not see at all (`denied`).
//!
//! **Holds:** a mask belongs to the field of an object type, whatever interface or alias it is selected
//! by. Where nobody told the runtime type of an object, the masks of all types that it could have count.
//! Masks hide until somebody says that they do not.
//!
//! **Read first:** [`MaskedFields`], [`Masks`].

use std::collections::HashMap;

use supergraph::{TypeId, TypeSet};

use crate::tree::RuntimeTypeState;

/// Which leaf fields have masks.
#[derive(Clone, Debug, Default)]
pub struct MaskedFields {
    fields: HashMap<(TypeId, String), Vec<MaskedBy>>,
}

/// One mask of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaskedBy {
    /// Which mask.
    pub mask: u32,
    /// It leaves null. The field must allow that.
    pub removes: bool,
}

/// The masks of one response.
pub trait Masks: Sync {
    /// Whether the caller may not see what this mask hides.
    fn hides(&self, mask: u32) -> bool;

    /// What stands instead of a leaf that is not null; both are JSON texts.
    fn instead_of(&self, mask: u32, leaf: &str) -> String;
}

/// All masks hide, and nothing stands instead.
pub(crate) struct AllHide;

impl Masks for AllHide {
    fn hides(&self, _: u32) -> bool {
        true
    }

    fn instead_of(&self, _: u32, _: &str) -> String {
        "null".to_owned()
    }
}

impl MaskedFields {
    /// Puts a mask on a field of an object type, after those that it has. The first that hides counts.
    pub fn add(&mut self, ty: TypeId, field: &str, by: MaskedBy) {
        self.fields.entry((ty, field.to_owned())).or_default().push(by);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The masks of a field, by the type of its object.
    pub(crate) fn of_field(&self, possible: &TypeSet, field: &str) -> MaskedTypes {
        if self.fields.is_empty() {
            return MaskedTypes::default();
        }
        let masks = |ty: TypeId| Some((ty, self.fields.get(&(ty, field.to_owned()))?.clone()));
        MaskedTypes { by_type: possible.iter().filter_map(masks).collect() }
    }
}

/// The masks of one field of a response, by the type of its object.
#[derive(Clone, Debug, Default)]
pub(crate) struct MaskedTypes {
    by_type: Vec<(TypeId, Vec<MaskedBy>)>,
}

impl MaskedTypes {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_type.is_empty()
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        self.by_type.iter().flat_map(|(_, all)| all).map(|by| by.mask)
    }

    /// The mask that hides the field of an object.
    pub(crate) fn hiding(&self, ty: RuntimeTypeState, masks: &dyn Masks) -> Option<MaskedBy> {
        let fits = |known: TypeId| ty.known().is_none_or(|ty| ty == known);
        let all = self.by_type.iter().filter(|(known, _)| fits(*known));
        all.flat_map(|(_, all)| all).find(|by| masks.hides(by.mask)).copied()
    }
}
