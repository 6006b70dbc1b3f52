//! Knows which named types are subtypes of which, in any subgraph.
//!
//! **In:** all types. **Out:** [`Relations::is_subtype`], and the object types of each interface.
//!
//! **Never here:** list and non-null wrappers (`type_reference`).

use std::collections::{HashMap, HashSet};

use apollo_compiler::Name;
use indexmap::{IndexMap, IndexSet};

use crate::merge::Sources;
use crate::schema::{Kind, TypeDef};

#[derive(Debug, Default)]
pub(crate) struct Relations {
    below: HashMap<Name, HashSet<Name>>,
    objects: HashMap<Name, IndexSet<Name>>,
}

impl Relations {
    pub(crate) fn of(types: &IndexMap<Name, Sources<'_, TypeDef>>) -> Self {
        let mut relations = Self::default();
        for (name, sources) in types {
            for (_, definition) in sources {
                for interface in definition.implements.keys() {
                    relations.below.entry(interface.clone()).or_default().insert(name.clone());
                    if definition.kind == Kind::Object {
                        let objects = relations.objects.entry(interface.clone()).or_default();
                        objects.insert(name.clone());
                    }
                }
                if definition.kind == Kind::Union {
                    let below = relations.below.entry(name.clone()).or_default();
                    below.extend(definition.members.keys().cloned());
                }
            }
        }
        relations
    }

    pub(crate) fn is_subtype(&self, candidate: &Name, of: &Name) -> bool {
        self.below.get(of).is_some_and(|below| below.contains(candidate))
    }

    /// The object types that implement an interface in some subgraph.
    pub(crate) fn implementers(&self, interface: &Name) -> impl Iterator<Item = &Name> {
        self.objects.get(interface).into_iter().flatten()
    }
}
