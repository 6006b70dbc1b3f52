//! `@override`, values split over subgraphs, `@inaccessible`, and subgraphs of another style.
//!
//! **In:** a graph that is otherwise complete. **Out:** the same graph, made harder.
//!
//! **Never here:** field sets (`requirements`).
//!
//! **Read first:** `Graph::add_moves`.

use super::model::{Base, Field, Graph, Kind, QUERY, Type};
use crate::chance::Chance;

impl Graph {
    /// Fields that one subgraph took over from another.
    pub(super) fn add_moves(&mut self, chance: &mut Chance) {
        let mut types = self.of_kind(Kind::Entity);
        types.push(QUERY);
        for ty in types {
            for index in 0..self.types[ty].fields.len() {
                let field = &self.types[ty].fields[index];
                let [owner] = field.owners[..] else { continue };
                if field.in_key || field.requires.is_some() || !chance.percent(12) {
                    continue;
                }
                let takers: Vec<usize> = (0..self.names.len())
                    .filter(|taker| {
                        *taker != owner
                            && !self.names[*taker].starts_with("io")
                            && (ty == QUERY || self.has_resolvable_key(ty, *taker))
                            && field
                                .target()
                                .is_none_or(|target| target == QUERY || self.knows(target, *taker))
                            && !self.externals.contains(&(*taker, ty, field.name.clone()))
                    })
                    .collect();
                if takers.is_empty() {
                    continue;
                }
                let taker = *chance.pick(&takers);
                let label = match chance.below(4) {
                    0 => Some("percent(50)".to_owned()),
                    1 => Some("beta".to_owned()),
                    _ => None,
                };
                let field = &mut self.types[ty].fields[index];
                field.owners = vec![taker];
                field.moved = Some((owner, label));
            }
        }
    }

    fn has_resolvable_key(&self, ty: usize, subgraph: usize) -> bool {
        let home = self.types[ty].homes.get(&subgraph);
        home.is_some_and(|home| home.keys.iter().any(|key| key.resolvable))
    }

    /// A value whose fields live in different subgraphs, below a root field that they share.
    pub(super) fn add_split_value(&mut self, chance: &mut Chance) {
        let all: Vec<usize> = (0..self.names.len()).collect();
        let owners = chance.some(&all, 50);
        if owners.len() < 2 || !chance.percent(25) {
            return;
        }
        let ty = self.types.len();
        let mut split = Type::new("Split", Kind::Value);
        for (index, owner) in owners.iter().enumerate() {
            let leaf = *chance.pick(&["Int", "String"]);
            split.fields.push(Field::new(
                &format!("p{index}"),
                Base::Leaf(leaf),
                "_",
                vec![*owner],
            ));
        }
        split.fields.push(Field::new("all", Base::Leaf("Int"), "_!", owners.clone()));
        if chance.percent(50) {
            let wrap = *chance.pick(&["_", "[_]"]);
            split.fields.push(Field::new("parts", Base::Type(ty), wrap, owners.clone()));
        }
        self.types.push(split);
        let wrap = *chance.pick(&["_", "_!", "[_]", "[_!]!", "[[_]]"]);
        self.types[QUERY].fields.push(Field::new("split", Base::Type(ty), wrap, owners));
    }

    /// What is hidden, and who speaks another way.
    pub(super) fn add_oddities(&mut self, chance: &mut Chance) {
        for ty in self.of_kind(Kind::Entity) {
            for field in &mut self.types[ty].fields {
                let context = ["reading", "told", "reader"].contains(&field.name.as_str());
                field.inaccessible = !context && !field.name.starts_with('i') && chance.percent(4);
            }
            // Unless an interface or union is left with nothing, the type itself may be hidden.
            let lonely = self.types.iter().any(|other| {
                // An interface object's subgraph cannot tell a hidden object from another.
                let hides = other.kind == Kind::Interface && !other.homes.is_empty();
                let members = other.members == [ty] || hides && other.members.contains(&ty);
                members || other.fields.iter().any(|field| field.target() == Some(ty))
            });
            self.types[ty].inaccessible = !lonely && chance.percent(20);
        }
        self.marked = chance.percent(15);
        for subgraph in 0..self.names.len() {
            if chance.percent(30) {
                self.generous.insert(subgraph);
            }
            if chance.percent(12) {
                self.renamed.insert(subgraph);
            } else if chance.percent(20)
                && !self.names[subgraph].starts_with("io")
                && !self.takes(subgraph)
            {
                self.first_edition.insert(subgraph);
            }
        }
    }

    fn takes(&self, subgraph: usize) -> bool {
        let mut fields = self.types.iter().flat_map(|ty| &ty.fields);
        let stub = |ty: &Type| {
            let home = ty.homes.get(&subgraph);
            home.is_some_and(|home| home.keys.iter().any(|key| !key.resolvable))
        };
        self.contexts.iter().any(|(setting, _)| *setting == subgraph)
            || fields.any(|field| field.moved.is_some() && field.owners.contains(&subgraph))
            || self.types.iter().any(stub)
            || self
                .types
                .iter()
                .any(|ty| ty.kind == Kind::Interface && ty.homes.contains_key(&subgraph))
    }
}
