//! Checks that the connectors of a subgraph together answer all that it declares.
//!
//! **In:** its types, and its connectors, each of them sound. **Out:** problems with fields and keys
//! that nobody answers.
//!
//! **Never here:** other subgraphs (satisfiability sees those).
//!
//! **Holds:** a field is answered if some selection gives it or a connector stands on it; external
//! fields are others', and fields of keys come along with the object.
//!
//! **Read first:** [`check_coverage`].

use std::collections::HashSet;

use apollo_compiler::Name;
use mapping::Version;

use super::connection::Settled;
use super::connector::ConnectorKind;
use super::given::Position;
use super::key::KeyFields;
use super::problem::{Place, Problem};
use crate::codes::ErrorCode;
use crate::schema::{self, External, Key, Kind, TypeDef, Types};
use crate::vocabulary::Known;

/// Checks all types of a subgraph.
pub(super) fn check_coverage(
    types: &Types,
    version: Version,
    connectors: &[Settled],
    problems: &mut Vec<Problem>,
) {
    if version < Version::V0_4 {
        check_abstract_types(types, version, problems);
    }
    let mut answered: HashSet<(Name, Name)> = HashSet::new();
    for settled in connectors {
        settled.given.iter().for_each(|position| note(position, &mut answered));
    }
    for ty in types.values().filter(|ty| ty.kind == Kind::Object) {
        note_keys(types, ty, &mut answered);
    }
    for ty in types.values().filter(|ty| ty.kind == Kind::Object) {
        check_fields(ty, &answered, problems);
    }
    for ty in types.values().filter(|ty| ty.kind == Kind::Object) {
        ty.keys.iter().for_each(|key| check_key(ty, key, connectors, problems));
    }
}

fn check_abstract_types(types: &Types, version: Version, problems: &mut Vec<Problem>) {
    for ty in types.values().filter(|ty| matches!(ty.kind, Kind::Interface | Kind::Union)) {
        let message = format!(
            "`{}` is {} {}, which connectors cannot answer under connect {version}",
            ty.name,
            if ty.kind == Kind::Interface { "an" } else { "a" },
            ty.kind.word()
        );
        let code = ErrorCode::ConnectorsUnsupportedAbstractType;
        problems.push(
            Problem::new(code, &ty.name, Place::of(ty.span), message)
                .fix("link connect v0.4, or move the type to another subgraph"),
        );
    }
}

fn note(position: &Position, answered: &mut HashSet<(Name, Name)>) {
    for (field, below) in &position.fields {
        answered.insert((position.ty.clone(), field.clone()));
        below.iter().for_each(|it| note(it, answered));
    }
}

/// The fields of keys count as answered: whoever has the object has them.
fn note_keys(types: &Types, ty: &TypeDef, answered: &mut HashSet<(Name, Name)>) {
    for key in &ty.keys {
        let fields = KeyFields::of_selections(&key.fields.selections);
        note_fields(types, ty, &fields, &mut |ty, field| {
            answered.insert((ty.clone(), field.clone()));
        });
    }
}

/// Tells of each field of a key, with the type that has it.
pub(super) fn note_fields(
    types: &Types,
    ty: &TypeDef,
    key: &KeyFields,
    note: &mut dyn FnMut(&Name, &Name),
) {
    for (name, below) in &key.fields {
        let Some(field) = ty.fields.get(name.as_str()) else { continue };
        note(&ty.name, &field.name);
        if let Some(inner) = types.get(field.ty.inner_named_type()) {
            note_fields(types, inner, below, note);
        }
    }
}

fn check_fields(ty: &TypeDef, answered: &HashSet<(Name, Name)>, problems: &mut Vec<Problem>) {
    for field in ty.fields.values() {
        let is_answered = field.external != External::No
            || schema::has(&field.applied, Known::Connect)
            || answered.contains(&(ty.name.clone(), field.name.clone()));
        if is_answered {
            continue;
        }
        let coordinate = format!("{}.{}", ty.name, field.name);
        let message = format!("no connector answers `{coordinate}`");
        let fix = if ty.is_root() {
            "give it a `@connect`".to_owned()
        } else {
            format!(
                "add `{}` to the selection of a connector that gives `{}`, or give it a `@connect`",
                field.name, ty.name
            )
        };
        let code = ErrorCode::ConnectorsUnresolvedField;
        problems.push(Problem::new(code, &coordinate, Place::of(field.span), message).fix(fix));
    }
}

/// Others ask for objects by each resolvable key, so some connector has to know it.
fn check_key(ty: &TypeDef, key: &Key, connectors: &[Settled], problems: &mut Vec<Problem>) {
    if !key.resolvable {
        return;
    }
    let fields = KeyFields::of_selections(&key.fields.selections);
    let answers = |settled: &Settled| {
        let is_its = match &settled.connector.kind {
            ConnectorKind::Entity { ty: name, .. } | ConnectorKind::Batch { ty: name, .. } => {
                *ty.name == **name
            }
            ConnectorKind::EntityByQuery { .. } => {
                settled.given.iter().any(|position| position.ty == ty.name)
            }
            _ => false,
        };
        is_its && settled.key.is_within(&fields)
    };
    if connectors.iter().any(answers) {
        return;
    }
    let text = fields.text();
    let message = format!("no connector answers `{}` by its key `{text}`", ty.name);
    let example = fields.leaves().first().map(|leaf| leaf.join(".")).unwrap_or_default();
    let problem = Problem::new(
        ErrorCode::MissingEntityConnector,
        &ty.name,
        Place::of(key.fields.span),
        message,
    );
    problems.push(problem.fix(format!(
        "put `@connect` on the type with `$batch.{example}` or `$this.{example}` in its request, or \
         `entity: true` on a field of `Query`; or write `resolvable: false` into the key"
    )));
}
