//! Upgrades Federation 1 subgraphs: what Federation 1 took for granted is removed or said.
//!
//! **In:** all subgraphs. **Out:** the Federation 1 ones changed in place.
//!
//! **Never here:** Federation 2 subgraphs, `@shareable` (the rule of sharing treats every field of
//! a Federation 1 subgraph as shareable).
//!
//! **Holds:** an `@external` that is left afterwards has a use.
//!
//! **Read first:** [`upgrade`].

use std::collections::HashMap;

use apollo_compiler::Name;
use apollo_compiler::ast::Selection;

use crate::codes::ErrorCode;
use crate::field_set::FieldSet;
use crate::report::Report;
use crate::schema::{External, Kind, Subgraph, TypeDef, Types};
use crate::usage::{Reach, usage_of, usage_of_directives, visit_fields};
use crate::vocabulary::Known;
use crate::words;

/// The first key of each type, in a subgraph that defines it.
type OwnersKeys = HashMap<Name, Vec<FieldSet>>;

pub(crate) fn upgrade(subgraphs: &mut [Subgraph], report: &mut Report) {
    if !subgraphs.iter().any(Subgraph::is_federation_one) {
        return;
    }
    check_extensions(subgraphs, report);
    check_interface_keys(subgraphs, report);
    let keys = owners_keys(subgraphs);
    for subgraph in subgraphs.iter_mut().filter(|subgraph| subgraph.is_federation_one()) {
        drop_interface_directives(&mut subgraph.types);
        drop_external_on_types(subgraph);
        own_key_fields(&mut subgraph.types, &keys);
        drop_idle_field_sets(&mut subgraph.types);
        forget_extension_keywords(&mut subgraph.types);
        drop_unused_externals(subgraph, report);
        drop_tags_of_externals(&mut subgraph.types);
        subgraph.usage = usage_of(&subgraph.types);
    }
}

/// An extension needs a definition in another subgraph; one with `@extends` will do.
fn check_extensions(subgraphs: &[Subgraph], report: &mut Report) {
    let mut defined: HashMap<&Name, Vec<(usize, Kind)>> = HashMap::new();
    for (index, subgraph) in subgraphs.iter().enumerate() {
        for definition in subgraph.types.values().filter(|d| !d.is_only_extended()) {
            defined.entry(&definition.name).or_default().push((index, definition.kind));
        }
    }
    for (index, subgraph) in subgraphs.iter().enumerate().filter(|(_, s)| s.is_federation_one()) {
        for definition in subgraph.types.values().filter(|definition| !definition.is_root()) {
            let name = &definition.name;
            let is_extension = definition.parts.iter().all(|part| part.extension || part.extends);
            let mut elsewhere = defined.get(name).into_iter().flatten();
            let elsewhere =
                elsewhere.any(|(other, kind)| *other != index && *kind == definition.kind);
            if !is_extension || elsewhere {
                continue;
            }
            let owned = defined.keys().copied().filter(|other| *other != name);
            let fix = match words::nearest(name, owned.map(|name| name.as_str())) {
                Some(near) => format!(
                    "did you mean `{near}`? Otherwise define `{name}` in the subgraph that owns it"
                ),
                None => format!(
                    "define `{name}` in the subgraph that owns it; if that is this one, drop \
                     `extend` or `@extends`"
                ),
            };
            let message = format!("type `{name}` is extended, but no other subgraph defines it");
            report.error(
                subgraph
                    .error(ErrorCode::ExtensionWithNoBase, definition.span, &message)
                    .on(name.as_str())
                    .fix(fix),
            );
        }
    }
}

/// Keys of interfaces did nothing in Federation 1, so none leads on from an interface object.
fn check_interface_keys(subgraphs: &[Subgraph], report: &mut Report) {
    for subgraph in subgraphs.iter().filter(|subgraph| subgraph.is_federation_one()) {
        let interfaces = subgraph.types.values().filter(|d| d.kind == Kind::Interface);
        for definition in interfaces.filter(|definition| !definition.keys.is_empty()) {
            let name = &definition.name;
            let objects = subgraphs.iter().filter(|other| {
                other.types.get(name).is_some_and(|definition| definition.interface_object)
            });
            let names: Vec<&String> = objects.map(|other| &other.name).collect();
            if names.is_empty() {
                continue;
            }
            let message = format!(
                "interface `{name}` is an `@interfaceObject` in {}, which relies on the \
                 interface's `@key`; but this is a Federation 1 subgraph, where a `@key` on an \
                 interface has no effect",
                words::subgraphs(&names),
            );
            let fix = "link Federation 2 in this subgraph, or remove the interface's `@key` here";
            let code = ErrorCode::InterfaceObjectUsageError;
            let error = subgraph.error(code, definition.span, &message);
            report.error(error.on(name.as_str()).fix(fix));
        }
    }
}

fn owners_keys(subgraphs: &[Subgraph]) -> OwnersKeys {
    let mut keys = OwnersKeys::new();
    for definition in subgraphs.iter().flat_map(|subgraph| subgraph.types.values()) {
        if let Some(key) = definition.keys.first()
            && !definition.parts.iter().all(|part| part.extension || part.extends)
        {
            keys.entry(definition.name.clone()).or_default().push(key.fields.clone());
        }
    }
    keys
}

/// Keys and the like on interfaces did nothing.
fn drop_interface_directives(types: &mut Types) {
    for definition in types.values_mut().filter(|d| d.kind == Kind::Interface) {
        definition.keys.clear();
        for field in definition.fields.values_mut() {
            field.external = External::No;
            field.requires = None;
            field.provides = None;
        }
    }
}

/// `@external` on a type did nothing.
fn drop_external_on_types(subgraph: &mut Subgraph) {
    for definition in subgraph.types.values_mut() {
        for field in definition.fields.values_mut() {
            let marked = field.applied.iter().any(|applied| applied.is(Known::External));
            if !marked {
                field.external = External::No;
            }
        }
    }
}

/// The key fields of an extension are its own, `@external` or not; without a key, those of the
/// owner's first key.
fn own_key_fields(types: &mut Types, keys: &OwnersKeys) {
    let mut owned: Vec<(Name, Name, bool)> = Vec::new();
    for (name, definition) in types.iter() {
        let is_extension = definition.parts.iter().all(|part| part.extension)
            || definition.parts.iter().any(|part| part.extends);
        if !is_extension && !definition.is_root() {
            continue;
        }
        let own: Vec<&FieldSet> = definition.keys.iter().map(|key| &key.fields).collect();
        let others = keys.get(name).filter(|_| own.is_empty()).into_iter().flatten();
        // Below the top, only `@extends` has ever made fields the extension's own.
        let is_deep = definition.parts.iter().any(|part| part.extends);
        for set in own.into_iter().chain(others) {
            visit_fields(types, name, &set.selections, Reach::Declared, &mut |parent, field| {
                owned.push((parent.clone(), field.clone(), is_deep || parent == name));
            });
        }
    }
    owned.sort_by_key(|(.., own)| *own);
    for (parent, field, own) in owned {
        let Some(field) = types.get_mut(&parent).and_then(|d| d.fields.get_mut(&field)) else {
            continue;
        };
        match field.external {
            _ if own => field.external = External::No,
            External::KeyOfExtension => field.external = External::Yes,
            External::No | External::Yes => {}
        }
    }
}

/// What `@requires` and `@provides` select of the subgraph's own fields did nothing.
fn drop_idle_field_sets(types: &mut Types) {
    let mut active: Vec<(Name, Name, Option<FieldSet>, Option<FieldSet>)> = Vec::new();
    for (name, definition) in types.iter() {
        for field in definition.fields.values() {
            if field.requires.is_none() && field.provides.is_none() {
                continue;
            }
            let requires = field.requires.as_ref().and_then(|set| active_part(types, name, set));
            let result = field.ty.inner_named_type();
            let provides = field.provides.as_ref().and_then(|set| active_part(types, result, set));
            active.push((name.clone(), field.name.clone(), requires, provides));
        }
    }
    for (parent, field, requires, provides) in active {
        if let Some(field) = types.get_mut(&parent).and_then(|d| d.fields.get_mut(&field)) {
            (field.requires, field.provides) = (requires, provides);
        }
    }
}

/// The external fields of a field set, with what leads to them.
fn active_part(types: &Types, parent: &Name, set: &FieldSet) -> Option<FieldSet> {
    let selections = active_selections(types, parent, &set.selections);
    (!selections.is_empty()).then(|| FieldSet { selections, ..set.clone() })
}

fn active_selections(types: &Types, parent: &Name, selections: &[Selection]) -> Vec<Selection> {
    let active = |selection: &Selection| match selection {
        Selection::Field(field) if is_external(types, parent, &field.name) => {
            Some(selection.clone())
        }
        Selection::Field(field) => {
            let below = types.get(parent)?.fields.get(&field.name)?.ty.inner_named_type();
            let below = active_selections(types, below, &field.selection_set);
            let mut field = field.clone();
            field.make_mut().selection_set.clone_from(&below);
            (!below.is_empty()).then_some(Selection::Field(field))
        }
        Selection::InlineFragment(fragment) => {
            let on = fragment.type_condition.as_ref().unwrap_or(parent);
            let below = active_selections(types, on, &fragment.selection_set);
            let mut fragment = fragment.clone();
            fragment.make_mut().selection_set.clone_from(&below);
            (!below.is_empty()).then_some(Selection::InlineFragment(fragment))
        }
        Selection::FragmentSpread(_) => None,
    };
    selections.iter().filter_map(active).collect()
}

fn is_external(types: &Types, parent: &Name, field: &Name) -> bool {
    let is_external = |definition: &TypeDef| {
        definition.fields.get(field).is_some_and(|field| field.external == External::Yes)
    };
    types.get(parent).is_some_and(|definition| match definition.kind {
        Kind::Interface => {
            let implementers = types.values().filter(|other| other.implements.contains_key(parent));
            is_external(definition) || implementers.into_iter().any(is_external)
        }
        _ => is_external(definition),
    })
}

/// In Federation 1 every subgraph but one had to write `extend`; only `@extends` says something.
fn forget_extension_keywords(types: &mut Types) {
    for definition in types.values_mut() {
        let extends = definition.parts.iter().any(|part| part.extends);
        definition.keys.iter_mut().for_each(|key| key.extension = extends);
        definition.parts.iter_mut().for_each(|part| part.extension = false);
    }
}

/// An external field without a use is noise that Federation 1 asked for; it goes without a word.
fn drop_unused_externals(subgraph: &mut Subgraph, report: &mut Report) {
    let mut emptied: Vec<Name> = Vec::new();
    let usage = usage_of_directives(&subgraph.types);
    for (name, definition) in subgraph.types.iter_mut() {
        let before = definition.fields.len();
        definition.fields.retain(|field_name, field| {
            field.external != External::Yes || usage.is_used(name, field_name)
        });
        if before > 0 && definition.fields.is_empty() && !definition.is_root() {
            emptied.push(name.clone());
        }
    }
    for name in emptied {
        let referrer = referrer_of(&subgraph.types, &name);
        let Some(definition) = subgraph.types.shift_remove(&name) else { continue };
        if let Some(referrer) = referrer {
            let message = format!(
                "type `{name}` has only `@external` fields that nothing uses, but `{referrer}` \
                 refers to it"
            );
            report.error(
                subgraph
                    .error(ErrorCode::TypeWithOnlyUnusedExternal, definition.span, &message)
                    .on(name.as_str())
                    .fix(format!("remove `{name}` and `{referrer}`, or give `{name}` a `@key`")),
            );
        }
    }
}

fn referrer_of(types: &Types, name: &Name) -> Option<String> {
    types.iter().find_map(|(parent, definition)| {
        if definition.members.contains_key(name) {
            return Some(parent.to_string());
        }
        let field = definition.fields.values().find(|f| f.ty.inner_named_type() == name)?;
        Some(format!("{parent}.{}", field.name))
    })
}

fn drop_tags_of_externals(types: &mut Types) {
    for field in types.values_mut().flat_map(|definition| definition.fields.values_mut()) {
        if field.external == External::Yes {
            field.applied.retain(|applied| !applied.is(Known::Tag));
        }
    }
}
