//! Checks where `@key`, `@requires` and `@provides` stand, and hands their selections on.
//!
//! **In:** one subgraph. **Out:** errors about the three directives.
//!
//! **Never here:** the selections themselves (`selections`).
//!
//! **Read first:** [`check_field_sets`].

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::link::Edition;
use crate::rules::selections::{FieldSetRule, check_selections};
use crate::schema::{FieldDef, Kind, Subgraph, TypeDef};

pub(super) const KEY: FieldSetRule = FieldSetRule {
    directive: "key",
    not_a_string: ErrorCode::KeyInvalidFieldsType,
    invalid: ErrorCode::KeyInvalidFields,
    has_arguments: Some(ErrorCode::KeyFieldsHasArgs),
    has_directive: ErrorCode::KeyDirectiveInFieldsArg,
    missing_external: None,
    abstract_field: Some(ErrorCode::KeyFieldsSelectInvalidType),
};

const PROVIDES: FieldSetRule = FieldSetRule {
    directive: "provides",
    not_a_string: ErrorCode::ProvidesInvalidFieldsType,
    invalid: ErrorCode::ProvidesInvalidFields,
    has_arguments: Some(ErrorCode::ProvidesFieldsHasArgs),
    has_directive: ErrorCode::ProvidesDirectiveInFieldsArg,
    missing_external: Some(ErrorCode::ProvidesFieldsMissingExternal),
    abstract_field: None,
};

const REQUIRES: FieldSetRule = FieldSetRule {
    directive: "requires",
    not_a_string: ErrorCode::RequiresInvalidFieldsType,
    invalid: ErrorCode::RequiresInvalidFields,
    has_arguments: None,
    has_directive: ErrorCode::RequiresDirectiveInFieldsArg,
    missing_external: Some(ErrorCode::RequiresFieldsMissingExternal),
    abstract_field: None,
};

pub(crate) fn check_field_sets(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        check_keys(subgraph, definition, errors);
        for field in definition.fields.values() {
            check_requires(subgraph, definition, field, errors);
            check_provides(subgraph, definition, field, errors);
        }
    }
}

fn check_keys(subgraph: &Subgraph, definition: &TypeDef, errors: &mut Vec<CompositionError>) {
    let name = &definition.name;
    for key in &definition.keys {
        let is_interface = definition.kind == Kind::Interface;
        if is_interface && subgraph.is_federation_one() {
            continue;
        }
        if is_interface && subgraph.links.edition < Edition::Two(3) {
            let message = format!(
                "`@key` stands on the interface `{name}`, which federation supports since v2.3"
            );
            errors.push(
                subgraph
                    .error(ErrorCode::KeyUnsupportedOnInterface, key.fields.span, &message)
                    .on(name.as_str())
                    .fix("link federation v2.3 or later"),
            );
        }
        check_selections(subgraph, &KEY, name.as_str(), name, &key.fields, errors);
    }
}

fn check_requires(
    subgraph: &Subgraph,
    definition: &TypeDef,
    field: &FieldDef,
    errors: &mut Vec<CompositionError>,
) {
    let Some(requires) = &field.requires else { return };
    let coordinate = format!("{}.{}", definition.name, field.name);
    if definition.kind == Kind::Interface {
        if subgraph.is_federation_one() {
            return;
        }
        let message = format!("`@requires` stands on `{coordinate}`, a field of an interface");
        errors.push(
            subgraph
                .error(ErrorCode::RequiresUnsupportedOnInterface, requires.span, &message)
                .on(&coordinate)
                .fix("move it to the fields of the implementing types"),
        );
    }
    check_selections(subgraph, &REQUIRES, &coordinate, &definition.name, requires, errors);
}

fn check_provides(
    subgraph: &Subgraph,
    definition: &TypeDef,
    field: &FieldDef,
    errors: &mut Vec<CompositionError>,
) {
    let Some(provides) = &field.provides else { return };
    let coordinate = format!("{}.{}", definition.name, field.name);
    if definition.kind == Kind::Interface {
        if subgraph.is_federation_one() {
            return;
        }
        let message = format!("`@provides` stands on `{coordinate}`, a field of an interface");
        errors.push(
            subgraph
                .error(ErrorCode::ProvidesUnsupportedOnInterface, provides.span, &message)
                .on(&coordinate)
                .fix("move it to the fields of the implementing types"),
        );
    }
    let returned = field.ty.inner_named_type();
    let is_composite = subgraph.types.get(returned).is_some_and(|d| d.kind.is_composite());
    if !is_composite {
        if subgraph.is_federation_one() {
            return;
        }
        let message =
            format!("`@provides` stands on `{coordinate}`, but `{returned}` has no fields");
        errors.push(
            subgraph
                .error(ErrorCode::ProvidesOnNonObjectField, provides.span, &message)
                .on(&coordinate)
                .fix("remove `@provides`"),
        );
        return;
    }
    check_selections(subgraph, &PROVIDES, &coordinate, returned, provides, errors);
}
