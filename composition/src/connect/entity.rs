//! Says what a connector answers, and what has to be known before.
//!
//! **In:** what a directive stands on, and what its texts read. **Out:** the [`ConnectorKind`]s with
//! their keys; problems.
//!
//! **Never here:** whether every `@key` has a connector (`coverage`).
//!
//! **Read first:** [`needs`].

use apollo_compiler::Name;
use indexmap::IndexMap;
use mapping::{Checked, Shape, Source as ReadSource, Variable};

use super::connection::{Site, Target, operation_of};
use super::connector::ConnectorKind;
use super::key::{KeyFields, Lookup};
use super::problem::{Place, Problem};
use super::texts::Read;
use crate::codes::ErrorCode;
use crate::schema::{FieldDef, InputDef, Kind, TypeDef, Types};
use crate::words;

/// What a connector answers, each with its key.
pub(super) fn needs(
    site: &Site<'_>,
    lookup: &mut Lookup<'_>,
    reads: &[Read],
    checked: &Checked,
) -> Vec<(ConnectorKind, KeyFields)> {
    let is_entity = site.arguments.flag("entity", lookup.problems);
    match site.target {
        Target::Type(ty) => of_type(site, ty, lookup, (reads, checked), is_entity),
        Target::Field(ty, field) => {
            of_field(site, (ty, field), lookup, reads, is_entity == Some(true))
        }
    }
}

fn of_type(
    site: &Site<'_>,
    ty: &TypeDef,
    lookup: &mut Lookup<'_>,
    (reads, checked): (&[Read], &Checked),
    is_entity: Option<bool>,
) -> Vec<(ConnectorKind, KeyFields)> {
    let arguments = &site.arguments;
    let mut report = |code: ErrorCode, place: Place, message: String, fix: String| {
        lookup.problems.push(arguments.problem(code, place, message).fix(fix));
    };
    if is_entity == Some(false) {
        let message = format!("`entity: false` on the type `{}`: it is always an entity", ty.name);
        let fix = "drop `entity`".to_owned();
        report(ErrorCode::ConnectOnTypeMustBeEntity, arguments.place(), message, fix);
    }
    let reads_of = |variable| reads.iter().find(move |read| read.variable == variable);
    let variable = match (reads_of(Variable::Batch), reads_of(Variable::This)) {
        (Some(_), Some(this)) => {
            let message = format!("`{}` reads `$batch` and `$this`", site.coordinate);
            let fix = "read `$batch` to ask for many objects at once, or `$this` to ask for each";
            report(ErrorCode::ConnectBatchAndThis, this.place, message, fix.to_owned());
            return Vec::new();
        }
        (Some(_), None) => Variable::Batch,
        (None, _) => Variable::This,
    };
    let before = lookup.problems.len();
    let key = KeyFields::of_fields(lookup, ty, reads, variable);
    if key.is_empty() {
        if lookup.problems.len() == before {
            let message = format!(
                "`{}` reads neither `$this` nor `$batch`, and so it cannot be told which object is \
                 wanted",
                site.coordinate
            );
            let fix = "name a field of the object, such as `/things/{$this.id}`".to_owned();
            let code = ErrorCode::ConnectorsCannotResolveKey;
            let problem = arguments.problem(code, arguments.place(), message);
            lookup.problems.push(problem.fix(fix));
        }
        return Vec::new();
    }
    let (name, leaves) = (ty.name.to_string(), key.leaves());
    if variable == Variable::This {
        return vec![(ConnectorKind::Entity { ty: name, key: leaves }, key)];
    }
    for leaf in &leaves {
        check_batch_key(site, leaf, checked, lookup.problems);
    }
    vec![(ConnectorKind::Batch { ty: name, key: leaves }, key)]
}

/// Answers find their objects by the key, so each has to bring it along from the response.
fn check_batch_key(site: &Site<'_>, leaf: &[String], checked: &Checked, out: &mut Vec<Problem>) {
    let arguments = &site.arguments;
    let node = arguments.get("selection");
    let path = leaf.join(".");
    let mut shapes = Vec::new();
    objects(&checked.output, &mut shapes);
    let (mut span, mut found) = (None, true);
    for name in leaf {
        let fields: Vec<_> = shapes.iter().filter_map(|shape| shape.field(name)).collect();
        let is_open = shapes.iter().any(|shape| {
            matches!(shape, Shape::Unknown)
                || matches!(shape, Shape::Object(object) if object.rest.is_some())
        });
        if fields.is_empty() {
            found = is_open;
            break;
        }
        span = fields.first().map(|field| (field.name_span, field.value_span));
        let below: Vec<&Shape> = fields.iter().map(|field| &field.shape).collect();
        shapes = Vec::new();
        below.into_iter().for_each(|shape| objects(shape, &mut shapes));
    }
    if !found {
        let message = format!(
            "`{}` reads `$batch.{path}`, and its selection does not give `{path}`: nobody could \
             tell which object an answer belongs to",
            site.coordinate
        );
        let place = node.map_or_else(|| arguments.place(), Place::node);
        let code = ErrorCode::ConnectorsBatchKeyNotInSelection;
        let fix = format!("select `{path}` from the response, too");
        out.push(arguments.problem(code, place, message).fix(fix));
        return;
    }
    let Some((name_span, value_span)) = span else { return };
    let mut reads = checked.reads_within(value_span).peekable();
    if reads.peek().is_some() && reads.all(|read| read.source != ReadSource::Body) {
        let message = format!(
            "`{path}` in the selection of `{}` does not come from the response: nobody could tell \
             which object an answer belongs to",
            site.coordinate
        );
        let place = node.map_or_else(
            || arguments.place(),
            |node| Place::inside(node, name_span.start as usize),
        );
        let fix = format!("select `{path}` from the response");
        let code = ErrorCode::ConnectorsNonRootBatchKey;
        out.push(arguments.problem(code, place, message).fix(fix));
    }
}

fn objects<'s>(shape: &'s Shape, out: &mut Vec<&'s Shape>) {
    for branch in shape.branches() {
        match branch {
            Shape::Array(list) => {
                list.prefix.iter().chain([&list.rest]).for_each(|it| objects(it, out));
            }
            other => out.push(other),
        }
    }
}

fn of_field(
    site: &Site<'_>,
    (ty, field): (&TypeDef, &FieldDef),
    lookup: &mut Lookup<'_>,
    reads: &[Read],
    is_entity: bool,
) -> Vec<(ConnectorKind, KeyFields)> {
    let arguments = lookup.arguments(&field.arguments, reads);
    let name = field.name.to_string();
    if !ty.is_root() {
        if is_entity {
            not_on_query(site, lookup.problems);
        }
        let key = KeyFields::of_fields(lookup, ty, reads, Variable::This);
        let kind = ConnectorKind::Field { ty: ty.name.to_string(), field: name, key: key.leaves() };
        return vec![(kind, key)];
    }
    let operation = operation_of(ty);
    let root = ConnectorKind::RootField { operation, field: name.clone() };
    let mut needs = vec![(root, KeyFields::default())];
    if is_entity {
        if ty.name != "Query" {
            not_on_query(site, lookup.problems);
            return needs;
        }
        if check_entity(site, field, lookup) {
            let ty = field.ty.inner_named_type().to_string();
            let key = arguments.leaves();
            needs.push((ConnectorKind::EntityByQuery { ty, field: name, key }, arguments));
        }
    }
    needs
}

fn not_on_query(site: &Site<'_>, problems: &mut Vec<Problem>) {
    let message = format!("`{}` has `entity: true`, and is no field of `Query`", site.coordinate);
    let code = ErrorCode::EntityNotOnRootQuery;
    let problem = site.arguments.problem(code, site.arguments.place(), message);
    problems.push(problem.fix("drop `entity`, or connect a field of `Query`"));
}

/// Whether a field of `Query` can answer for objects.
fn check_entity(site: &Site<'_>, field: &FieldDef, lookup: &mut Lookup<'_>) -> bool {
    let arguments = &site.arguments;
    let types = lookup.types;
    let named = types.get(field.ty.inner_named_type()).filter(|it| it.kind.is_composite());
    let named = named.filter(|_| !field.ty.is_non_null() && !field.ty.is_list());
    let Some(named) = named else {
        let message = format!(
            "`{}` has `entity: true` and is of type `{}`: an entity is one object, or null",
            site.coordinate, field.ty
        );
        let inner = field.ty.inner_named_type();
        let is_object = types.get(inner).is_some_and(|it| it.kind.is_composite());
        let fix = match is_object {
            true => format!("make the field `{inner}`, without `!` and `[]`"),
            false => "drop `entity`".to_owned(),
        };
        let code = ErrorCode::EntityTypeInvalid;
        lookup.problems.push(arguments.problem(code, arguments.place(), message).fix(fix));
        return false;
    };
    if field.arguments.is_empty() {
        let message = format!(
            "`{}` has `entity: true` and no arguments: nothing says which object is wanted",
            site.coordinate
        );
        let code = ErrorCode::EntityResolverArgumentMismatch;
        let problem = arguments.problem(code, arguments.place(), message);
        let fix = format!("add an argument for each key field of `{}`", named.name);
        lookup.problems.push(problem.fix(fix));
        return false;
    }
    if named.kind == Kind::Union {
        return true;
    }
    arguments_match(site, &field.arguments, named, lookup)
}

/// Arguments have the names and types of fields, input objects field by field.
fn arguments_match(
    site: &Site<'_>,
    inputs: &IndexMap<Name, InputDef>,
    ty: &TypeDef,
    lookup: &mut Lookup<'_>,
) -> bool {
    let types = lookup.types;
    let mut is_right = true;
    for input in inputs.values() {
        let (problem, below) = match ty.fields.get(&input.name) {
            None => (Some(format!("`{}` has no field `{}`", ty.name, input.name)), None),
            Some(field) => {
                let (left, right) = (input.ty.inner_named_type(), field.ty.inner_named_type());
                match (types.get(left), types.get(right)) {
                    (Some(input), Some(below))
                        if input.kind == Kind::InputObject && below.kind == Kind::Object =>
                    {
                        (None, Some((input, below)))
                    }
                    _ if left == right => (None, None),
                    _ => {
                        let field = format!("{}.{}", ty.name, field.name);
                        (Some(format!("it is `{left}`, and `{field}` is `{right}`")), None)
                    }
                }
            }
        };
        if let Some((input, below)) = below {
            is_right &= arguments_match(site, &input.inputs, below, lookup);
        }
        let Some(problem) = problem else { continue };
        is_right = false;
        let message = format!(
            "`{}` has `entity: true`, and its argument `{}` matches no field: {problem}",
            site.coordinate, input.name
        );
        let fix = fix_for_argument(types, input, ty);
        let code = ErrorCode::EntityResolverArgumentMismatch;
        let problem = site.arguments.problem(code, Place::of(input.span), message);
        lookup.problems.push(problem.fix(fix));
    }
    is_right
}

fn fix_for_argument(types: &Types, input: &InputDef, ty: &TypeDef) -> String {
    let leaves = ty.fields.values().filter(|field| {
        types.get(field.ty.inner_named_type()).is_none_or(|it| !it.kind.is_composite())
    });
    let names: Vec<&str> = leaves.map(|field| field.name.as_str()).collect();
    match words::nearest(&input.name, names.iter().copied()) {
        Some(nearest) if *nearest != *input.name => format!("name it `{nearest}`"),
        _ => format!("name and type it like a field of `{}`, or drop `entity`", ty.name),
    }
}
