//! Checks the selections in a `fields` argument against the types of the subgraph.
//!
//! **In:** a field set and the type it selects from. **Out:** errors, under the codes of the
//! directive.
//!
//! **Never here:** where the directive stands (`field_sets`).
//!
//! **Read first:** [`check_selections`].

use apollo_compiler::Name;
use apollo_compiler::ast::{Field, InlineFragment, Selection};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::field_set::{FieldSet, FieldSetProblem};
use crate::schema::{External, FieldDef, Kind, Subgraph, TypeDef};
use crate::words;

/// What a directive allows in its field set, and the codes it complains with.
pub(crate) struct FieldSetRule {
    pub(crate) directive: &'static str,
    pub(crate) not_a_string: ErrorCode,
    pub(crate) invalid: ErrorCode,
    pub(crate) has_directive: ErrorCode,
    /// Set if fields with arguments are not allowed.
    pub(crate) has_arguments: Option<ErrorCode>,
    /// Set if leaves must be `@external`.
    pub(crate) missing_external: Option<ErrorCode>,
    /// Set if fields of interface or union type are not allowed.
    pub(crate) abstract_field: Option<ErrorCode>,
}

/// Checks a field set that selects from `parent` and stands at `coordinate`.
pub(crate) fn check_selections(
    subgraph: &Subgraph,
    rule: &FieldSetRule,
    coordinate: &str,
    parent: &Name,
    set: &FieldSet,
    errors: &mut Vec<CompositionError>,
) {
    let mut checker = Checker { subgraph, rule, coordinate, set, errors };
    let directive = rule.directive;
    match &set.problem {
        Some(FieldSetProblem::NotAString) => checker.report(
            rule.not_a_string,
            "its `fields` argument is not a string".to_owned(),
            format!("quote it: `@{directive}(fields: \"id\")`"),
        ),
        Some(FieldSetProblem::Empty) => checker.report(
            rule.invalid,
            "it selects no field".to_owned(),
            "select at least one field".to_owned(),
        ),
        Some(FieldSetProblem::Syntax(message)) => checker.report(
            rule.invalid,
            format!("it cannot be read: {message}"),
            "write field names separated by spaces, such as `id organization { id }`".to_owned(),
        ),
        None => checker.selections(parent, &set.selections, Above::Owned),
    }
}

/// Whether some field above a selection is external.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    Owned,
    External,
}

struct Checker<'a> {
    subgraph: &'a Subgraph,
    rule: &'a FieldSetRule,
    coordinate: &'a str,
    set: &'a FieldSet,
    errors: &'a mut Vec<CompositionError>,
}

impl Checker<'_> {
    fn report(&mut self, code: ErrorCode, what: String, fix: String) {
        let mut text = self.set.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.set.problem != Some(FieldSetProblem::NotAString) {
            text = format!("\"{text}\"");
        }
        let message = format!(
            "on `{}`, for `@{}(fields: {text})`: {what}",
            self.coordinate, self.rule.directive
        );
        self.errors
            .push(self.subgraph.error(code, self.set.span, &message).on(self.coordinate).fix(fix));
    }

    fn selections(&mut self, parent: &Name, selections: &[Selection], above: Above) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(parent, field, above),
                Selection::InlineFragment(fragment) => self.fragment(parent, fragment, above),
                Selection::FragmentSpread(spread) => self.report(
                    self.rule.invalid,
                    format!("the fragment `{}` is not defined", spread.fragment_name),
                    "write an inline fragment: `... on Type { field }`".to_owned(),
                ),
            }
        }
    }

    fn field(&mut self, parent: &Name, field: &Field, above: Above) {
        if let Some(directive) = field.directives.first() {
            self.directive(&directive.name);
        }
        if let Some(alias) = &field.alias {
            self.report(
                self.rule.invalid,
                format!("the alias `{alias}` is not allowed"),
                format!("select `{}` without alias", field.name),
            );
        }
        if field.name == "__typename" {
            return;
        }
        let Some(parent_type) = self.subgraph.types.get(parent) else { return };
        let Some(definition) = parent_type.fields.get(&field.name) else {
            self.unknown_field(parent_type, &field.name);
            return;
        };
        let coordinate = format!("{parent}.{}", field.name);
        if let Some(code) = self.rule.has_arguments
            && !definition.arguments.is_empty()
        {
            self.report(
                code,
                format!("`{coordinate}` has arguments"),
                "select a field without arguments".to_owned(),
            );
        }
        self.arguments(definition, field, &coordinate);
        self.shape(definition, field, &coordinate);
        let external = self.is_external(parent_type, definition);
        if field.selection_set.is_empty() && above == Above::Owned && !external {
            self.missing_external(definition, &coordinate);
        }
        let above = if external { Above::External } else { above };
        self.selections(definition.ty.inner_named_type(), &field.selection_set, above);
    }

    fn arguments(&mut self, definition: &FieldDef, field: &Field, coordinate: &str) {
        if self.rule.has_arguments.is_some() {
            return;
        }
        for argument in &field.arguments {
            if !definition.arguments.contains_key(&argument.name) {
                let names = definition.arguments.keys().map(|name| name.as_str());
                let fix = words::nearest(&argument.name, names).map_or_else(
                    || "remove it".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let what = format!("`{coordinate}` has no argument `{}`", argument.name);
                self.report(self.rule.invalid, what, fix);
            }
        }
        let given = |name: &Name| field.arguments.iter().any(|argument| argument.name == *name);
        for argument in definition.arguments.values() {
            if argument.is_required() && !given(&argument.name) {
                let what = format!("`{coordinate}` needs its argument `{}`", argument.name);
                self.report(self.rule.invalid, what, format!("add `({}: …)`", argument.name));
            }
        }
    }

    /// Braces stand exactly where there are fields below.
    fn shape(&mut self, definition: &FieldDef, field: &Field, coordinate: &str) {
        let returned = definition.ty.inner_named_type();
        let kind = self.subgraph.types.get(returned).map(|definition| definition.kind);
        let is_composite = kind.is_some_and(Kind::is_composite);
        if let (Some(code), Some(Kind::Interface | Kind::Union)) = (self.rule.abstract_field, kind)
        {
            self.report(
                code,
                format!("`{coordinate}` is of the abstract type `{returned}`"),
                "select fields of scalar or object type only".to_owned(),
            );
            return;
        }
        if is_composite && field.selection_set.is_empty() {
            self.report(
                self.rule.invalid,
                format!("`{coordinate}` is of type `{returned}`, but no fields of it are selected"),
                format!("write `{} {{ … }}`", field.name),
            );
        } else if !is_composite && !field.selection_set.is_empty() {
            self.report(
                self.rule.invalid,
                format!("`{coordinate}` is of type `{returned}`, which has no fields"),
                format!("write `{}` without braces", field.name),
            );
        }
    }

    fn unknown_field(&mut self, parent: &TypeDef, name: &Name) {
        let near = words::nearest(name, parent.fields.keys().map(|field| field.as_str()));
        let fix = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if parent.kind == Kind::Union => {
                format!("write `... on Member {{ {name} }}` for members of the union")
            }
            None => format!(
                "add `{name}` to `{}` in this subgraph (with `@external` if it is resolved \
                 elsewhere), or remove it here",
                parent.name
            ),
        };
        self.report(self.rule.invalid, format!("`{}` has no field `{name}`", parent.name), fix);
    }

    fn directive(&mut self, name: &Name) {
        let is_defined = matches!(name.as_str(), "skip" | "include")
            || self.subgraph.directives.contains_key(name)
            || self.subgraph.links.meaning(name).is_some();
        self.report(
            if is_defined { self.rule.has_directive } else { self.rule.invalid },
            format!("the directive `@{name}` is not allowed in a field set"),
            format!("remove `@{name}`"),
        );
    }

    fn fragment(&mut self, parent: &Name, fragment: &InlineFragment, above: Above) {
        if let Some(directive) = fragment.directives.first() {
            self.directive(&directive.name);
        }
        let condition = fragment.type_condition.as_ref().unwrap_or(parent);
        let known = self.subgraph.types.get(condition);
        if !known.is_some_and(|definition| definition.kind.is_composite()) {
            let names = self.subgraph.types.keys().map(|name| name.as_str());
            let fix = words::nearest(condition, names).map_or_else(
                || "remove the fragment".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let what = format!("there is no object, interface or union `{condition}`");
            self.report(self.rule.invalid, what, fix);
            return;
        }
        self.selections(condition, &fragment.selection_set, above);
    }

    fn is_external(&self, parent: &TypeDef, field: &FieldDef) -> bool {
        if field.external == External::Yes {
            return true;
        }
        // For an interface's field it is enough that one implementation's is external.
        let implementers = self.subgraph.usage.implementers.get(&parent.name);
        parent.kind == Kind::Interface
            && implementers.into_iter().flatten().any(|implementer| {
                self.subgraph
                    .types
                    .get(implementer)
                    .and_then(|definition| definition.fields.get(&field.name))
                    .is_some_and(|field| field.external == External::Yes)
            })
    }

    fn missing_external(&mut self, field: &FieldDef, coordinate: &str) {
        let Some(code) = self.rule.missing_external else { return };
        if self.subgraph.is_federation_one() {
            return;
        }
        let directive = self.rule.directive;
        let (what, fix) = if field.external == External::KeyOfExtension {
            (
                format!(
                    "`{coordinate}` is a key field of an extension, so the subgraph resolves it \
                     although it is marked `@external`"
                ),
                format!("remove `{}` from the field set, or the `@{directive}`", field.name),
            )
        } else {
            (
                format!("`{coordinate}` is not `@external`, so the subgraph resolves it by itself"),
                format!(
                    "mark `{coordinate}` `@external` if another subgraph resolves it, or remove \
                     it from the field set"
                ),
            )
        };
        self.report(code, what, fix);
    }
}
