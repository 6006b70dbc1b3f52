//! Checks that a field resolved by several subgraphs is shareable in each of them.
//!
//! **In:** the definitions of one object field, and the overrides in force. **Out:**
//! `INVALID_FIELD_SHARING`.
//!
//! **Never here:** whether the shared values agree; nobody can check that.
//!
//! **Read first:** [`Merger::check_sharing`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9#@shareable>

use std::collections::BTreeSet;

use apollo_compiler::Name;

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::merge::overriding::Overrides;
use crate::merge::{Merger, Parent, Sources};
use crate::schema::{External, FieldDef};
use crate::source::Span;
use crate::words;

/// A subgraph that resolves the field.
struct Resolver {
    index: usize,
    span: Span,
    shareable: bool,
}

impl<'a> Merger<'a> {
    pub(super) fn check_sharing(
        &mut self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        overrides: &Overrides,
    ) {
        let resolvers = self.resolvers(parent, fields, overrides);
        let blocking: Vec<&Resolver> = resolvers.iter().filter(|r| !r.shareable).collect();
        let coordinate = format!("{}.{}", parent.name, fields[0].1.name);
        if resolvers.len() < 2 || blocking.is_empty() {
            return;
        }
        let all = resolvers.iter().map(|resolver| resolver.index);
        let message = format!(
            "`{coordinate}` is resolved by {}, but is not shareable in {}",
            self.names(all),
            words::list(blocking.iter().map(|resolver| self.name(resolver.index))),
        );
        let mut fix = format!(
            "add `@shareable` to the field in {}, or mark it `@external` where it is not \
             resolved, or move it with `@override`",
            words::list(blocking.iter().map(|resolver| self.name(resolver.index))),
        );
        // A misspelt source is the likeliest reason why an override has no effect.
        for overriding in fields.iter().filter_map(|(_, field)| field.overriding.as_ref()) {
            if !self.by_name.contains_key(overriding.from.as_str())
                && let Some(near) = words::nearest(&overriding.from, self.by_name.keys().copied())
            {
                fix = format!(
                    "`@override(from: \"{}\")` names no subgraph; did you mean `{near}`?",
                    overriding.from
                );
            }
        }
        let error =
            CompositionError::new(ErrorCode::InvalidFieldSharing, message).on(coordinate).fix(fix);
        let nodes: Vec<_> =
            resolvers.iter().map(|resolver| (resolver.index, resolver.span)).collect();
        self.error_at(error, nodes);
    }

    fn resolvers(
        &self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        overrides: &Overrides,
    ) -> Vec<Resolver> {
        let mut resolvers = Vec::new();
        for (index, field) in fields {
            if !overrides.is_overridden(*index) {
                resolvers.extend(self.resolver(*index, parent.name, field));
            }
        }
        let interfaces: BTreeSet<&Name> = parent
            .sources
            .iter()
            .flat_map(|(_, definition)| definition.implements.keys())
            .collect();
        for interface in interfaces {
            for (index, definition) in self.types.get(interface).into_iter().flatten() {
                let has_own = fields.iter().any(|(owner, _)| owner == index);
                if definition.interface_object
                    && !has_own
                    && let Some(field) = definition.fields.get(&fields[0].1.name)
                {
                    resolvers.extend(self.resolver(*index, interface, field));
                }
            }
        }
        resolvers.sort_by_key(|resolver| resolver.index);
        resolvers
    }

    fn resolver(&self, index: usize, parent: &Name, field: &FieldDef) -> Option<Resolver> {
        let subgraph = &self.subgraphs[index];
        let provided = subgraph.usage.is_provided(parent, &field.name);
        if field.external == External::Yes && !provided {
            return None;
        }
        let shareable = subgraph.is_federation_one()
            || field.shareable
            || provided && field.external == External::Yes
            || subgraph.usage.is_keyed(parent, &field.name);
        Some(Resolver { index, span: field.span, shareable })
    }
}
