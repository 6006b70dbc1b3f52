//! Merges one field of an object or interface type.
//!
//! **In:** the definitions of a field, and which of them are overridden. **Out:** [`MergedField`],
//! with `@join__field`s unless every subgraph with the type resolves it alike.
//!
//! **Never here:** who may resolve a field (`sharing`), arguments (`argument`).
//!
//! **Holds:** an `@external` definition never shapes the result; it is only compared with it.
//!
//! **Read first:** [`Merger::merge_field`].

use apollo_compiler::ast::{Directive, Value};
use apollo_compiler::{Name, Node, name};
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::contextual::{contextual, from_context};
use crate::failure::CompositionError;
use crate::merge::join::JoinField;
use crate::merge::overriding::Overrides;
use crate::merge::type_reference::{Direction, MergedReference, is_subtype, merge_references};
use crate::merge::{Merger, Parent, Sources};
use crate::merged::MergedField;
use crate::schema::{External, FieldDef};
use crate::vocabulary::Known;

impl<'a> Merger<'a> {
    pub(super) fn merge_field(
        &mut self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        overrides: &Overrides,
    ) -> Option<MergedField> {
        let (_, first) = fields[0];
        let coordinate = format!("{}.{}", parent.name, first.name);
        let mut owned: Sources<'a, FieldDef> =
            fields.iter().filter(|(_, f)| f.external != External::Yes).copied().collect();
        if owned.is_empty() {
            if !self.resolved_by_interface_object(parent, &first.name) {
                self.missing_on_base(parent, fields, &coordinate);
                return None;
            }
            owned.clone_from(fields);
        }
        let described: Vec<_> =
            owned.iter().map(|(i, f)| (*i, f.description.as_deref(), f.span)).collect();
        let description = self.merge_description(&described, &coordinate);
        let applied: Vec<_> = owned.iter().map(|(i, f)| (*i, f.applied.as_slice())).collect();
        self.check_external_directives(fields, &coordinate);
        let ty = self.merge_field_type(&owned, &coordinate);
        let mut field = MergedField {
            name: first.name.clone(),
            ty,
            default: None,
            description,
            arguments: IndexMap::new(),
            joins: Vec::new(),
            applied: self.merge_applied(&applied, &coordinate),
        };
        let arguments: Vec<_> = owned.iter().map(|(i, f)| (*i, &f.arguments, f.span)).collect();
        field.arguments = self.merge_arguments(&arguments, &coordinate);
        self.check_external_fields(fields, &field, &coordinate);
        let types_equal = fields.iter().all(|(_, f)| f.ty == first.ty);
        field.joins = self.join_fields(parent, fields, overrides, types_equal);
        Some(field)
    }

    fn merge_field_type(
        &mut self,
        owned: &Sources<'a, FieldDef>,
        coordinate: &str,
    ) -> apollo_compiler::ast::Type {
        let types = owned.iter().map(|(_, field)| &field.ty);
        let merged = merge_references(types, Direction::Widen, &self.relations);
        let nodes: Vec<_> = owned.iter().map(|(index, field)| (*index, field.span)).collect();
        match &merged {
            Some(MergedReference::Related(ty)) => self.hint_at(
                HintCode::InconsistentButCompatibleFieldType,
                coordinate,
                format!(
                    "`{coordinate}` has different types: {}; the supergraph has `{ty}`",
                    self.said_types(owned)
                ),
                nodes,
            ),
            Some(MergedReference::Unrelated(_)) => {
                let error = CompositionError::new(
                    ErrorCode::FieldTypeMismatch,
                    format!(
                        "`{coordinate}` has types that do not fit together: {}",
                        self.said_types(owned)
                    ),
                )
                .on(coordinate)
                .fix(
                    "give the field one type everywhere; only nullability and subtypes may differ",
                );
                self.error_at(error, nodes);
            }
            _ => {}
        }
        merged.map_or_else(|| owned[0].1.ty.clone(), MergedReference::into_type)
    }

    fn said_types(&self, fields: &Sources<'a, FieldDef>) -> String {
        let said: Vec<String> = fields
            .iter()
            .map(|(index, field)| format!("`{}` in `{}`", field.ty, self.name(*index)))
            .collect();
        said.join(", ")
    }

    fn resolved_by_interface_object(&self, parent: &Parent<'_, 'a>, field: &Name) -> bool {
        let mut interfaces = parent.sources.iter().flat_map(|(_, d)| d.implements.keys());
        interfaces.any(|interface| {
            self.types.get(interface).into_iter().flatten().any(|(_, definition)| {
                definition.interface_object
                    && definition.fields.get(field).is_some_and(|f| f.external != External::Yes)
            })
        })
    }

    fn missing_on_base(
        &mut self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        coordinate: &str,
    ) {
        let owner = parent.sources.iter().find(|(i, _)| fields.iter().all(|(f, _)| f != i));
        let fix = match owner {
            Some((index, _)) => format!(
                "add `{coordinate}` to `{}`, or drop `@external` in the subgraph that resolves it",
                self.name(*index)
            ),
            None => "drop `@external` in the subgraph that resolves the field".to_owned(),
        };
        let error = CompositionError::new(
            ErrorCode::ExternalMissingOnBase,
            format!(
                "`{coordinate}` is `@external` in {}, and no other subgraph has it",
                self.names(fields.iter().map(|(index, _)| *index))
            ),
        )
        .on(coordinate)
        .fix(fix);
        self.error_at(error, fields.iter().map(|(index, field)| (*index, field.span)));
    }

    /// A directive that is merged must stand where the field is resolved.
    fn check_external_directives(&mut self, fields: &Sources<'a, FieldDef>, coordinate: &str) {
        for (index, field) in fields.iter().filter(|(_, f)| f.external == External::Yes) {
            let merged = field.applied.iter().find(|applied| {
                matches!(applied.known, Some(Known::Tag | Known::Inaccessible))
                    || applied.known.is_none()
                        && self.composed.is_composed(*index, &applied.directive.name)
            });
            let Some(merged) = merged else { continue };
            let directive = &merged.directive.name;
            let error = CompositionError::new(
                ErrorCode::MergedDirectiveApplicationOnExternal,
                format!(
                    "[{}] `@{directive}` on `{coordinate}` has no effect, as the field is \
                     `@external` there",
                    self.name(*index)
                ),
            )
            .on(coordinate)
            .fix(format!("move `@{directive}` to the subgraph that resolves the field"));
            self.error_at(error, [(*index, field.span)]);
        }
    }

    fn check_external_fields(
        &mut self,
        fields: &Sources<'a, FieldDef>,
        merged: &MergedField,
        coordinate: &str,
    ) {
        for (index, field) in fields.iter().filter(|(_, f)| f.external == External::Yes) {
            let report = |code, what: String, fix: String| {
                CompositionError::new(code, format!("[{}] {what}", self.subgraphs[*index].name))
                    .on(coordinate)
                    .fix(fix)
            };
            let mut errors = Vec::new();
            if field.ty != merged.ty {
                errors.push(report(
                    ErrorCode::ExternalTypeMismatch,
                    format!(
                        "`{coordinate}` is `@external` with type `{}`, but its owner says `{}`",
                        field.ty, merged.ty
                    ),
                    format!("write `{}: {}`", field.name, merged.ty),
                ));
            }
            for argument in merged.arguments.values() {
                let name = &argument.name;
                let Some(own) = field.arguments.get(name) else {
                    errors.push(report(
                        ErrorCode::ExternalArgumentMissing,
                        format!(
                            "`{coordinate}` is `@external` and lacks the argument `{name}` that \
                             its owner declares"
                        ),
                        format!("add `{name}: {}`", argument.ty),
                    ));
                    continue;
                };
                if !is_subtype(&argument.ty, &own.ty, &self.relations) {
                    errors.push(report(
                        ErrorCode::ExternalArgumentTypeMismatch,
                        format!(
                            "argument `{coordinate}({name}:)` is `{}` on the `@external` field, \
                             but its owner says `{}`",
                            own.ty, argument.ty
                        ),
                        format!("write `{name}: {}`", argument.ty),
                    ));
                }
                if own.default != argument.default {
                    errors.push(report(
                        ErrorCode::ExternalArgumentDefaultMismatch,
                        format!(
                            "argument `{coordinate}({name}:)` has another default on the \
                             `@external` field than on its owner's"
                        ),
                        "copy the owner's default".to_owned(),
                    ));
                }
            }
            for error in errors {
                self.error_at(error, [(*index, field.span)]);
            }
        }
    }

    fn context_arguments(&self, index: usize, field: &FieldDef) -> Vec<Node<Value>> {
        let arguments = field.arguments.values().filter_map(|argument| {
            let contextual = contextual(from_context(argument)?)?;
            let context = format!("{}__{}", self.name(index), contextual.context);
            let text = |text: String| Node::new(Value::String(text));
            Some(Node::new(Value::Object(vec![
                (name!("context"), text(context)),
                (name!("name"), text(argument.name.to_string())),
                (name!("type"), text(argument.ty.to_string())),
                (name!("selection"), text(contextual.selection)),
            ])))
        });
        arguments.collect()
    }

    fn join_fields(
        &self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        overrides: &Overrides,
        types_equal: bool,
    ) -> Vec<Node<Directive>> {
        let alike = types_equal
            && overrides.is_empty()
            && fields.len() == parent.sources.len()
            && fields.iter().all(|(_, field)| {
                field.external != External::Yes
                    && field.requires.is_none()
                    && field.provides.is_none()
                    && !field.arguments.values().any(|a| from_context(a).is_some())
            });
        if alike {
            return Vec::new();
        }
        fields
            .iter()
            .filter(|(index, _)| {
                !overrides.unused.contains(index) || overrides.labels.contains_key(index)
            })
            .map(|(index, field)| {
                JoinField {
                    requires: field.requires.as_ref().map(|set| set.print()),
                    provides: field.provides.as_ref().map(|set| set.print()),
                    ty: (!types_equal).then(|| field.ty.to_string()),
                    external: field.external == External::Yes,
                    overrides: field.overriding.as_ref().map(|overriding| overriding.from.clone()),
                    used_overridden: overrides.used.contains(index),
                    override_label: overrides.labels.get(index).cloned(),
                    context_arguments: self.context_arguments(*index, field),
                }
                .directive(&self.graphs[*index])
            })
            .collect()
    }
}
