//! Prepares for a new graph what was in use on the old one.
//!
//! **In:** the store of the old graph. **Out:** its operations in the new one's store, with the plans for those
//! states of their guards that requests asked for.
//!
//! **Never here:** when a graph is replaced (`graph`).
//!
//! **Holds:** what is asked for most comes first; as much is prepared at once as preparing may take of the
//! processors. Uses are inherited by half, so that what nobody asks for any more falls away.
//!
//! **Read first:** [`PreparedOperations::warm`].

use std::cmp::Reverse;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use futures_util::stream;
use query_planner::Guards;
use supergraph::Requirement;

use super::{Key, PreparedOperations};
use crate::config::Limits;

/// One variant of an operation that was in use.
#[derive(Debug)]
pub struct InUse {
    key: Key,
    /// But for what is denied.
    guards: Guards,
    /// What is denied. Another graph has other ids for it.
    denied: Vec<Requirement>,
    operation_uses: u64,
    uses: u64,
}

impl PreparedOperations {
    /// The variants in use of the operations that were used most, the first one most of all.
    pub fn most_used(&self, n_operations: usize) -> Vec<InUse> {
        let mut all: Vec<_> = self
            .store
            .all()
            .into_iter()
            .map(|prepared| (prepared.uses.load(Ordering::Relaxed), prepared))
            .filter(|(uses, _)| *uses > 0)
            .collect();
        all.sort_by_key(|(uses, _)| Reverse(*uses));
        all.truncate(n_operations);
        let mut variants: Vec<InUse> = Vec::new();
        for (operation_uses, prepared) in all {
            let mut in_use = prepared.variants.in_use();
            if let [(_, uses)] = in_use.as_mut_slice() {
                *uses = operation_uses;
            }
            let key = &prepared.key;
            variants.extend(in_use.into_iter().filter(|(_, uses)| *uses > 0).map(
                |(mut guards, uses)| InUse {
                    key: key.clone(),
                    denied: self.requirements(&mut guards),
                    guards,
                    operation_uses,
                    uses,
                },
            ));
        }
        variants.sort_by_key(|variant| Reverse(variant.uses));
        variants
    }

    /// Takes the requirements that are not met out of guards.
    fn requirements(&self, guards: &mut Guards) -> Vec<Requirement> {
        let requirements = self.planner.supergraph.requirements();
        // What becomes of arguments is decided for each request.
        let denied = std::mem::take(&mut guards.denied).requirements;
        denied.iter().map(|id| requirements[id].clone()).collect()
    }

    /// Prepares and plans what was in use elsewhere. What does not fit this graph is left.
    pub async fn warm(&self, in_use: Vec<InUse>, limits: Limits) {
        let at_once = self.planner.n_permits();
        let warming = in_use.into_iter().map(|variant| self.warm_one(variant, limits));
        stream::iter(warming).for_each_concurrent(at_once, |warming| warming).await;
    }

    async fn warm_one(&self, in_use: InUse, limits: Limits) {
        let InUse { key, mut guards, denied, operation_uses, uses } = in_use;
        let name = key.operation_name.as_deref();
        let Ok((prepared, _)) = self.prepare(&key.document, name, limits).await else { return };
        prepared.uses.store(operation_uses / 2, Ordering::Relaxed);
        let labels = self.planner.supergraph.labels();
        guards.labels.retain(|label| labels.contains(label));
        let requirements = self.planner.supergraph.requirements().iter();
        let is_denied = |row: &(_, &Requirement)| denied.contains(row.1);
        guards.denied.requirements = requirements.filter(is_denied).map(|(id, _)| id).collect();
        let planned = prepared.variants.plan(&prepared.operation, guards.clone()).await;
        if let Ok(variant) = planned {
            prepared.variants.inherit(&guards, uses / 2);
            self.weigh(&prepared, variant.took);
        }
    }
}
