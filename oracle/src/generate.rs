//! Random graphs: types, their split over subgraphs, and every directive of federation.
//!
//! **In:** a [`Chance`]. **Out:** [`Graph`], which writes itself as SDL.
//!
//! **Never here:** data (`objects`), operations (`operations`), running them (`case`).
//!
//! **Holds:** most graphs compose. Those that don't are skipped and counted; no requirement needs
//! itself.
//!
//! **Read first:** [`Graph::generate`].

mod contexts;
mod requirements;
mod moves;
mod model;
mod sdl;

pub use model::Graph;

use crate::chance::Chance;
use model::{ARGUMENTS, Base, Field, Home, Key, Kind, MUTATION, QUERY, Type};

const LEAVES: [&str; 7] = ["Int", "Float", "String", "Boolean", "E", "O", "ID"];
const LEAF_WRAPS: [&str; 6] = ["_", "_", "_", "_!", "[_]", "[_!]!"];
/// Name, leaf, and the type's wrappers in an interface and in some implementers.
const INTERFACE_FIELDS: [(&str, &str, &str, &str); 3] =
    [("ia", "Int", "_", "_!"), ("ib", "String", "_", "_"), ("ic", "E", "[_]", "[_!]!")];
const WRAPS: [&str; 7] = ["_", "_", "_", "_!", "[_]", "[_!]!", "[[_]]"];

impl Graph {
    /// A random graph.
    pub fn generate(chance: &mut Chance) -> Self {
        let mut graph = Self {
            names: (0..chance.between(2, 5)).map(|index| format!("s{index}")).collect(),
            types: vec![Type::new("Query", Kind::Root), Type::new("Mutation", Kind::Root)],
            ..Self::default()
        };
        for index in 0..chance.between(2, 5) {
            let entity = graph.entity(index, chance);
            graph.types.push(entity);
        }
        graph.add_value_types(chance);
        graph.add_abstract_types(chance);
        graph.add_interface_object(chance);
        for entity in graph.of_kind(Kind::Entity) {
            graph.add_nested_key(entity, chance);
            for index in 0..chance.between(2, 5) {
                graph.add_field(entity, &format!("f{index}"), chance);
            }
        }
        graph.add_interface_fields(chance);
        graph.add_roots(chance);
        graph.add_requirements(chance);
        graph.add_moves(chance);
        graph.add_provisions(chance);
        graph.add_split_value(chance);
        graph.add_contexts(chance);
        graph.add_oddities(chance);
        graph
    }

    fn subgraphs(&self) -> Vec<usize> {
        (0..self.names.len()).collect()
    }

    fn entity(&self, index: usize, chance: &mut Chance) -> Type {
        let mut ty = Type::new(&format!("T{index}"), Kind::Entity);
        let mut homes = chance.some(&self.subgraphs(), 60);
        if homes.is_empty() {
            homes.push(chance.below(self.names.len()));
        }
        let scheme = chance.below(10);
        for (position, home) in homes.iter().enumerate() {
            let keys: &[&str] = match (scheme, position) {
                // A chain: id -> (id, k) -> k.
                (0 | 1, 1) if homes.len() > 2 => &["id", "k"],
                (0 | 1, 2..) => &["k"],
                // Several keys in some of the homes.
                (2, _) if chance.percent(50) => &["id", "k"],
                (3, _) if chance.percent(50) => &["k", "id k"],
                (3, _) => &["id k"],
                (4, 1) => &["id k"],
                (4, _) => &["k", "id"],
                _ => &["id"],
            };
            let keys = keys.iter().map(|key| Key::new(key)).collect();
            ty.homes.insert(*home, Home { keys });
        }
        for name in ["id", "k"] {
            let mut field = Field::new(name, Base::Leaf("ID"), "_!", Vec::new());
            field.in_key = true;
            if homes.iter().any(|home| ty.in_key(*home, name)) {
                ty.fields.push(field);
            }
        }
        ty
    }

    fn add_value_types(&mut self, chance: &mut Chance) {
        for index in 0..chance.below(3) {
            let mut ty = Type::new(&format!("V{index}"), Kind::Value);
            for (name, leaf) in [("id", "ID"), ("f0", "Int"), ("va", "String")] {
                let wrap = *chance.pick(&LEAF_WRAPS);
                let wrap = if name == "id" { "_!" } else { wrap };
                // Everybody has it, interface objects' subgraphs to come included.
                ty.fields.push(Field::new(name, Base::Leaf(leaf), wrap, (0..16).collect()));
            }
            self.types.push(ty);
        }
    }

    fn add_abstract_types(&mut self, chance: &mut Chance) {
        let entities = self.of_kind(Kind::Entity);
        for (kind, name) in [
            (Kind::Interface, "I0"),
            (Kind::Interface, "I1"),
            (Kind::Union, "U0"),
            (Kind::Union, "U1"),
        ] {
            let mut members = chance.some(&entities, 60);
            if kind == Kind::Interface {
                members.retain(|member| self.types[*member].field("id").is_some());
            } else if chance.percent(25) {
                members.extend(self.of_kind(Kind::Value));
            }
            if members.is_empty() || !chance.percent(45) {
                continue;
            }
            let mut ty = Type::new(name, kind);
            ty.members = members;
            self.types.push(ty);
        }
    }

    /// A subgraph of its own that knows an interface as an object only.
    fn add_interface_object(&mut self, chance: &mut Chance) {
        for interface in self.of_kind(Kind::Interface) {
            let members = &self.types[interface].members;
            let whole = self.subgraphs().into_iter().find(|subgraph| {
                members.iter().all(|member| self.types[*member].has_key(*subgraph, "id"))
            });
            let Some(whole) = whole.filter(|_| chance.percent(60)) else { continue };
            let subgraph = self.names.len();
            self.names.push(format!("io{interface}"));
            let home = Home { keys: vec![Key::new("id")] };
            let ty = &mut self.types[interface];
            ty.homes.insert(subgraph, home);
            // The home with the key on the interface itself; it has no keys here.
            ty.homes.insert(whole, Home::default());
            for index in 0..chance.between(1, 3) {
                let name = format!("o{index}_{interface}");
                self.add_field_to(interface, &name, vec![subgraph], chance);
            }
        }
    }

    /// A key with an object inside: of a value type, or of another entity.
    fn add_nested_key(&mut self, entity: usize, chance: &mut Chance) {
        if !chance.percent(20) {
            return;
        }
        let homes: Vec<usize> = self.types[entity].homes.keys().copied().collect();
        let home = *chance.pick(&homes);
        let mut targets = self.of_kind(Kind::Value);
        targets.extend(self.of_kind(Kind::Entity).into_iter().filter(|other| *other != entity));
        let Some(target) = (!targets.is_empty()).then(|| *chance.pick(&targets)) else { return };
        if self.types[target].field("id").is_none() || !self.settle(target, home, chance) {
            return;
        }
        if self.types[target].kind == Kind::Entity && !self.types[target].in_key(home, "id") {
            return;
        }
        // Another home can tell the object, so that one may come from there.
        let mut owners = vec![home];
        let teller = *chance.pick(&homes);
        if teller != home
            && self.settle(target, teller, chance)
            && (self.types[target].kind == Kind::Value || self.types[target].in_key(teller, "id"))
        {
            owners.push(teller);
        }
        let mut field = Field::new("w", Base::Type(target), "_!", owners);
        field.in_key = true;
        let replaces = field.owners.len() > 1 && chance.percent(60);
        let ty = &mut self.types[entity];
        let base = if chance.percent(50) { "w { id }" } else { "k w { id }" };
        let base = if ty.field("k").is_some() && ty.in_key(home, "k") { base } else { "w { id }" };
        ty.fields.push(field);
        let Some(home) = ty.homes.get_mut(&home) else { return };
        if replaces {
            home.keys.clear();
        }
        home.keys.push(Key::new(base));
    }

    /// Makes a type known in a subgraph; an entity perhaps by a key that does not answer.
    fn settle(&mut self, ty: usize, subgraph: usize, chance: &mut Chance) -> bool {
        if self.knows(ty, subgraph) {
            return true;
        }
        if self.types[ty].kind != Kind::Entity
            || self.names[subgraph].starts_with("io") && !chance.percent(70)
        {
            return false;
        }
        // A subgraph that has an interface as an object must not know its implementers.
        let clash = |interface: &usize| {
            self.types[*interface].members.contains(&ty)
                && self.is_interface_object(*interface, subgraph)
        };
        if self.of_kind(Kind::Interface).iter().any(clash) {
            return false;
        }
        let known = self.types[ty].homes.values().flat_map(|home| &home.keys);
        let known: Vec<Key> = known.filter(|key| !key.fields.contains('{')).cloned().collect();
        if known.is_empty() {
            return false;
        }
        let resolvable = chance.percent(40);
        let key = Key { resolvable, ..chance.pick(&known).clone() };
        self.types[ty].homes.insert(subgraph, Home { keys: vec![key] });
        true
    }

    fn add_field(&mut self, ty: usize, name: &str, chance: &mut Chance) {
        let homes: Vec<usize> = self.types[ty]
            .homes
            .iter()
            .filter(|(_, home)| home.keys.iter().any(|key| key.resolvable))
            .map(|(subgraph, _)| *subgraph)
            .collect();
        if homes.is_empty() {
            return;
        }
        let mut owners = vec![*chance.pick(&homes)];
        if chance.percent(25) {
            owners = chance.some(&homes, 60);
        }
        if owners.is_empty() {
            owners.push(homes[0]);
        }
        self.add_field_to(ty, name, owners, chance);
    }

    fn add_field_to(&mut self, ty: usize, name: &str, owners: Vec<usize>, chance: &mut Chance) {
        let mut field = Field::new(name, Base::Leaf("Int"), "_", owners);
        let composite = chance.percent(if self.types[ty].kind == Kind::Root { 90 } else { 40 });
        let target = composite.then(|| chance.below(self.types.len()));
        // `Query` below a field is rare; `Mutation` is none.
        let target = target.filter(|target| match *target {
            QUERY => ty != QUERY && ty != MUTATION && field.owners.len() == 1 && chance.percent(40),
            MUTATION => false,
            _ => true,
        });
        let owners = field.owners.clone();
        match target {
            Some(target)
                if target == QUERY || owners.iter().all(|o| self.settle(target, *o, chance)) =>
            {
                field.base = Base::Type(target);
                field.wrap = if target == QUERY { "_" } else { *chance.pick(&WRAPS) };
            }
            _ => {
                field.base = Base::Leaf(chance.pick::<&str>(&LEAVES));
                field.wrap = *chance.pick(&LEAF_WRAPS);
            }
        }
        let nullable = !field.wrap.ends_with('!');
        if owners.len() > 1 && nullable && chance.percent(30) {
            field.stricter.insert(owners[0]);
        }
        let lists = field.wrap.starts_with('[');
        if chance.percent(20) && (field.target().is_none() || lists) {
            field.arguments = Some(chance.below(ARGUMENTS.len()));
        }
        self.types[ty].fields.push(field);
    }

    /// Fields that interfaces declare: each implementer has its own, at home where it likes.
    fn add_interface_fields(&mut self, chance: &mut Chance) {
        for interface in self.of_kind(Kind::Interface) {
            for (name, leaf, wrap, strict) in INTERFACE_FIELDS {
                if !chance.percent(60) {
                    continue;
                }
                let members = self.types[interface].members.clone();
                for member in members {
                    if self.types[member].field(name).is_some() {
                        continue;
                    }
                    let homes: Vec<usize> = self.types[member].homes.keys().copied().collect();
                    let mut owners = chance.some(&homes, 70);
                    if owners.is_empty() {
                        owners.push(homes[0]);
                    }
                    let wrap = if chance.percent(30) { strict } else { wrap };
                    let field = Field::new(name, Base::Leaf(leaf), wrap, owners);
                    self.types[member].fields.push(field);
                }
                if self.types[interface].field(name).is_none() {
                    let field = Field::new(name, Base::Leaf(leaf), wrap, Vec::new());
                    self.types[interface].fields.push(field);
                }
            }
        }
    }

    fn add_roots(&mut self, chance: &mut Chance) {
        for subgraph in self.subgraphs() {
            for index in 0..chance.between(1, 2) {
                let name = format!("s{subgraph}q{index}");
                self.add_field_to(QUERY, &name, vec![subgraph], chance);
            }
            if chance.percent(25) {
                self.add_field_to(MUTATION, &format!("s{subgraph}m"), vec![subgraph], chance);
            }
        }
        for index in 0..chance.below(3) {
            let owners = chance.some(&self.subgraphs(), 60);
            if owners.len() > 1 {
                self.add_field_to(QUERY, &format!("shared{index}"), owners, chance);
            }
        }
    }
}
