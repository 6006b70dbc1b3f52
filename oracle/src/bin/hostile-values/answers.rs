//! Writes what the subgraphs answer, with everything that JSON allows between the values.
//!
//! **In:** a call, its plan, the world. **Out:** a body.
//!
//! **Never here:** what the response must be (`model`).
//!
//! **Holds:** the values stand word by word as the world has them; only what is between them changes:
//! order, spaces, escapes in names, unknown members, and names again, of which the first counts.

use crate::world::{Made, Object, World};
use execution::Call;
use oracle::Chance;
use query_planner::{GroupKind, QueryPlan, RuntimeType, Selection};
use serde_json::Value;
use supergraph::Supergraph;

pub(crate) struct Writer<'p> {
    pub(crate) supergraph: &'p Supergraph,
    pub(crate) plan: &'p QueryPlan,
    pub(crate) world: World,
    pub(crate) chance: &'p mut Chance,
    /// How many percent of the places are strange.
    pub(crate) strange: usize,
}

impl Writer<'_> {
    /// The body of an answer.
    pub(crate) fn body(&mut self, call: &Call) -> String {
        let request: Value = serde_json::from_slice(&call.body.to_bytes()).unwrap_or_default();
        let mut members = Vec::new();
        for &group in &self.plan.fetches[call.fetch].groups {
            let group = &self.plan.groups[group];
            match &group.kind {
                GroupKind::Root => members.extend(self.members(&group.selection, World::root())),
                GroupKind::Entities { alias, variable, .. } => {
                    let representations = request["variables"][variable].as_array();
                    let entities = representations.into_iter().flatten().map(|representation| {
                        match self.world.node(&representation["id"]) {
                            Some(object) => self.object(&group.selection, object),
                            None => "\"there is no such node\"".to_owned(),
                        }
                    });
                    let entities: Vec<String> = entities.collect();
                    members.push((alias.clone(), self.list(&entities)));
                }
            }
        }
        let data = self.braces(members);
        let body = self.braces(vec![("data".to_owned(), data)]);
        format!("{}{body}{}", self.space(), self.space())
    }

    fn object(&mut self, selection: &Selection, object: Object) -> String {
        let members = self.members(selection, object);
        self.braces(members)
    }

    fn members(&mut self, selection: &Selection, object: Object) -> Vec<(String, String)> {
        let mut members = Vec::new();
        if selection.runtime_type == RuntimeType::Asked {
            let name =
                if object.lies { "\"Query\"" } else { &format!("\"{}\"", object.kind.name()) };
            members.push(("__typename".to_owned(), name.to_owned()));
        }
        let Some(ty) = self.supergraph.type_named(object.kind.name()) else { return members };
        for field in &selection.fields {
            if field.types.as_ref().is_some_and(|types| !types.contains(ty)) {
                continue;
            }
            let made = self.world.made(object, &self.plan.slots[field.slot].field);
            let value = self.value(&made, field.selection.as_ref());
            members.push((field.response_name.clone(), value));
        }
        members
    }

    fn value(&mut self, made: &Made, selection: Option<&Selection>) -> String {
        match (made, selection) {
            (Made::Text(text), _) => text.clone(),
            (Made::Object(object), Some(selection)) => self.object(selection, *object),
            (Made::Object(_), None) => "null".to_owned(),
            (Made::List(items), _) => {
                let items: Vec<String> =
                    items.iter().map(|item| self.value(item, selection)).collect();
                self.list(&items)
            }
        }
    }

    fn list(&mut self, items: &[String]) -> String {
        let mut out = String::from("[");
        for (i, item) in items.iter().enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            out.push_str(self.space());
            out.push_str(item);
            out.push_str(self.space());
        }
        out.push_str(if items.is_empty() { self.space() } else { "" });
        out.push(']');
        out
    }

    fn braces(&mut self, mut members: Vec<(String, String)>) -> String {
        if self.chance.percent(self.strange) {
            for i in (1..members.len()).rev() {
                members.swap(i, self.chance.below(i + 1));
            }
        }
        if self.chance.percent(self.strange) {
            let junk = [("junk", "[{\"a\":[]}]"), ("", "{}"), ("\u{e9}", "\"\\\"\"")];
            let (name, value) = *self.chance.pick(&junk);
            let at = self.chance.below(members.len() + 1);
            members.insert(at, (name.to_owned(), value.to_owned()));
        }
        if !members.is_empty() && self.chance.percent(self.strange) {
            let again = members[self.chance.below(members.len())].0.clone();
            members.push((again, "[7,{}]".to_owned()));
        }
        let mut out = String::from("{");
        for (i, (name, value)) in members.iter().enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            out.push_str(self.space());
            out.push_str(&self.name(name));
            out.push_str(self.space());
            out.push(':');
            out.push_str(self.space());
            out.push_str(value);
            out.push_str(self.space());
        }
        out.push('}');
        out
    }

    fn name(&mut self, name: &str) -> String {
        if !self.chance.percent(self.strange / 2) {
            return format!("\"{name}\"");
        }
        let units = name.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    }

    fn space(&mut self) -> &'static str {
        match self.chance.percent(self.strange) {
            true => self.chance.pick::<&str>(&[
                " ",
                "\n",
                "\t\r\n  ",
                "                                 ",
            ]),
            false => "",
        }
    }
}
