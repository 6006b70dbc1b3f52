//! `@context` and `@fromContext`: arguments that an object above fills.
//!
//! **In:** a graph that is otherwise complete. **Out:** a type whose field has such an argument, and
//! fields of those that set the context lead to it.
//!
//! **Never here:** what else leads there: every way has to pass by one that sets the context.
//!
//! **Read first:** `Graph::add_contexts`.

use super::model::{Base, Field, Graph, Home, Key, Kind, Type};
use crate::chance::Chance;

/// What reads the context.
const READER: &str = "Reader";

impl Graph {
    pub(super) fn add_contexts(&mut self, chance: &mut Chance) {
        if !chance.percent(15) {
            return;
        }
        let subgraph = chance.below(self.names.len());
        let known = |entity: &usize| self.types[*entity].homes.contains_key(&subgraph);
        let setters: Vec<usize> =
            self.of_kind(Kind::Entity).into_iter().filter(known).take(2).collect();
        if setters.is_empty() || self.names[subgraph].starts_with("io") {
            return;
        }
        let reader = self.types.len();
        let mut ty = Type::new(READER, Kind::Entity);
        let mut id = Field::new("id", Base::Leaf("ID"), "_!", Vec::new());
        id.in_key = true;
        ty.fields.push(id);
        ty.homes.insert(subgraph, Home { keys: vec![Key::new("id")] });
        let wrap = *chance.pick(&["_", "_!"]);
        let leaf = *chance.pick(&["Int", "String", "Float"]);
        let mut reading = Field::new("reading", Base::Leaf(leaf), "_", vec![subgraph]);
        reading.context = Some(wrap.replace('_', "Int"));
        ty.fields.push(reading);
        ty.fields.push(Field::new("plain", Base::Leaf("Int"), "_", vec![subgraph]));
        if chance.percent(50) {
            let next = *chance.pick(&["_", "[_]"]);
            ty.fields.push(Field::new("next", Base::Type(reader), next, vec![subgraph]));
        }
        self.types.push(ty);
        for setter in setters {
            self.set_context(setter, subgraph, wrap, reader, chance);
        }
    }

    fn set_context(
        &mut self,
        setter: usize,
        subgraph: usize,
        wrap: &'static str,
        reader: usize,
        chance: &mut Chance,
    ) {
        let resolving = |home: &Home| home.keys.iter().any(|key| key.resolvable);
        let homes = self.types[setter].homes.iter();
        let homes: Vec<usize> =
            homes.filter(|(_, home)| resolving(home)).map(|(home, _)| *home).collect();
        if homes.is_empty() {
            return;
        }
        let (teller, leader) = (*chance.pick(&homes), *chance.pick(&homes));
        let fields = &mut self.types[setter].fields;
        fields.push(Field::new("told", Base::Leaf("Int"), wrap, vec![teller]));
        let way = *chance.pick(&["_", "[_]", "[_!]!"]);
        fields.push(Field::new("reader", Base::Type(reader), way, vec![leader]));
        if teller != subgraph {
            self.externals.insert((subgraph, setter, "told".to_owned()));
        }
        let key = Key { fields: "id".to_owned(), resolvable: chance.percent(50) };
        self.types[reader].homes.entry(leader).or_insert(Home { keys: vec![key] });
        self.contexts.insert((subgraph, setter));
    }
}
