//! What a fetch asks of objects, and how their values are written as a GraphQL response.
//!
//! **In:** a plan's structural [`Selection`]; later what a mapping gave. **Out:** JSON bytes that have what was
//! asked for, under its response names, and nothing else; the part of a mapping's result that is [`Wanted`].
//!
//! **Never here:** types of leaves and nulls where none may be: the executor checks them, as it does for every
//! subgraph.
//!
//! **Holds:** a field that a value lacks is taken from the representation, else it is null. An object of an
//! abstract type is of the type that its `__typename` says.
//!
//! **Read first:** [`ObjectForm::write`].

use mapping::{Json, Value, View, Wanted};
use query_planner::{QueryPlan, RuntimeType, Selection};
use supergraph::{Supergraph, TypeId, TypeKind, TypeRef, TypeSet};

use super::seen::{ITEMS, Mismatch};

/// What is asked of the objects of a place.
#[derive(Debug)]
pub(super) struct ObjectForm {
    /// Whether `__typename` is asked for.
    with_typename: bool,
    /// Their type, if there is only one.
    concrete: Option<TypeId>,
    /// The fields, in the order of the request.
    pub(super) fields: Vec<FieldForm>,
}

/// A field that is asked for.
#[derive(Debug)]
pub(super) struct FieldForm {
    /// The types of objects that have it; none: all.
    types: Option<TypeSet>,
    /// `"response name":`
    key: Vec<u8>,
    /// Its response name.
    pub(super) response_name: String,
    /// The field's own name.
    pub(super) name: String,
    /// Its type in the schema.
    ty: TypeRef,
    /// For composite values: what is asked of them.
    pub(super) below: Option<ObjectForm>,
}

impl ObjectForm {
    /// What a selection asks.
    pub(super) fn of(selection: &Selection, plan: &QueryPlan, supergraph: &Supergraph) -> Self {
        let declared = plan.positions[selection.position].ty;
        let concrete = match selection.runtime_type {
            RuntimeType::Known(ty) => Some(ty),
            _ => (supergraph.ty(declared).kind == TypeKind::Object).then_some(declared),
        };
        let fields = selection.fields.iter().map(|field| FieldForm {
            types: field.types.clone(),
            key: key(&field.response_name),
            response_name: field.response_name.clone(),
            name: plan.slots[field.slot].field.clone(),
            ty: plan.slots[field.slot].ty.clone(),
            below: field.selection.as_ref().map(|below| Self::of(below, plan, supergraph)),
        });
        let with_typename = selection.runtime_type == RuntimeType::Asked;
        Self { with_typename, concrete, fields: fields.collect() }
    }

    /// The members of a mapping's result that will be read.
    pub(super) fn wanted(&self) -> Wanted {
        let mut all = Wanted::members::<&str>([]);
        if self.concrete.is_none() {
            want(&mut all, "__typename", Wanted::All);
        }
        for field in &self.fields {
            want(&mut all, &field.name, field.wanted());
        }
        all
    }

    /// Writes a value: an object, or lists of them. What is neither is written as it is, for the executor to
    /// refuse.
    pub(super) fn write(
        &self,
        value: &Value<'_>,
        represented: Option<&Json<'_>>,
        supergraph: &Supergraph,
        out: &mut Vec<u8>,
    ) {
        match value.view() {
            View::Object(_) => {
                let own = |name: &str| value.get(name);
                self.write_object(own, represented, |_, _| false, supergraph, out);
            }
            View::Array(elements) => {
                out.push(b'[');
                for (i, element) in elements.iter().enumerate() {
                    separate(i, out);
                    self.write(&element, represented, supergraph, out);
                }
                out.push(b']');
            }
            _ => value.write_json(out),
        }
    }

    /// Writes one object whose members `own` finds. `instead` may write a field itself: it says whether it did.
    pub(super) fn write_object<'v>(
        &self,
        own: impl Fn(&str) -> Option<Value<'v>>,
        represented: Option<&'v Json<'v>>,
        mut instead: impl FnMut(usize, &mut Vec<u8>) -> bool,
        supergraph: &Supergraph,
        out: &mut Vec<u8>,
    ) {
        let represented = |name: &str| Some(Value::of(represented?.get(name)?));
        let find = |name: &str| own(name).or_else(|| represented(name));
        let named = match self.concrete {
            None => find("__typename"),
            Some(_) => None,
        };
        let name = named.as_ref().and_then(Value::as_str);
        let ty = self.concrete.or_else(|| supergraph.type_named(name?));
        let mut n_members = 0;
        out.push(b'{');
        if self.with_typename {
            out.extend_from_slice(b"\"__typename\":");
            match (self.concrete, &named) {
                (Some(ty), _) => quote(&supergraph.ty(ty).name, out),
                (None, Some(named)) => named.write_json(out),
                (None, None) => out.extend_from_slice(b"null"),
            }
            n_members += 1;
        }
        for (at, field) in self.fields.iter().enumerate() {
            if !field.types.as_ref().is_none_or(|types| ty.is_some_and(|ty| types.contains(ty))) {
                continue;
            }
            separate(n_members, out);
            n_members += 1;
            out.extend_from_slice(&field.key);
            if !instead(at, out) {
                field.write(find(&field.name).as_ref(), supergraph, out);
            }
        }
        out.push(b'}');
    }
}

impl ObjectForm {
    /// Notes what of a value is of another kind than the schema says.
    pub(super) fn compare(
        &self,
        value: &Value<'_>,
        path: &str,
        supergraph: &Supergraph,
        found: &mut Vec<Mismatch>,
    ) {
        match value.view() {
            View::Object(members) => {
                for field in &self.fields {
                    if let Some(value) = members.get(&field.name) {
                        let dot = if path.is_empty() { "" } else { "." };
                        let path = format!("{path}{dot}{}", field.name);
                        field.compare(&value, &path, supergraph, found);
                    }
                }
            }
            View::Null => {}
            _ => note(path, "an object", value, found),
        }
    }
}

impl FieldForm {
    /// Notes what of its value is of another kind than the schema says.
    pub(super) fn compare(
        &self,
        value: &Value<'_>,
        path: &str,
        supergraph: &Supergraph,
        found: &mut Vec<Mismatch>,
    ) {
        self.compare_as(&self.ty, value, path, supergraph, found);
    }

    fn compare_as(
        &self,
        ty: &TypeRef,
        value: &Value<'_>,
        path: &str,
        supergraph: &Supergraph,
        found: &mut Vec<Mismatch>,
    ) {
        if found.len() >= ITEMS {
            return;
        }
        match (ty, value.view(), &self.below) {
            (ty, View::Null, _) if !ty.is_non_null() => {}
            (TypeRef::List { item, .. }, View::Array(elements), _) => {
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}@");
                for element in elements.iter() {
                    self.compare_as(item, &element, &path, supergraph, found);
                }
            }
            (TypeRef::Named { .. }, View::Object(_), Some(below)) => {
                below.compare(value, path, supergraph, found);
            }
            (TypeRef::Named { id, .. }, view, None) if fits(&supergraph.ty(*id).name, view) => {}
            _ => note(path, &supergraph.print_type(ty), value, found),
        }
    }

    /// The members of its value that will be read.
    pub(super) fn wanted(&self) -> Wanted {
        self.below.as_ref().map_or(Wanted::All, ObjectForm::wanted)
    }

    /// Writes its value.
    pub(super) fn write(
        &self,
        value: Option<&Value<'_>>,
        supergraph: &Supergraph,
        out: &mut Vec<u8>,
    ) {
        match (value, &self.below) {
            (None, _) => out.extend_from_slice(b"null"),
            (Some(value), Some(below)) => below.write(value, None, supergraph, out),
            (Some(value), None) => value.write_json(out),
        }
    }
}

/// Whether a leaf is of the kind of a built-in scalar; of others nothing is known.
fn fits(scalar: &str, view: View<'_, '_>) -> bool {
    match (scalar, view) {
        ("Int", View::Number(number)) => {
            number.as_i64().is_some_and(|it| i32::try_from(it).is_ok())
        }
        ("ID", View::Number(number)) => number.is_i64() || number.is_u64(),
        ("Float", View::Number(_)) | ("String" | "ID", View::String(_)) => true,
        ("Boolean", View::Boolean(_)) => true,
        ("Int" | "Float" | "String" | "ID" | "Boolean", _) => false,
        _ => true,
    }
}

fn note(path: &str, expected: &str, value: &Value<'_>, found: &mut Vec<Mismatch>) {
    let (path, expected) = (path.to_owned(), expected.to_owned());
    let mismatch = Mismatch { path, expected, found: value.kind().to_string() };
    let is_known = |it: &Mismatch| it.path == mismatch.path && it.found == mismatch.found;
    if found.len() < ITEMS && !found.iter().any(is_known) {
        found.push(mismatch);
    }
}

/// Adds a member to what is wanted.
pub(super) fn want(all: &mut Wanted, name: &str, wanted: Wanted) {
    let Wanted::Members(members) = all else { return };
    match members.get_mut(name) {
        Some(known) => both(known, wanted),
        None => {
            members.insert(name.into(), wanted);
        }
    }
}

/// Adds all that is wanted elsewhere.
pub(super) fn both(all: &mut Wanted, more: Wanted) {
    match more {
        Wanted::All => *all = Wanted::All,
        Wanted::Members(more) => {
            for (name, wanted) in more {
                want(all, &name, wanted);
            }
        }
    }
}

/// `"name":`
pub(super) fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 3);
    quote(name, &mut key);
    key.push(b':');
    key
}

/// A string of JSON.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    // A vector takes all that is written.
    let _ = serde_json::to_writer(out, text);
}

/// A comma before all but the first.
pub(super) fn separate(n_before: usize, out: &mut Vec<u8>) {
    if n_before > 0 {
        out.push(b',');
    }
}
