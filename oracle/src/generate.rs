//! Random graphs: a schema, its split over subgraphs, and data.
//!
//! **In:** a [`Chance`]. **Out:** [`Graph`].
//!
//! **Never here:** operations (`operations`), running them (`case`).
//!
//! **Holds:** every field can be reached: wherever an entity stands, some resolvable key leads to
//! each of its fields. Runtime types at abstract fields are types that the answering subgraph knows.
//!
//! **Read first:** [`Graph::generate`].

mod model;
mod objects;
mod sdl;

pub use model::{Field, FieldType, Graph, Kind, Type};

use crate::chance::Chance;
use model::{Home, Scalar};
use std::collections::BTreeMap;

impl Graph {
    /// A random graph.
    pub fn generate(chance: &mut Chance) -> Self {
        let n_subgraphs = chance.between(2, 5);
        let n_entities = chance.between(2, 5);
        let mut graph = Self {
            subgraphs: (0..n_subgraphs).map(|i| format!("s{i}")).collect(),
            types: Vec::new(),
            query: Vec::new(),
            mutation: Vec::new(),
        };
        for index in 0..n_entities {
            let entity = graph.entity(index, chance);
            graph.types.push(entity);
        }
        if chance.percent(50) {
            graph.types.push(graph.value_type());
        }
        graph.add_abstract_types(chance);
        graph.add_references(chance);
        graph.add_roots(chance);
        graph.add_requirements(chance);
        graph.add_provisions(chance);
        graph
    }

    fn entity(&self, index: usize, chance: &mut Chance) -> Type {
        let all: Vec<usize> = (0..self.subgraphs.len()).collect();
        let mut homes = chance.some(&all, 60);
        if homes.is_empty() {
            homes.push(chance.below(all.len()));
        }
        let name = format!("T{index}");
        let mut fields = vec![Field::key("id")];
        // Two keys, so that some jumps need a chain: upc -> (upc and id) -> id.
        let chained = homes.len() >= 3 && chance.percent(40);
        let composite = !chained && chance.percent(20);
        if chained || composite {
            fields.push(Field::key("upc"));
        }
        let mut presence = BTreeMap::new();
        for (position, home) in homes.iter().enumerate() {
            let keys = match (chained, composite, position) {
                (true, _, 0) => vec!["upc".to_owned()],
                (true, _, 1) => vec!["id".to_owned(), "upc".to_owned()],
                (_, true, _) if chance.percent(60) => vec!["id".to_owned(), "id upc".to_owned()],
                _ => vec!["id".to_owned()],
            };
            presence.insert(*home, Home { keys, resolvable: true });
        }
        // A key field that no key took would be nobody's.
        fields.retain(|field| presence.values().any(|home: &Home| home.has_key_field(&field.name)));
        for scalar in 0..chance.between(1, 4) {
            let owners = match chance.percent(25) {
                true => chance.some(&homes, 60),
                false => vec![*chance.pick(&homes)],
            };
            let owners = if owners.is_empty() { vec![homes[0]] } else { owners };
            let ty = *chance.pick(&Scalar::ALL);
            let name = format!("{}_f{scalar}", name.to_lowercase());
            fields.push(Field::scalar(&name, ty, chance.percent(30), owners));
        }
        Type { name, kind: Kind::Entity, fields, presence, members: Vec::new() }
    }

    /// A value type that every subgraph resolves alike.
    fn value_type(&self) -> Type {
        let all: Vec<usize> = (0..self.subgraphs.len()).collect();
        let home = || Home { keys: Vec::new(), resolvable: false };
        Type {
            name: "V0".to_owned(),
            kind: Kind::Value,
            fields: vec![
                Field::scalar("v0_a", Scalar::Int, false, all.clone()),
                Field::scalar("v0_b", Scalar::String, true, all.clone()),
            ],
            presence: all.iter().map(|index| (*index, home())).collect(),
            members: Vec::new(),
        }
    }

    /// An interface and a union over some entities. They are declared wherever a member is.
    fn add_abstract_types(&mut self, chance: &mut Chance) {
        let entities: Vec<usize> = self.indexes(Kind::Entity);
        for (kind, name) in [(Kind::Interface, "I0"), (Kind::Union, "U0")] {
            if !chance.percent(60) {
                continue;
            }
            let members = chance.some(&entities, 70);
            if members.len() < 2 {
                continue;
            }
            let presence = members
                .iter()
                .flat_map(|member| self.types[*member].presence.keys().copied())
                .map(|home| (home, Home { keys: Vec::new(), resolvable: false }))
                .collect();
            let mut fields = Vec::new();
            if kind == Kind::Interface {
                fields.push(Field::key("id"));
                for member in &members {
                    let homes: Vec<usize> = self.types[*member].presence.keys().copied().collect();
                    let owner = *chance.pick(&homes);
                    let label = Field::scalar("label", Scalar::String, false, vec![owner]);
                    self.types[*member].fields.push(label);
                }
                fields.push(Field::scalar("label", Scalar::String, false, Vec::new()));
            }
            self.types.push(Type { name: name.to_owned(), kind, fields, presence, members });
        }
    }

    /// Fields from entity to entity, value, interface or union.
    fn add_references(&mut self, chance: &mut Chance) {
        for source in self.indexes(Kind::Entity) {
            for reference in 0..chance.below(3) {
                let target = chance.below(self.types.len());
                let homes: Vec<usize> = self.types[source].resolvable_homes().collect();
                let owner = *chance.pick(&homes);
                if !self.make_present(target, owner) {
                    continue;
                }
                let name = format!("{}_r{reference}", self.types[source].name.to_lowercase());
                let ty = FieldType::reference(target, chance);
                self.types[source].fields.push(Field::reference(&name, ty, owner));
            }
        }
    }

    fn add_roots(&mut self, chance: &mut Chance) {
        for target in 0..self.types.len() {
            let homes: Vec<usize> = self.types[target].presence.keys().copied().collect();
            for root in 0..chance.between(1, 2) {
                let owner = *chance.pick(&homes);
                let name = format!("{}_q{root}", self.types[target].name.to_lowercase());
                let mut field =
                    Field::reference(&name, FieldType::reference(target, chance), owner);
                // A root field in several subgraphs, when all of them know the type alike.
                if self.types[target].kind == Kind::Entity && chance.percent(20) {
                    field.owners = chance.some(&homes, 70);
                    if field.owners.is_empty() {
                        field.owners.push(owner);
                    }
                }
                self.query.push(field);
            }
            if self.types[target].kind == Kind::Entity && chance.percent(30) {
                let owner = *chance.pick(&homes);
                let name = format!("{}_m", self.types[target].name.to_lowercase());
                let ty = FieldType::reference(target, chance);
                self.mutation.push(Field::reference(&name, ty, owner));
            }
        }
    }

    /// `@requires` on scalars whose subgraph lacks other scalars of the type.
    fn add_requirements(&mut self, chance: &mut Chance) {
        for index in self.indexes(Kind::Entity) {
            for field in 0..self.types[index].fields.len() {
                let ty = &self.types[index];
                let this = &ty.fields[field];
                let [owner] = this.owners[..] else { continue };
                if this.is_key || this.name == "label" || this.is_reference() || !chance.percent(30)
                {
                    continue;
                }
                let required: Vec<String> = ty
                    .fields
                    .iter()
                    .filter(|other| {
                        !other.is_key
                            && other.name != "label"
                            && !other.is_reference()
                            && !other.owners.contains(&owner)
                            && !ty.requires_transitively(&other.name, &this.name)
                    })
                    .map(|other| other.name.clone())
                    .collect();
                let required = chance.some(&required, 60);
                if !required.is_empty() {
                    self.types[index].fields[field].requires = required;
                }
            }
        }
    }

    /// `@provides` on references to entities that lack a scalar there.
    fn add_provisions(&mut self, chance: &mut Chance) {
        for index in self.indexes(Kind::Entity) {
            for field in 0..self.types[index].fields.len() {
                let this = &self.types[index].fields[field];
                let FieldType::Reference { target, .. } = this.ty else { continue };
                let owner = this.owners[0];
                let target = &self.types[target];
                if target.kind != Kind::Entity || !chance.percent(25) {
                    continue;
                }
                let lacking = target.fields.iter().filter(|other| {
                    !other.is_key
                        && !other.is_reference()
                        && other.name != "label"
                        && other.requires.is_empty()
                        && !other.owners.contains(&owner)
                });
                let lacking: Vec<String> = lacking.map(|other| other.name.clone()).collect();
                self.types[index].fields[field].provides = chance.some(&lacking, 50);
            }
        }
    }
}
