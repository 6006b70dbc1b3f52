//! Checks `@cacheTag`.
//!
//! **In:** one Federation 2 subgraph. **Out:** `CACHE_TAG_*` errors.
//!
//! **Never here:** tags of answers (the gateway's cache has those).
//!
//! **Holds:** what a format names is known whenever an answer is: arguments of the root field, or
//! fields that every way into the entity brings along.
//!
//! **Read first:** [`check_cache_tags`].

use apollo_compiler::ast::{Selection, Type};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{Applied, FieldDef, Kind, Subgraph, TypeDef};
use crate::vocabulary::Known;

pub(crate) fn check_cache_tags(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        for tag in definition.applied.iter().filter(|it| it.is(Known::CacheTag)) {
            let coordinate = definition.name.as_str();
            CacheTag { subgraph, coordinate, tag, errors }.on_entity(definition);
        }
        for field in definition.fields.values().filter(|field| !field.applied.is_empty()) {
            let coordinate = format!("{}.{}", definition.name, field.name);
            for tag in field.applied.iter().filter(|it| it.is(Known::CacheTag)) {
                let tag = CacheTag { subgraph, coordinate: &coordinate, tag, errors };
                tag.on_field(definition, field);
            }
        }
    }
}

struct CacheTag<'a> {
    subgraph: &'a Subgraph,
    coordinate: &'a str,
    tag: &'a Applied,
    errors: &'a mut Vec<CompositionError>,
}

impl CacheTag<'_> {
    fn on_entity(mut self, definition: &TypeDef) {
        let keys: Vec<_> = definition.keys.iter().filter(|key| key.resolvable).collect();
        if keys.is_empty() {
            let message = format!(
                "`@cacheTag` stands on `{}`, which has no resolvable `@key`, so nobody asks for it \
                 by itself",
                self.coordinate
            );
            let fix = "give the type a `@key`, or tag the root fields that return it";
            self.report(ErrorCode::CacheTagEntityNotResolvable, message, fix);
            return;
        }
        for path in self.paths("key", ErrorCode::CacheTagInvalidFormatArgumentOnEntity) {
            let lacks = keys.iter().find(|key| !is_selected(&key.fields.selections, &path));
            if let Some(key) = lacks {
                let message = format!(
                    "the cache tag of `{}` uses `$key.{}`, which `@key(fields: \"{}\")` does not \
                     have as a plain value",
                    self.coordinate,
                    path.join("."),
                    key.fields.text
                );
                let fix = "use fields that are in all resolvable keys of the type";
                self.report(ErrorCode::CacheTagInvalidFormatArgumentOnEntity, message, fix);
            }
        }
    }

    fn on_field(mut self, definition: &TypeDef, field: &FieldDef) {
        if !definition.is_root() {
            let message = format!(
                "`@cacheTag` stands on `{}`, which is no field of a root type",
                self.coordinate
            );
            let fix = "put it on the root field that leads here, or on the entity type";
            self.report(ErrorCode::CacheTagAppliedToNonRootField, message, fix);
            return;
        }
        for path in self.paths("args", ErrorCode::CacheTagInvalidFormatArgumentOnRootField) {
            let argument = field.arguments.get(path[0].as_str());
            if !argument.is_some_and(|it| leads_to_value(self.subgraph, &it.ty, &path[1..])) {
                let message = format!(
                    "the cache tag of `{}` uses `$args.{}`, which is no plain value among its \
                     arguments",
                    self.coordinate,
                    path.join(".")
                );
                let fix =
                    "name an argument, or a field of an input object, of a scalar or enum type";
                self.report(ErrorCode::CacheTagInvalidFormatArgumentOnRootField, message, fix);
            }
        }
    }

    /// What the format reads from `$variable`; all else in it is reported.
    fn paths(&mut self, variable: &str, misplaced: ErrorCode) -> Vec<Vec<String>> {
        let format = self.tag.argument("format").and_then(|value| value.as_str());
        let format = format.unwrap_or_default().to_owned();
        let Some(expressions) = expressions(&format) else {
            let message = format!(
                "the cache tag of `{}`, \"{format}\", has unpaired braces",
                self.coordinate
            );
            let fix = "write what varies as `{$args.name}` or `{$key.name}`";
            self.report(ErrorCode::CacheTagInvalidFormat, message, fix);
            return Vec::new();
        };
        let mut paths = Vec::new();
        for expression in expressions {
            let mut names = expression.trim().split('.').map(str::to_owned);
            let first = names.next().unwrap_or_default();
            let path: Vec<String> = names.collect();
            if path.is_empty() || !path.iter().all(|name| is_name(name)) || !first.starts_with('$')
            {
                let message = format!(
                    "the cache tag of `{}` has `{{{expression}}}`, which is no path",
                    self.coordinate
                );
                let fix = format!("write `{{${variable}.name}}`");
                self.report(ErrorCode::CacheTagInvalidFormat, message, &fix);
            } else if first.strip_prefix('$') == Some(variable) {
                paths.push(path);
            } else {
                let message = format!(
                    "the cache tag of `{}` uses `{first}`, but only `${variable}` is known there",
                    self.coordinate
                );
                let fix = format!("use `{{${variable}.name}}`");
                self.report(misplaced, message, &fix);
            }
        }
        paths
    }

    fn report(&mut self, code: ErrorCode, message: String, fix: &str) {
        let error = self.subgraph.error(code, self.tag.span(), &message);
        self.errors.push(error.on(self.coordinate).fix(fix));
    }
}

/// What stands in braces; nothing where they do not pair.
fn expressions(format: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{')?;
        let end = inside.find(['{', '}'])?;
        rest = inside[end..].strip_prefix('}')?;
        found.push(&inside[..end]);
    }
    Some(found)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a key selects the field at the end of the path, and nothing below it.
fn is_selected(selections: &[Selection], path: &[String]) -> bool {
    let Some((name, rest)) = path.split_first() else { return selections.is_empty() };
    selections.iter().any(|selection| match selection {
        Selection::Field(field) => {
            field.name == name.as_str() && is_selected(&field.selection_set, rest)
        }
        _ => false,
    })
}

/// Whether an input type has a scalar or enum at the end of the path.
fn leads_to_value(subgraph: &Subgraph, ty: &Type, path: &[String]) -> bool {
    let definition = subgraph.types.get(ty.inner_named_type());
    let is_input_object = definition.filter(|it| it.kind == Kind::InputObject);
    match (is_input_object, path) {
        _ if ty.is_list() => false,
        (None, []) => true,
        (Some(definition), [name, rest @ ..]) => {
            let field = definition.inputs.get(name.as_str());
            field.is_some_and(|field| leads_to_value(subgraph, &field.ty, rest))
        }
        _ => false,
    }
}
