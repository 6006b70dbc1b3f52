//! What a connector gives of a type, and how the JSON of its REST service holds it.
//!
//! **In:** a type of a subgraph, a chance for each place. **Out:** [`Shape`]: the selection that asks the truth,
//! and the JSON that the service makes of the answer.
//!
//! **Never here:** the text of the mapping (`selection`).
//!
//! **Holds:** a value of a type without a key has all its fields; an entity has at least one of its keys.
//!
//! **Read first:** [`Shape`].

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::chances::Chances;
use super::subgraph::Subgraph;

/// What is given of a value.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Leaf,
    Object(ObjectShape),
    /// One of several objects, told by this property.
    Abstract(String, Vec<ObjectShape>),
}

/// What is given of an object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectShape {
    pub(crate) ty: String,
    pub(crate) fields: Vec<Given>,
    /// The property that some fields are together in.
    pub(crate) group: Option<String>,
}

/// A field that is given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) field: String,
    pub(crate) home: Home,
    pub(crate) shape: Shape,
}

/// Where the JSON has the value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// Under its own name.
    Plain,
    /// Under its own name in the group.
    Grouped,
    /// Down these properties.
    Down(Vec<String>),
    /// In a list of one.
    Boxed(String),
}

/// Makes shapes.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'a> {
    pub(crate) subgraph: &'a Subgraph,
    pub(crate) chances: Chances,
    /// Fields that have connectors of their own: type and field.
    pub(crate) apart: &'a BTreeSet<(String, String)>,
}

/// How much of an object is given.
#[derive(Clone, Copy)]
enum Part<'n> {
    All,
    /// These ways at least.
    Some(&'n [Vec<String>]),
}

/// Objects below one another; more than that is no REST service.
const MAX_DEPTH: usize = 6;

impl Shapes<'_> {
    /// All of an object.
    pub(crate) fn whole(&self, ty: &str, place: &str) -> Option<Shape> {
        self.object(ty, place, 0, Part::All, &[]).map(Shape::Object)
    }

    /// Something of a value.
    pub(crate) fn of(&self, ty: &str, place: &str) -> Option<Shape> {
        self.value(ty, place, 0, &[])
    }

    fn value(&self, name: &str, place: &str, depth: usize, needs: &[Vec<String>]) -> Option<Shape> {
        let Some(ty) = self.subgraph.ty(name) else { return Some(Shape::Leaf) };
        if depth > MAX_DEPTH {
            return None;
        }
        if ty.is_object {
            return Some(Shape::Object(self.some(name, place, depth, needs)?));
        }
        let objects = ty.objects.iter().map(|object| {
            let place = format!("{place}:{object}");
            let mut shape = self.some(object, &place, depth, needs)?;
            shape.ungroup();
            Some(shape)
        });
        let mut chance = self.chances.at(&format!("{place} kind"));
        let kind = (*chance.pick(&["kind", "type", "__typename"])).to_owned();
        Some(Shape::Abstract(kind, objects.collect::<Option<_>>()?))
    }

    /// All of a value, and of an entity sometimes no more than a key.
    fn some(
        &self,
        name: &str,
        place: &str,
        depth: usize,
        needs: &[Vec<String>],
    ) -> Option<ObjectShape> {
        let ty = self.subgraph.ty(name)?;
        let mut chance = self.chances.at(&format!("{place} part"));
        let keys: Vec<_> = ty.resolvable().collect();
        if keys.is_empty() || depth < 2 && chance.percent(40) {
            return self.object(name, place, depth, Part::All, needs);
        }
        let key = chance.pick(&keys);
        self.object(name, place, depth, Part::Some(&key.leaves), needs)
    }

    fn object(
        &self,
        name: &str,
        place: &str,
        depth: usize,
        part: Part<'_>,
        needs: &[Vec<String>],
    ) -> Option<ObjectShape> {
        let ty = self.subgraph.ty(name)?;
        let mut chance = self.chances.at(&format!("{place} object"));
        let group = chance.percent(25).then(|| (*chance.pick(&["more", "data"])).to_owned());
        let mut all_needs = needs.to_vec();
        match part {
            Part::Some(leaves) => all_needs.extend_from_slice(leaves),
            Part::All => all_needs.extend(ty.keys.iter().flat_map(|key| key.leaves.clone())),
        }
        let mut fields = Vec::new();
        for field in &ty.fields {
            let place = format!("{place}.{}", field.name);
            let mut chance = self.chances.at(&place);
            let of_field = all_needs.iter().filter(|way| way[0] == *field.name);
            let below: Vec<Vec<String>> = of_field.map(|way| way[1..].to_vec()).collect();
            let apart = self.apart.contains(&(name.to_owned(), field.name.to_string()));
            let is_wanted = matches!(part, Part::All) || chance.percent(30);
            if apart || !field.arguments.is_empty() || below.is_empty() && !is_wanted {
                continue;
            }
            let below: Vec<Vec<String>> = below.into_iter().filter(|way| !way.is_empty()).collect();
            let target = field.ty.inner_named_type().as_str();
            let shape = self.value(target, &place, depth + 1, &below)?;
            let home = home(&field.name, group.is_some(), field.ty.is_list(), &mut chance);
            fields.push(Given { field: field.name.to_string(), home, shape });
        }
        Some(ObjectShape { ty: name.to_owned(), fields, group })
    }
}

fn home(field: &str, has_group: bool, is_list: bool, chance: &mut oracle::Chance) -> Home {
    match chance.below(8) {
        0 => Home::Down(vec![format!("{field}_renamed")]),
        1 => Home::Down(vec![format!("{field} - \u{fc}")]),
        2 => Home::Down(vec![format!("in_{field}"), "value".to_owned()]),
        3 => Home::Down(vec![format!("in_{field}"), "a b".to_owned(), field.to_owned()]),
        4 if !is_list => Home::Boxed(format!("{field}_list")),
        5 | 6 if has_group => Home::Grouped,
        _ => Home::Plain,
    }
}

impl Shape {
    /// The selection that asks for it, with its braces.
    pub(crate) fn query(&self) -> String {
        match self {
            Self::Leaf => String::new(),
            Self::Object(object) => format!(" {{ {}}}", object.query("")),
            Self::Abstract(_, objects) => {
                let mut out = " { __typename ".to_owned();
                for object in objects {
                    // Members may have one name for values of different types.
                    let prefix = format!("{}__", object.ty);
                    let _ = write!(out, "... on {} {{ {}}} ", object.ty, object.query(&prefix));
                }
                out + "}"
            }
        }
    }

    /// What the service says of an answer to that.
    pub(crate) fn rest(&self, value: &Value) -> Value {
        match (self, value) {
            (_, Value::Array(items)) => items.iter().map(|item| self.rest(item)).collect(),
            (Self::Leaf, value) => value.clone(),
            (Self::Object(object), Value::Object(members)) => object.rest(members, ""),
            (Self::Abstract(kind, objects), Value::Object(members)) => {
                let ty = members.get("__typename").cloned().unwrap_or_default();
                let object = objects.iter().find(|object| ty == object.ty.as_str());
                let Some(object) = object else { return Value::Null };
                let mut rest = object.rest(members, &format!("{}__", object.ty));
                rest[kind.as_str()] = ty;
                rest
            }
            _ => Value::Null,
        }
    }
}

impl ObjectShape {
    fn ungroup(&mut self) {
        self.group = None;
        for given in &mut self.fields {
            if matches!(given.home, Home::Grouped) {
                given.home = Home::Plain;
            }
        }
    }

    fn query(&self, prefix: &str) -> String {
        let mut out = "__typename ".to_owned();
        for Given { field, shape, .. } in &self.fields {
            let alias =
                if prefix.is_empty() { String::new() } else { format!("{prefix}{field}: ") };
            let _ = write!(out, "{alias}{field}{} ", shape.query());
        }
        out
    }

    fn rest(&self, members: &Map<String, Value>, prefix: &str) -> Value {
        let mut rest = Map::new();
        rest.insert("unasked".to_owned(), json!([{ "id": 1 }, null]));
        if let Some(group) = &self.group {
            rest.insert(group.clone(), json!({ "unasked": true }));
        }
        for Given { field, home, shape } in &self.fields {
            let value = members.get(&format!("{prefix}{field}")).unwrap_or(&Value::Null);
            put(&mut rest, (field, home), self.group.as_deref(), shape.rest(value));
        }
        Value::Object(rest)
    }
}

fn put(
    rest: &mut Map<String, Value>,
    (field, home): (&str, &Home),
    group: Option<&str>,
    value: Value,
) {
    match home {
        Home::Plain => drop(rest.insert(field.to_owned(), value)),
        Home::Grouped => {
            if let Some(Value::Object(group)) = rest.get_mut(group.unwrap_or_default()) {
                group.insert(field.to_owned(), value);
            }
        }
        Home::Down(way) => {
            let mut value = value;
            for name in way[1..].iter().rev() {
                value = json!({ name: value });
            }
            rest.insert(way[0].clone(), value);
        }
        Home::Boxed(name) => drop(rest.insert(name.clone(), json!([value]))),
    }
}
