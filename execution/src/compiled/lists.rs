//! Completes lists of leaves, which are one text in the store.
//!
//! **In:** a list's text and the kinds of its items. **Out:** the same text where all items are right,
//! else item by item.
//!
//! **Never here:** lists of objects (`render`).
//!
//! **Read first:** [`accepts_list`], [`Renderer::leaves`].

use super::{
    leaf::LeafClass,
    leaves::leaf,
    program::ShownSlot,
    render::{Completed, Renderer, Trail},
    scan::Scanner,
    store::{Slot, kind},
};
use crate::{json::ReaderLimits, path::Segment};
use supergraph::TypeRef;

const UNLIMITED: ReaderLimits = ReaderLimits { max_depth: usize::MAX, max_list_length: usize::MAX };

/// Whether a list is shown as it came.
pub(super) fn accepts_list(class: &LeafClass, item: &TypeRef, kinds: u8, text: &[u8]) -> bool {
    let nulls = if item.is_non_null() { 0 } else { kind::NULL };
    let kinds = kinds & !nulls;
    match (item, class) {
        (TypeRef::List { .. }, _) => kinds == 0,
        (TypeRef::Named { .. }, LeafClass::Enum(names)) => {
            // Without escapes every second piece between quotes is a name.
            kinds & !kind::PLAIN == 0
                && text.split(|byte| *byte == b'"').skip(1).step_by(2).all(|it| names.contains(it))
        }
        (TypeRef::Named { .. }, class) => class.accepts_all(kinds),
    }
}

impl<'a> Renderer<'_, 'a> {
    /// A list of leaves, item by item.
    pub(super) fn leaves(
        &mut self,
        item: &'a TypeRef,
        text: &[u8],
        (shown, class): (&'a ShownSlot, &LeafClass),
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let mut scan = Scanner::new(text, UNLIMITED);
        self.out.push(b'[');
        // The text was scanned before: nothing here can fail.
        let mut more = scan.enter().is_ok() && scan.has_first(b']');
        let mut i = 0;
        while more && scan.value_start().is_ok() {
            if i > 0 {
                self.out.push(b',');
            }
            let start = scan.at;
            if scan.skip_value().is_err() {
                break;
            }
            let trail = Trail { segment: Segment::Index(i), above: Some(trail) };
            self.item(item, &text[start..scan.at], (shown, class), &trail)?;
            more = scan.has_next(b']').unwrap_or(false);
            i += 1;
        }
        self.out.push(b']');
        Ok(())
    }

    fn item(
        &mut self,
        ty: &'a TypeRef,
        text: &[u8],
        (shown, class): (&'a ShownSlot, &LeafClass),
        trail: &Trail<'_, 'a>,
    ) -> Completed {
        let checkpoint = self.out.len();
        let value = leaf(&mut Scanner::new(text, UNLIMITED), 0).unwrap_or(Slot::Null);
        let completed = match (value, ty) {
            (Slot::Leaves { .. }, TypeRef::List { item, .. }) => {
                self.leaves(item, text, (shown, class), trail)
            }
            (Slot::Leaf { .. }, TypeRef::List { .. }) => {
                self.invalid_value(shown.slot, "a list", trail)
            }
            (Slot::Leaf { kind, .. }, TypeRef::Named { .. }) => {
                self.leaf(ty.named(), (kind, text), (shown, class), trail)
            }
            (Slot::Leaves { .. }, TypeRef::Named { .. }) => match class {
                LeafClass::Any => {
                    self.show(text);
                    Ok(())
                }
                _ => self.wrong_class(ty.named(), shown, trail),
            },
            _ => self.null(ty, shown, trail),
        };
        self.settle(completed, ty, checkpoint)
    }
}
