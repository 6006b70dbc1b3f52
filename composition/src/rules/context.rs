//! Checks `@context` and `@fromContext`.
//!
//! **In:** one Federation 2 subgraph. **Out:** `CONTEXT_*` errors, `NO_CONTEXT_IN_SELECTION`.
//!
//! **Never here:** whether every way to a contextual field passes through its context
//! (`contexts`), arguments that other subgraphs declare (`merge::argument`).
//!
//! **Read first:** [`check_context`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9#@context>

use apollo_compiler::Name;
use apollo_compiler::ast::{Selection, Type};

use crate::codes::ErrorCode;
use crate::contextual::{Contextual, contexts_of, contextual, from_context, setters};
use crate::failure::CompositionError;
use crate::schema::{FieldDef, InputDef, Kind, Subgraph, TypeDef};
use crate::words;

pub(crate) fn check_context(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        for (name, applied) in contexts_of(definition) {
            let mut letters = name.chars();
            let is_valid = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
                && letters.all(|c| c.is_ascii_alphanumeric());
            if !is_valid {
                let message = format!(
                    "the context name `{name}` on `{}` is not a letter followed by letters and \
                     digits",
                    definition.name
                );
                errors.push(
                    subgraph
                        .error(ErrorCode::ContextNameInvalid, applied.span(), &message)
                        .on(definition.name.as_str())
                        .fix("choose a name such as `userContext`, without `_`"),
                );
            }
        }
        for field in definition.fields.values() {
            for argument in field.arguments.values() {
                Site { subgraph, definition, field, argument, errors }.check();
            }
        }
    }
    check_directive_arguments(subgraph, errors);
}

fn check_directive_arguments(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    let from_context = subgraph
        .links
        .directives()
        .find_map(|(name, known)| (known == crate::vocabulary::Known::FromContext).then_some(name));
    let Some(from_context) = from_context else { return };
    for directive in subgraph.directives.values() {
        for argument in directive.arguments.iter().filter(|a| a.directives.has(from_context)) {
            let coordinate = format!("@{}({}:)", directive.name, argument.name);
            let message = format!("`{coordinate}` is a directive's argument; no context fills it");
            errors.push(
                subgraph
                    .error(ErrorCode::ContextNotSet, argument.location(), &message)
                    .on(coordinate)
                    .fix(format!("remove `@{from_context}` there")),
            );
        }
    }
}

/// An argument that may be contextual.
struct Site<'a> {
    subgraph: &'a Subgraph,
    definition: &'a TypeDef,
    field: &'a FieldDef,
    argument: &'a InputDef,
    errors: &'a mut Vec<CompositionError>,
}

impl Site<'_> {
    fn check(&mut self) {
        let Some(applied) = from_context(self.argument) else { return };
        self.check_place();
        let Some(contextual) = contextual(applied) else {
            return self.report(
                ErrorCode::NoContextInSelection,
                "names no context and selection".to_owned(),
                "write `@fromContext(field: \"$name { field }\")`".to_owned(),
            );
        };
        let setters: Vec<_> = setters(&self.subgraph.types, &contextual.context).collect();
        if setters.is_empty() {
            let known = self.subgraph.types.values().flat_map(contexts_of).map(|(name, _)| name);
            let near = words::nearest(&contextual.context, known);
            let fix = near.map_or_else(
                || {
                    format!(
                        "add `@context(name: \"{}\")` to a type on the way to `{}`",
                        contextual.context, self.definition.name
                    )
                },
                |near| format!("did you mean `${near}`?"),
            );
            let what =
                format!("reads the context `{}`, which no type sets here", contextual.context);
            return self.report(ErrorCode::ContextNotSet, what, fix);
        }
        if !self.definition.keys.iter().any(|key| key.resolvable) {
            self.report(
                ErrorCode::ContextNoResolvableKey,
                format!("is contextual, but `{}` has no resolvable `@key`", self.definition.name),
                format!("add a `@key` to `{}`", self.definition.name),
            );
        }
        if let Err(problem) = self.check_selection(&contextual, &setters) {
            self.report(
                ErrorCode::ContextInvalidSelection,
                format!("reads the context `{}` wrongly: {problem}", contextual.context),
                "select one leaf field of each type that sets the context, of the argument's type"
                    .to_owned(),
            );
        }
    }

    fn check_place(&mut self) {
        if self.argument.default.is_some() {
            self.report(
                ErrorCode::ContextNotSet,
                "is contextual and has a default".to_owned(),
                "drop the default".to_owned(),
            );
        }
        if self.definition.kind == Kind::Interface {
            self.report(
                ErrorCode::ContextNotSet,
                "is contextual on an interface's field".to_owned(),
                "put `@fromContext` on fields of object types that implement no interface field"
                    .to_owned(),
            );
        }
        let types = &self.subgraph.types;
        let interface = self.definition.implements.keys().find(|interface| {
            types.get(*interface).is_some_and(|i| i.fields.contains_key(&self.field.name))
        });
        if let Some(interface) = interface {
            self.report(
                ErrorCode::ContextNotSet,
                format!(
                    "is contextual, but the field implements `{interface}.{}`",
                    self.field.name
                ),
                format!("remove `{}` from `{interface}`, or the context", self.field.name),
            );
        }
    }

    /// Every type that sets the context must have the selection, of the argument's type.
    fn check_selection(
        &self,
        contextual: &Contextual,
        setters: &[(&Name, &TypeDef)],
    ) -> Result<(), String> {
        let selections = contextual.selections()?;
        let mut conditions: Vec<(&Name, &[Selection])> = Vec::new();
        for selection in &selections {
            match selection {
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref();
                    let on = on.ok_or("a fragment needs a type condition")?;
                    if conditions.iter().any(|(known, _)| *known == on) {
                        return Err(format!("`... on {on}` stands twice"));
                    }
                    if self.subgraph.types.get(on).is_some_and(|d| d.kind != Kind::Object) {
                        return Err(format!("`... on {on}` names an abstract type"));
                    }
                    conditions.push((on, &fragment.selection_set));
                }
                Selection::FragmentSpread(_) => return Err("it spreads a fragment".to_owned()),
                Selection::Field(_) => {}
            }
        }
        if conditions.is_empty() {
            return setters.iter().try_for_each(|(_, ty)| self.check_on(ty, &selections));
        }
        if conditions.len() < selections.len() {
            return Err("it mixes fields and fragments".to_owned());
        }
        let mut used = Vec::new();
        for (_, setter) in setters {
            let members = self.objects_of(setter);
            for (on, below) in conditions.iter().filter(|(on, _)| members.contains(on)) {
                used.push(*on);
                let definition = self.subgraph.types.get(*on).ok_or("it names no type")?;
                self.check_on(definition, below)?;
            }
            if !conditions.iter().any(|(on, _)| members.contains(on)) {
                return Err(format!("it selects nothing on `{}`", setter.name));
            }
        }
        match conditions.iter().find(|(on, _)| !used.contains(on)) {
            Some((on, _)) => Err(format!("`{on}` does not set the context")),
            None => Ok(()),
        }
    }

    /// The object types behind a type that sets a context.
    fn objects_of<'t>(&'t self, setter: &'t TypeDef) -> Vec<&'t Name> {
        match setter.kind {
            Kind::Union => setter.members.keys().collect(),
            Kind::Interface => {
                let types = self.subgraph.types.values();
                let below = types.filter(|ty| ty.implements.contains_key(&setter.name));
                below.map(|ty| &ty.name).collect()
            }
            _ => vec![&setter.name],
        }
    }

    fn check_on(&self, setter: &TypeDef, selections: &[Selection]) -> Result<(), String> {
        let selected = self.selected_type(setter, selections)?;
        if fits(&selected, &self.argument.ty) {
            return Ok(());
        }
        Err(format!("it gives `{selected}`, but the argument is `{}`", self.argument.ty))
    }

    /// The type that a selection of one leaf gives.
    fn selected_type(&self, on: &TypeDef, selections: &[Selection]) -> Result<Type, String> {
        let [Selection::Field(field)] = selections else {
            return Err("it must select exactly one field".to_owned());
        };
        if on.interface_object {
            return Err(format!("`{}` is an `@interfaceObject`", on.name));
        }
        if field.alias.is_some() {
            return Err("it uses an alias".to_owned());
        }
        if !field.directives.is_empty() {
            return Err("it uses a directive".to_owned());
        }
        let definition = on
            .fields
            .get(&field.name)
            .ok_or_else(|| format!("`{}` has no field `{}`", on.name, field.name))?;
        let below = self.subgraph.types.get(definition.ty.inner_named_type());
        match below.filter(|ty| ty.kind.is_composite()) {
            None if field.selection_set.is_empty() => Ok(definition.ty.clone()),
            None => Err(format!("`{}.{}` has no fields", on.name, field.name)),
            Some(below) => {
                let inner = self.selected_type(below, &field.selection_set)?;
                Ok(within(&definition.ty, inner))
            }
        }
    }

    fn report(&mut self, code: ErrorCode, what: String, fix: String) {
        let name = &self.argument.name;
        let coordinate = format!("{}.{}({name}:)", self.definition.name, self.field.name);
        let message = format!("the argument `{coordinate}` {what}");
        let error = self.subgraph.error(code, self.argument.span, &message);
        self.errors.push(error.on(coordinate).fix(fix));
    }
}

/// The type of a value below a field of type `outer`: its lists around it, null where it may be.
fn within(outer: &Type, inner: Type) -> Type {
    match outer {
        Type::Named(_) => match inner {
            Type::NonNullNamed(name) => Type::Named(name),
            Type::NonNullList(item) => Type::List(item),
            nullable => nullable,
        },
        Type::NonNullNamed(_) => inner,
        Type::List(item) => Type::List(Box::new(within(item, inner))),
        Type::NonNullList(item) => Type::NonNullList(Box::new(within(item, inner))),
    }
}

/// Whether a value of one type may stand where another is asked for.
fn fits(value: &Type, asked: &Type) -> bool {
    match (value, asked) {
        (Type::NonNullNamed(value), Type::NonNullNamed(asked) | Type::Named(asked))
        | (Type::Named(value), Type::Named(asked)) => value == asked,
        (Type::NonNullList(value), Type::NonNullList(asked) | Type::List(asked))
        | (Type::List(value), Type::List(asked)) => fits(value, asked),
        _ => false,
    }
}
