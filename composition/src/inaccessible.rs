//! Checks that what `@inaccessible` leaves for clients holds together.
//!
//! **In:** the merged supergraph; the subgraphs, for locations. **Out:** errors where the API
//! schema would refer to something hidden, or be left with nothing.
//!
//! **Never here:** building the API schema; the gateway does that from the supergraph.
//!
//! **Read first:** [`check`].
//!
//! Spec: <https://specs.apollo.dev/inaccessible/v0.2>

use apollo_compiler::Node;
use apollo_compiler::ast::{Type, Value};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::merged::{MergedDirective, MergedField, MergedType, Supergraph, is_inaccessible};
use crate::report::Report;
use crate::schema::{Kind, Subgraph, is_executable, located};

pub(crate) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, report: &mut Report) {
    let mut checker = Checker { subgraphs, supergraph, report };
    supergraph.directives.values().for_each(|directive| checker.directive(directive));
    for definition in supergraph.types.values() {
        if is_inaccessible(&definition.applied) {
            if definition.name == "Query" {
                checker.report(
                    ErrorCode::QueryRootTypeInaccessible,
                    "Query",
                    "the query root type is `@inaccessible`, so clients could ask nothing"
                        .to_owned(),
                    "hide its fields instead",
                );
            }
            continue;
        }
        checker.children(definition);
        for field in definition.fields.values() {
            checker.field(definition, field);
        }
    }
}

struct Checker<'a> {
    subgraphs: &'a [Subgraph],
    supergraph: &'a Supergraph,
    report: &'a mut Report,
}

impl<'a> Checker<'a> {
    fn report(&mut self, code: ErrorCode, coordinate: &str, message: String, fix: &str) {
        let error = CompositionError::new(code, message).on(coordinate).fix(fix);
        self.report.error(located(error, self.subgraphs, coordinate));
    }

    fn is_hidden(&self, ty: &Type) -> bool {
        let definition = self.supergraph.types.get(ty.inner_named_type());
        definition.is_some_and(|definition| is_inaccessible(&definition.applied))
    }

    /// Where a schema carries the directive, its readers need all of its arguments.
    fn directive(&mut self, directive: &MergedDirective) {
        let on_types = directive.locations.iter().find(|location| !is_executable(**location));
        let Some(location) = on_types else { return };
        for argument in directive.arguments.values().filter(|a| is_inaccessible(&a.applied)) {
            let coordinate = format!("@{}({}:)", directive.name, argument.name);
            let message = format!(
                "`{coordinate}` is `@inaccessible`, but `@{}` may stand in schemas (`{}`), where \
                 nothing of a directive can be hidden",
                directive.name,
                location.name()
            );
            let mut error = CompositionError::new(ErrorCode::DisallowedInaccessible, message)
                .on(coordinate)
                .fix("remove `@inaccessible` from the argument");
            for subgraph in self.subgraphs {
                let definition = subgraph.directives.get(&directive.name);
                let written = definition.and_then(|definition| {
                    definition.arguments.iter().find(|it| it.name == argument.name)
                });
                if let Some(written) = written {
                    error = error.at(&subgraph.name, subgraph.source.locate(written.location()));
                }
            }
            self.report.error(error);
        }
    }

    /// A visible type must have something visible in it.
    fn children(&mut self, definition: &MergedType) {
        let hidden_member = |member: &apollo_compiler::Name| {
            let member = self.supergraph.types.get(member);
            member.is_some_and(|member| is_inaccessible(&member.applied))
        };
        let (what, all_hidden) = match definition.kind {
            Kind::Scalar => return,
            Kind::Union => ("members", definition.members.iter().all(hidden_member)),
            Kind::Enum => {
                ("values", definition.values.values().all(|v| is_inaccessible(&v.applied)))
            }
            Kind::Object | Kind::Interface | Kind::InputObject => {
                ("fields", definition.fields.values().all(|f| is_inaccessible(&f.applied)))
            }
        };
        if all_hidden {
            let name = &definition.name;
            self.report(
                ErrorCode::OnlyInaccessibleChildren,
                name,
                format!("`{name}` is visible to clients, but all its {what} are `@inaccessible`"),
                "hide the type, too, or show one of them",
            );
        }
    }

    fn field(&mut self, parent: &MergedType, field: &'a MergedField) {
        let is_plain = field.applied.is_empty() && field.arguments.is_empty();
        if is_plain && field.default.is_none() && !self.is_hidden(&field.ty) {
            return;
        }
        let coordinate = format!("{}.{}", parent.name, field.name);
        if is_inaccessible(&field.applied) {
            self.hidden_field(parent, field, &coordinate);
            return;
        }
        if self.is_hidden(&field.ty) {
            self.referenced(&coordinate, &field.ty);
        }
        self.default(&coordinate, &field.ty, field.default.as_ref());
        for argument in field.arguments.values() {
            let coordinate = format!("{coordinate}({}:)", argument.name);
            if !is_inaccessible(&argument.applied) {
                if self.is_hidden(&argument.ty) {
                    self.referenced(&coordinate, &argument.ty);
                }
                self.default(&coordinate, &argument.ty, argument.default.as_ref());
                continue;
            }
            if argument.ty.is_non_null() && argument.default.is_none() {
                self.required(&coordinate);
            }
            let visible_in = self.interfaces_of(parent, &field.name).find(|(_, of_interface)| {
                let argument = of_interface.arguments.get(&argument.name);
                argument.is_some_and(|argument| !is_inaccessible(&argument.applied))
            });
            if let Some((interface, _)) = visible_in {
                self.implemented(
                    &coordinate,
                    &format!("{}.{}({}:)", interface.name, field.name, argument.name),
                );
            }
        }
    }

    fn hidden_field(&mut self, parent: &MergedType, field: &MergedField, coordinate: &str) {
        if parent.kind == Kind::InputObject && field.ty.is_non_null() && field.default.is_none() {
            self.required(coordinate);
        }
        let visible_in = self
            .interfaces_of(parent, &field.name)
            .find(|(_, of_interface)| !is_inaccessible(&of_interface.applied));
        if let Some((interface, _)) = visible_in {
            self.implemented(coordinate, &format!("{}.{}", interface.name, field.name));
        }
    }

    /// The visible interfaces of a type that declare a field.
    fn interfaces_of(
        &self,
        parent: &MergedType,
        field: &str,
    ) -> impl Iterator<Item = (&'a MergedType, &'a MergedField)> {
        let supergraph = self.supergraph;
        parent
            .implements
            .iter()
            .filter_map(move |name| supergraph.types.get(name))
            .filter(|interface| !is_inaccessible(&interface.applied))
            .filter_map(|interface| Some((interface, interface.fields.get(field)?)))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn referenced(&mut self, coordinate: &str, ty: &Type) {
        self.report(
            ErrorCode::ReferencedInaccessible,
            coordinate,
            format!(
                "`{coordinate}` is visible to clients, but its type `{}` is `@inaccessible`",
                ty.inner_named_type()
            ),
            &format!("mark `{coordinate}` `@inaccessible`, too, or show the type"),
        );
    }

    fn required(&mut self, coordinate: &str) {
        self.report(
            ErrorCode::RequiredInaccessible,
            coordinate,
            format!(
                "`{coordinate}` is required but `@inaccessible`, so clients could never give it"
            ),
            "make it optional, or give it a default",
        );
    }

    fn implemented(&mut self, coordinate: &str, of_interface: &str) {
        self.report(
            ErrorCode::ImplementedByInaccessible,
            coordinate,
            format!(
                "`{coordinate}` is `@inaccessible`, but implements `{of_interface}`, which is \
                 visible to clients"
            ),
            &format!("hide `{of_interface}`, too"),
        );
    }

    fn default(&mut self, coordinate: &str, ty: &Type, default: Option<&Node<Value>>) {
        let Some(default) = default else { return };
        if let Some(hidden) = self.hidden_in(ty, default) {
            self.report(
                ErrorCode::DefaultValueUsesInaccessible,
                coordinate,
                format!("the default of `{coordinate}` uses `{hidden}`, which is `@inaccessible`"),
                "choose another default, or show what it uses",
            );
        }
    }

    /// The first hidden element that a value uses.
    fn hidden_in(&self, ty: &Type, value: &Value) -> Option<String> {
        let definition = self.supergraph.types.get(ty.inner_named_type())?;
        match value {
            Value::List(items) => items.iter().find_map(|item| self.hidden_in(ty, item)),
            Value::Enum(name) => {
                let value = definition.values.get(name)?;
                is_inaccessible(&value.applied).then(|| format!("{}.{name}", definition.name))
            }
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                let field = definition.fields.get(name)?;
                if is_inaccessible(&field.applied) {
                    return Some(format!("{}.{name}", definition.name));
                }
                self.hidden_in(&field.ty, value)
            }),
            _ => None,
        }
    }
}
