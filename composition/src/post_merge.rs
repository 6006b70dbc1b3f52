//! Checks the supergraph as a whole: interfaces hold, the text is valid GraphQL.
//!
//! **In:** the merged supergraph. **Out:** errors.
//!
//! **Never here:** what clients see (`inaccessible`).

use std::collections::BTreeSet;

use apollo_compiler::ast::{Document, Type, Value};
use apollo_compiler::validation::DiagnosticList;
use apollo_compiler::{Node, Schema};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::merged::Supergraph;
use crate::report::Report;
use crate::schema::{Kind, Subgraph};
use crate::words;

/// Every field of a merged interface is on every type that implements it.
pub(crate) fn check_interfaces(
    subgraphs: &[Subgraph],
    supergraph: &Supergraph,
    report: &mut Report,
) {
    for definition in supergraph.types.values() {
        if !matches!(definition.kind, Kind::Object | Kind::Interface) {
            continue;
        }
        for interface in &definition.implements {
            let Some(interface) = supergraph.types.get(interface) else { continue };
            for field in interface.fields.keys().filter(|f| !definition.fields.contains_key(*f)) {
                let (name, interface) = (&definition.name, &interface.name);
                let having: Vec<&Subgraph> = subgraphs
                    .iter()
                    .filter(|s| {
                        s.types.get(interface).is_some_and(|d| d.fields.contains_key(field))
                    })
                    .collect();
                let message = format!(
                    "interface `{interface}` has the field `{field}` in {}, but `{name}`, which \
                     implements it, has it nowhere",
                    words::subgraphs(having.iter().map(|subgraph| &subgraph.name)),
                );
                let mut error = CompositionError::new(ErrorCode::InterfaceFieldNoImplem, message)
                    .on(format!("{name}.{field}"))
                    .fix(format!("add `{field}` to `{name}` in some subgraph"));
                for subgraph in having {
                    let span =
                        subgraph.types.get(interface).and_then(|d| d.fields.get(field)?.span);
                    error = error.at(&subgraph.name, subgraph.source.locate(span));
                }
                report.error(error);
            }
        }
    }
}

/// A default must not name an enum value that the merge left out.
pub(crate) fn check_defaults(supergraph: &Supergraph, report: &mut Report) {
    for definition in supergraph.types.values() {
        for field in definition.fields.values() {
            let coordinate = || format!("{}.{}", definition.name, field.name);
            for argument in field.arguments.values() {
                let coordinate = || format!("{}({}:)", coordinate(), argument.name);
                check_default(supergraph, &coordinate, &argument.ty, &argument.default, report);
            }
            check_default(supergraph, &coordinate, &field.ty, &field.default, report);
        }
    }
    for directive in supergraph.directives.values() {
        for argument in directive.arguments.values() {
            let coordinate = || format!("@{}({}:)", directive.name, argument.name);
            check_default(supergraph, &coordinate, &argument.ty, &argument.default, report);
        }
    }
}

fn check_default(
    supergraph: &Supergraph,
    coordinate: &dyn Fn() -> String,
    ty: &Type,
    default: &Option<Node<Value>>,
    report: &mut Report,
) {
    let missing = default.as_ref().and_then(|value| missing_value(supergraph, ty, value));
    let Some(missing) = missing else { return };
    let coordinate = coordinate();
    let message =
        format!("the default of `{coordinate}` uses `{missing}`, which not every subgraph has");
    report.error(
        CompositionError::new(ErrorCode::InvalidGraphql, message)
            .on(coordinate)
            .fix("add it in all subgraphs that have the type, or choose another default"),
    );
}

/// The first enum value or input field of a default that the supergraph does not have.
fn missing_value(supergraph: &Supergraph, ty: &Type, value: &Value) -> Option<String> {
    let definition = supergraph.types.get(ty.inner_named_type())?;
    match value {
        Value::List(items) => items.iter().find_map(|item| missing_value(supergraph, ty, item)),
        Value::Enum(name) if definition.kind == Kind::Enum => {
            let missing = !definition.values.contains_key(name);
            missing.then(|| format!("{}.{name}", definition.name))
        }
        Value::Object(fields) if definition.kind == Kind::InputObject => {
            fields.iter().find_map(|(name, value)| match definition.fields.get(name) {
                Some(field) => missing_value(supergraph, &field.ty, value),
                None => Some(format!("{}.{name}", definition.name)),
            })
        }
        _ => None,
    }
}

/// The supergraph must be valid GraphQL by itself.
pub(crate) fn check_graphql(document: &Document, report: &mut Report) {
    match Schema::builder().add_ast(document).build().map(Schema::validate) {
        Ok(Ok(_)) => {}
        Ok(Err(with_errors)) => push_invalid(&with_errors.errors, report),
        Err(with_errors) => push_invalid(&with_errors.errors, report),
    }
}

fn push_invalid(errors: &DiagnosticList, report: &mut Report) {
    // One cause may be found at several places of the text.
    let errors = errors.iter().map(|diagnostic| diagnostic.error);
    // Defaults were checked; what a composed directive's values lack, its subgraph was forgiven.
    let errors = errors.filter(|error| error.unstable_error_name() != Some("RequiredField"));
    let messages: BTreeSet<String> = errors.map(|error| error.to_string()).collect();
    for message in messages {
        report.error(
            CompositionError::new(
                ErrorCode::InvalidGraphql,
                format!(
                    "the subgraphs fit together, but the supergraph would not be valid: {message}"
                ),
            )
            .fix("make the elements named agree in all subgraphs"),
        );
    }
}
