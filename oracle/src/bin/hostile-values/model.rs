//! A plain model: operations, and what each must give, word by word.
//!
//! **In:** chance; a world. **Out:** an operation's text; the text of `data`.
//!
//! **Never here:** plans, slots, answers: the model looks at the world itself.
//!
//! **Holds:** no two selections of an operation have the same response name, so nothing has to be merged.

use crate::world::{Kind, Made, Object, World};
use oracle::Chance;
use std::fmt::Write;

/// One field of an operation.
#[derive(Debug)]
pub(crate) struct Selected {
    response_name: String,
    field: &'static str,
    ty: &'static str,
    /// Inside `... on TYPE`.
    only: Option<Kind>,
    below: Vec<Selected>,
}

/// A random operation.
#[derive(Debug)]
pub(crate) struct Asked {
    selected: Vec<Selected>,
}

impl Asked {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let (most, deepest) = (chance.between(1, 30), chance.between(1, 7));
        let mut asking = Asking { chance, left: most, deepest, n: 0 };
        Self { selected: asking.selection("Query", 0) }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        write_selection(&self.selected, &mut out);
        out
    }

    /// The text of `data`, and whether anything on the way was not as it should be.
    pub(crate) fn data(&self, world: World) -> (String, bool) {
        let mut completing = Completing { world, problem: false };
        let data = completing.object(World::root(), &self.selected);
        (data.unwrap_or_else(|| "null".to_owned()), completing.problem)
    }
}

struct Asking<'c> {
    chance: &'c mut Chance,
    left: usize,
    deepest: usize,
    n: usize,
}

impl Asking<'_> {
    /// Fields of a type; without one, of an object that may be of either type.
    fn selection(&mut self, ty: &str, depth: usize) -> Vec<Selected> {
        const THING: &[(&str, &str)] = &[("id", "ID!"), ("text", "String")];
        let mut selected = Vec::new();
        for _ in 0..self.chance.between(1, if depth == 0 { 3 } else { 7 }) {
            let kind = *self.chance.pick(&[Kind::Node, Kind::Leaf]);
            let (only, fields) = match ty {
                "Query" => (None, Kind::Query.fields()),
                "Node" => (None, Kind::Node.fields()),
                "Thing" if self.chance.percent(30) => (None, THING),
                _ => (Some(kind), kind.fields()),
            };
            if let Some(field) = self.field(fields, only, depth) {
                selected.push(field);
            }
        }
        if selected.is_empty() || self.chance.percent(10) {
            let (field, ty) = ("__typename", "String!");
            let response_name = self.name(field);
            selected.push(Selected { response_name, field, ty, only: None, below: Vec::new() });
        }
        selected
    }

    fn field(
        &mut self,
        fields: &[(&'static str, &'static str)],
        only: Option<Kind>,
        depth: usize,
    ) -> Option<Selected> {
        let (field, ty) = *self.chance.pick(fields);
        let is_object = matches!(named(ty), "Node" | "Thing" | "Any");
        if self.left == 0 || is_object && depth == self.deepest {
            return None;
        }
        self.left -= 1;
        let below = if is_object { self.selection(named(ty), depth + 1) } else { Vec::new() };
        Some(Selected { response_name: self.name(field), field, ty, only, below })
    }

    /// A name that no other selection has.
    fn name(&mut self, field: &str) -> String {
        self.n += 1;
        let n = self.n;
        match self.chance.below(5) {
            0 => format!("_e{n}"),
            1 => format!("__typename{n}"),
            2 => format!("{}{n}", "long".repeat(self.chance.between(1, 20))),
            _ => format!("{field}{n}"),
        }
    }
}

fn write_selection(selected: &[Selected], out: &mut String) {
    out.push_str("{ ");
    for Selected { response_name, field, only, below, .. } in selected {
        if let Some(only) = only {
            let _ = write!(out, "... on {} {{ ", only.name());
        }
        let _ = write!(out, "{response_name}: {field} ");
        if !below.is_empty() {
            write_selection(below, out);
        }
        out.push_str(if only.is_some() { "} " } else { "" });
    }
    out.push_str("} ");
}

struct Completing {
    world: World,
    problem: bool,
}

impl Completing {
    /// None when a null in it has nowhere to stay.
    fn object(&mut self, object: Object, selected: &[Selected]) -> Option<String> {
        let mut out = String::from("{");
        let mut is_null = false;
        for field in selected {
            if field.only.is_some_and(|only| only != object.kind) {
                continue;
            }
            let value = match field.field {
                "__typename" => Some(format!("\"{}\"", object.kind.name())),
                name => {
                    let made = self.world.made(object, name);
                    self.value(field.ty, &made, &field.below)
                }
            };
            is_null |= value.is_none() && field.ty.ends_with('!');
            let value = value.unwrap_or_else(|| "null".to_owned());
            let comma = if out.len() > 1 { "," } else { "" };
            let _ = write!(out, "{comma}\"{}\":{value}", field.response_name);
        }
        out.push('}');
        (!is_null).then_some(out)
    }

    fn value(&mut self, ty: &str, made: &Made, below: &[Selected]) -> Option<String> {
        let completed = self.nullable(ty.strip_suffix('!').unwrap_or(ty), made, below);
        let is_null = matches!(made, Made::Text(text) if text == "null");
        self.problem |= completed.is_none() && (ty.ends_with('!') || !is_null);
        completed
    }

    fn nullable(&mut self, ty: &str, made: &Made, below: &[Selected]) -> Option<String> {
        match (made, ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']'))) {
            (Made::List(items), Some(item)) => {
                let items: Vec<Option<String>> =
                    items.iter().map(|made| self.value(item, made, below)).collect();
                if item.ends_with('!') && items.iter().any(Option::is_none) {
                    return None;
                }
                let items = items.into_iter().map(|item| item.unwrap_or_else(|| "null".to_owned()));
                Some(format!("[{}]", items.collect::<Vec<_>>().join(",")))
            }
            (Made::Object(object), None) if !object.lies => self.object(*object, below),
            (Made::Text(text), None) if below.is_empty() && is_of_class(ty, text) => {
                Some(text.clone())
            }
            _ => None,
        }
    }
}

fn named(ty: &str) -> &str {
    ty.trim_matches(['[', ']', '!'])
}

fn is_of_class(ty: &str, text: &str) -> bool {
    let is_integer = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    match ty {
        "Int" => is_number && is_integer && text.parse::<i32>().is_ok(),
        "Float" => is_number,
        "ID" => text.starts_with('"') || is_number && is_integer,
        "String" => text.starts_with('"'),
        "Boolean" => matches!(text, "true" | "false"),
        "Kind" => {
            let name = serde_json::from_str::<String>(text);
            name.is_ok_and(|name| name == "A" || name == "B")
        }
        _ => text != "null",
    }
}
