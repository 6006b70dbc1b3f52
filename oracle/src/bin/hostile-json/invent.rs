//! Invents answers from plans: of the right form, mostly.
//!
//! **In:** a call. **Out:** a body that fits it, with mistakes here and there.
//!
//! **Never here:** broken JSON (`mutate`).

use execution::Call;
use oracle::Chance;
use query_planner::{GroupKind, QueryPlan, RuntimeType, Selection};
use serde_json::Value;
use std::fmt::Write;
use supergraph::{Supergraph, TypeId, TypeKind, TypeRef};

pub(crate) struct Inventor<'p> {
    supergraph: &'p Supergraph,
    plan: &'p QueryPlan,
    chance: &'p mut Chance,
    out: String,
    /// How many percent of the values are wrong.
    wrong: usize,
    depth: usize,
}

impl<'p> Inventor<'p> {
    /// The body of an answer.
    pub(crate) fn answer(
        supergraph: &'p Supergraph,
        plan: &'p QueryPlan,
        call: &Call,
        chance: &'p mut Chance,
    ) -> String {
        let wrong = *chance.pick(&[0, 0, 2, 8]);
        let mut inventor = Self { supergraph, plan, chance, out: String::new(), wrong, depth: 0 };
        let body: Value = serde_json::from_slice(&call.body.to_bytes()).unwrap_or_default();
        inventor.out.push_str("{\"data\":{");
        let mut names = Vec::new();
        for &group in &plan.fetches[call.fetch].groups {
            let group = &plan.groups[group];
            match &group.kind {
                GroupKind::Root => {
                    let ty = plan.positions[group.position].ty;
                    inventor.members(&group.selection, ty);
                    let fields = group.selection.fields.iter();
                    names.extend(fields.map(|field| field.response_name.clone()));
                }
                GroupKind::Entities { alias, variable, .. } => {
                    inventor.comma();
                    let _ = write!(inventor.out, "\"{alias}\":");
                    inventor.entities(&group.selection, &body["variables"][variable]);
                    names.push(alias.clone());
                }
            }
        }
        inventor.out.push('}');
        inventor.errors(&names);
        inventor.out.push('}');
        inventor.out
    }

    fn entities(&mut self, selection: &Selection, representations: &Value) {
        self.out.push('[');
        for representation in representations.as_array().into_iter().flatten() {
            if self.is_wrong() {
                continue;
            }
            self.comma();
            let name = representation["__typename"].as_str().unwrap_or_default();
            match self.supergraph.type_named(name) {
                Some(ty) => self.object(selection, ty),
                None => self.out.push_str("null"),
            }
        }
        self.out.push(']');
    }

    fn errors(&mut self, names: &[String]) {
        if !self.is_wrong() || names.is_empty() {
            return;
        }
        let name = self.chance.pick(names).clone();
        let (a, b) = (self.chance.below(3), self.chance.below(3));
        let tail = ["", ",0", ",\"x\"", ",0,\"id\",1"][self.chance.below(4)];
        let _ = write!(
            self.out,
            ",\"errors\":[{{\"message\":\"m{a}\",\"path\":[\"{name}\",{b}{tail}],\"extensions\":{{\"code\":\"C\",\"n\":{a}}}}}]"
        );
    }

    fn is_wrong(&mut self) -> bool {
        self.chance.percent(self.wrong)
    }

    fn comma(&mut self) {
        if !self.out.ends_with(['{', '[', ':']) {
            self.out.push(',');
        }
    }

    fn object(&mut self, selection: &Selection, declared: TypeId) {
        if self.is_wrong() {
            return self.out.push_str("null");
        }
        let possible: Vec<TypeId> = self.supergraph.ty(declared).possible.iter().collect();
        let ty = if possible.is_empty() { declared } else { *self.chance.pick(&possible) };
        self.out.push('{');
        if selection.runtime_type == RuntimeType::Asked {
            let name = if self.is_wrong() { "Query" } else { self.supergraph.ty(ty).name.as_str() };
            let _ = write!(self.out, "\"__typename\":\"{name}\"");
        }
        self.members(selection, ty);
        self.out.push('}');
    }

    fn members(&mut self, selection: &Selection, ty: TypeId) {
        self.depth += 1;
        for field in &selection.fields {
            let is_elsewhere = field.types.as_ref().is_some_and(|types| !types.contains(ty));
            if is_elsewhere || self.is_wrong() {
                continue;
            }
            self.comma();
            let _ = write!(self.out, "\"{}\":", field.response_name);
            let declared = self.plan.slots[field.slot].ty.clone();
            self.value(&declared, field.selection.as_ref());
        }
        self.depth -= 1;
    }

    fn value(&mut self, ty: &TypeRef, selection: Option<&Selection>) {
        const WRONG: [&str; 9] =
            ["null", "7", "\"x\"", "[]", "{}", "[null]", "{\"id\":null}", "[[1]]", "1e400"];
        if self.is_wrong() {
            return self.out.push_str(WRONG[self.chance.below(WRONG.len())]);
        }
        match (ty, selection) {
            (TypeRef::List { item, .. }, _) => {
                self.out.push('[');
                let most = if self.depth > 3 { 2 } else { 5 };
                for _ in 0..self.chance.below(most) {
                    self.comma();
                    self.value(item, selection);
                }
                self.out.push(']');
            }
            (TypeRef::Named { id, .. }, Some(selection)) => self.object(selection, *id),
            (TypeRef::Named { id, .. }, None) => self.leaf(*id),
        }
    }

    fn leaf(&mut self, ty: TypeId) {
        const STRINGS: [&str; 6] = [
            "\"a\"",
            "\"\"",
            "\"é ü\"",
            "\"\\\"\\n\\u00e9\"",
            "\"\\ud83d\\ude00\"",
            "\"0123456789abcdef0123456789abcdef012345678\"",
        ];
        const NUMBERS: [&str; 7] =
            ["0", "-0", "2147483647", "2147483648", "12345678901234567890", "-7", "00"];
        const FLOATS: [&str; 5] = ["1.5", "1e2", "-0.0E-7", "3", "1."];
        let def = self.supergraph.ty(ty);
        let n = self.chance.below(4);
        let (kind, name) = (def.kind, def.name.clone());
        let values: Vec<String> = def.enum_values.iter().map(|value| value.name.clone()).collect();
        // The last of numbers and floats is no JSON: rarely.
        let rare = usize::from(!self.chance.percent(1));
        match (kind, name.as_str()) {
            (TypeKind::Enum, _) if !values.is_empty() => {
                let value = self.chance.pick(&values).clone();
                let _ = write!(self.out, "\"{value}\"");
            }
            (_, "Int") => self.out.push_str(NUMBERS[self.chance.below(NUMBERS.len() - rare)]),
            (_, "Float") => self.out.push_str(FLOATS[self.chance.below(FLOATS.len() - rare)]),
            (_, "Boolean") => self.out.push_str(["true", "false"][n % 2]),
            (_, "ID") => {
                let _ = write!(self.out, "\"{n}\"");
            }
            _ => self.out.push_str(STRINGS[self.chance.below(STRINGS.len())]),
        }
    }
}
