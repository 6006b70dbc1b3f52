//! Carries access requirements between interfaces and the types behind them.
//!
//! **In:** the merged supergraph. **Out:** the same, where an interface and its fields require what
//! all their implementations require, and an implementation what an interface object requires.
//!
//! **Never here:** merging the requirements of several subgraphs (`merge::applied`).
//!
//! **Holds:** selecting a field through an interface never asks for less than selecting it on the
//! type behind it.
//!
//! **Read first:** [`carry_requirements`].

mod required;

use std::collections::HashMap;

use apollo_compiler::ast::Value;
use apollo_compiler::{Name, Node};

use crate::merged::{MergedApplication, MergedType, Supergraph};
use crate::requirements::all_of;
use crate::schema::Kind;
use crate::vocabulary::Known;

pub(crate) use crate::access_control::required::check_required_fields;

pub(crate) fn carry_requirements(supergraph: &mut Supergraph) {
    if !supergraph.types.values().any(has_requirements) {
        return;
    }
    let mut implementers: HashMap<Name, Vec<Name>> = HashMap::new();
    for definition in supergraph.types.values().filter(|d| d.kind == Kind::Object) {
        for interface in &definition.implements {
            implementers.entry(interface.clone()).or_default().push(definition.name.clone());
        }
    }
    let interfaces: Vec<Name> = supergraph
        .types
        .values()
        .filter(|definition| definition.kind == Kind::Interface)
        .map(|definition| definition.name.clone())
        .collect();
    // What an interface carries by now stands on its interface objects.
    for interface in &interfaces {
        for object in implementers.get(interface).into_iter().flatten() {
            carry(supergraph, interface, object);
        }
    }
    for interface in &interfaces {
        for object in implementers.get(interface).into_iter().flatten() {
            carry(supergraph, object, interface);
        }
    }
}

fn has_requirements(definition: &MergedType) -> bool {
    let on_fields = definition.fields.values().flat_map(|field| &field.applied);
    definition.applied.iter().chain(on_fields).any(is_requirement)
}

fn is_requirement(application: &MergedApplication) -> bool {
    matches!(application.known, Some(Known::Authenticated | Known::RequiresScopes | Known::Policy))
}

/// Adds the requirements of one type and its fields to another type and its fields.
fn carry(supergraph: &mut Supergraph, from: &Name, to: &Name) {
    let Some(source) = supergraph.types.get(from) else { return };
    let on_type: Vec<_> = source.applied.iter().filter(|a| is_requirement(a)).cloned().collect();
    let on_fields: Vec<(Name, Vec<MergedApplication>)> = source
        .fields
        .values()
        .map(|field| {
            let applied = field.applied.iter().filter(|a| is_requirement(a)).cloned().collect();
            (field.name.clone(), applied)
        })
        .collect();
    let Some(target) = supergraph.types.get_mut(to) else { return };
    require(&mut target.applied, on_type);
    for (name, applied) in on_fields {
        if let Some(field) = target.fields.get_mut(&name) {
            require(&mut field.applied, applied);
        }
    }
}

fn require(target: &mut Vec<MergedApplication>, required: Vec<MergedApplication>) {
    for requirement in required {
        let own = target.iter_mut().find(|application| application.known == requirement.known);
        let Some(own) = own else {
            target.push(requirement);
            target.sort_by(|l, r| (l.known, &l.name).cmp(&(r.known, &r.name)));
            continue;
        };
        for ((_, value), (_, other)) in own.arguments.iter_mut().zip(&requirement.arguments) {
            if value != other {
                let both: [&Node<Value>; 2] = [value, other];
                *value = all_of(&both);
            }
        }
    }
}
