//! Notes which fields of a subgraph its keys, requirements, provisions and interfaces use.
//!
//! **In:** a subgraph's types. **Out:** [`Usage`]; [`visit_fields`] for other walks of field sets.
//!
//! **Never here:** judging it (`rules::external`, `merge::sharing`, `merge::overriding`).
//!
//! **Read first:** [`usage_of`].

use apollo_compiler::Name;
use apollo_compiler::ast::Selection;

use crate::contextual::{contextual, from_context, setters};
use crate::field_set::FieldSet;
use crate::schema::{FieldsByType, Implementers, InputDef, Kind, Types, Usage};

pub(crate) fn usage_of(types: &Types) -> Usage {
    let mut usage = usage_of_directives(types);
    demand_by_interfaces(types, &mut usage);
    usage
}

/// Usage by keys, requirements and provisions alone.
pub(crate) fn usage_of_directives(types: &Types) -> Usage {
    let mut usage = Usage { implementers: implementers(types), ..Usage::default() };
    for (name, definition) in types {
        for key in &definition.keys {
            let Usage { used, keyed, implementers, .. } = &mut usage;
            collect(types, name, &key.fields, implementers, &mut [used, keyed]);
        }
        for argument in definition.fields.values().flat_map(|field| field.arguments.values()) {
            collect_context(types, argument, &mut usage);
        }
        for field in definition.fields.values() {
            let Usage { used, provided, implementers, .. } = &mut usage;
            if let Some(requires) = &field.requires {
                collect(types, name, requires, implementers, &mut [used]);
            }
            if let Some(provides) = &field.provides {
                let inner = field.ty.inner_named_type();
                collect(types, inner, provides, implementers, &mut [used, provided]);
            }
        }
    }
    usage
}

/// What a contextual argument reads is in use.
fn collect_context(types: &Types, argument: &InputDef, usage: &mut Usage) {
    let Some(contextual) = from_context(argument).and_then(contextual) else { return };
    let Ok(selections) = contextual.selections() else { return };
    let Usage { used, implementers, .. } = usage;
    for (setter, _) in setters(types, &contextual.context) {
        let reach = Reach::Implementations(implementers);
        visit_fields(types, setter, &selections, reach, &mut |parent, field| {
            used.entry(parent.clone()).or_default().insert(field.clone());
        });
    }
}

fn collect(
    types: &Types,
    parent: &Name,
    fields: &FieldSet,
    implementers: &Implementers,
    into: &mut [&mut FieldsByType],
) {
    let reach = Reach::Implementations(implementers);
    visit_fields(types, parent, &fields.selections, reach, &mut |parent, field| {
        for fields in into.iter_mut() {
            fields.entry(parent.clone()).or_default().insert(field.clone());
        }
    });
}

/// A field that an interface demands of its implementers is in use, whoever resolves it.
fn demand_by_interfaces(types: &Types, usage: &mut Usage) {
    for definition in types.values().filter(|definition| definition.kind == Kind::Object) {
        for interface in definition.implements.keys() {
            let Some(interface) = types.get(interface) else { continue };
            let demanded = interface.fields.keys().filter(|f| definition.fields.contains_key(*f));
            usage.used.entry(definition.name.clone()).or_default().extend(demanded.cloned());
        }
    }
}

fn implementers(types: &Types) -> Implementers {
    let mut implementers = Implementers::new();
    for definition in types.values().filter(|definition| definition.kind == Kind::Object) {
        for interface in definition.implements.keys() {
            implementers.entry(interface.clone()).or_default().push(definition.name.clone());
        }
    }
    implementers
}

/// Which fields a selection reaches when it selects an interface's field.
#[derive(Clone, Copy)]
pub(crate) enum Reach<'a> {
    /// The interface's alone.
    Declared,
    /// Those of the types that implement it, too.
    Implementations(&'a Implementers),
}

/// Calls `visit` with the type and name of each field that `selections` on `parent` selects.
pub(crate) fn visit_fields(
    types: &Types,
    parent: &Name,
    selections: &[Selection],
    reach: Reach<'_>,
    visit: &mut impl FnMut(&Name, &Name),
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let Some(definition) = types.get(parent) else { continue };
                visit(parent, &field.name);
                if let (Reach::Implementations(implementers), Kind::Interface) =
                    (reach, definition.kind)
                {
                    for implementer in implementers.get(parent).into_iter().flatten() {
                        visit(implementer, &field.name);
                    }
                }
                if let Some(field_definition) = definition.fields.get(&field.name) {
                    let inner = field_definition.ty.inner_named_type();
                    visit_fields(types, inner, &field.selection_set, reach, visit);
                }
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.type_condition.as_ref().unwrap_or(parent);
                visit_fields(types, condition, &fragment.selection_set, reach, visit);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}
