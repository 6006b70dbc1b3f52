//! Merges enums, by where they are used: output enums widen, input enums narrow, others must agree.
//!
//! **In:** the definitions of one enum, and the merged types that use it. **Out:** its values in
//! the supergraph.
//!
//! **Never here:** default values that name a dropped value (`post_merge` finds them).
//!
//! **Read first:** [`Merger::merge_enum`].

use std::collections::HashMap;

use apollo_compiler::Name;
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::failure::CompositionError;
use crate::merge::{Merger, Sources, join};
use crate::merged::{MergedType, MergedValue, is_inaccessible};
use crate::schema::{Kind, TypeDef, ValueDef};

/// Where a type is used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EnumUsage {
    input: bool,
    output: bool,
}

/// Where each named type is used in the supergraph.
pub(super) fn usage_of(merged: &IndexMap<Name, MergedType>) -> HashMap<Name, EnumUsage> {
    let mut usage: HashMap<Name, EnumUsage> = HashMap::new();
    for definition in merged.values() {
        for field in definition.fields.values() {
            let used = usage.entry(field.ty.inner_named_type().clone()).or_default();
            if definition.kind == Kind::InputObject {
                used.input = true;
            } else {
                used.output = true;
            }
            for argument in field.arguments.values() {
                usage.entry(argument.ty.inner_named_type().clone()).or_default().input = true;
            }
        }
    }
    usage
}

impl<'a> Merger<'a> {
    pub(super) fn merge_enum(
        &mut self,
        sources: &Sources<'a, TypeDef>,
        usage: &HashMap<Name, EnumUsage>,
        target: &mut MergedType,
    ) {
        let used = usage.get(&target.name).copied().unwrap_or_default();
        if !used.input && !used.output {
            let message = format!("enum `{}` is used nowhere", target.name);
            let nodes = sources.iter().map(|(index, d)| (*index, d.span)).collect::<Vec<_>>();
            self.hint_at(HintCode::UnusedEnumType, &target.name, message, nodes);
        }
        let mut by_name: IndexMap<&'a Name, Sources<'a, ValueDef>> = IndexMap::new();
        for (index, definition) in sources {
            for (name, value) in &definition.values {
                by_name.entry(name).or_default().push((*index, value));
            }
        }
        for (name, values) in by_name {
            let value = self.merge_value(&values, &format!("{}.{name}", target.name));
            let everywhere = values.len() == sources.len();
            if everywhere
                || is_inaccessible(&value.applied)
                || self.keep_value(sources, &values, used, &target.name)
            {
                target.values.insert(name.clone(), value);
            }
        }
        if target.values.is_empty() {
            let error = CompositionError::new(
                ErrorCode::EmptyMergedEnumType,
                format!(
                    "enum `{}` is an input and has no value in common in {}, so nothing would be \
                     left of it",
                    target.name,
                    self.names(sources.iter().map(|(index, _)| *index)),
                ),
            )
            .on(target.name.as_str())
            .fix("declare at least one value in all of them");
            self.error_at(error, sources.iter().map(|(index, d)| (*index, d.span)));
        }
    }

    fn merge_value(&mut self, values: &Sources<'a, ValueDef>, coordinate: &str) -> MergedValue {
        let described: Vec<_> =
            values.iter().map(|(i, v)| (*i, v.description.as_deref(), v.span)).collect();
        let applied: Vec<_> = values.iter().map(|(i, v)| (*i, v.applied.as_slice())).collect();
        MergedValue {
            name: values[0].1.name.clone(),
            description: self.merge_description(&described, coordinate),
            joins: values.iter().map(|(i, _)| join::enum_value(&self.graphs[*i])).collect(),
            applied: self.merge_applied(&applied, coordinate),
        }
    }

    /// Whether a value that some subgraphs lack stays; reports what that means.
    fn keep_value(
        &mut self,
        sources: &Sources<'a, TypeDef>,
        values: &Sources<'a, ValueDef>,
        used: EnumUsage,
        name: &Name,
    ) -> bool {
        let coordinate = format!("{name}.{}", values[0].1.name);
        let without: Vec<_> = sources
            .iter()
            .filter(|(index, _)| values.iter().all(|(with, _)| with != index))
            .map(|(index, definition)| (*index, definition.span))
            .collect();
        let missing = self.names(without.iter().map(|(index, _)| *index));
        match (used.input, used.output) {
            (true, true) => {
                let error = CompositionError::new(
                    ErrorCode::EnumValueMismatch,
                    format!(
                        "enum `{name}` is used as input and as output, so it must have the same \
                         values everywhere, but `{coordinate}` is missing in {missing}"
                    ),
                )
                .on(coordinate)
                .fix(format!(
                    "add the value in {missing}, or mark it `@inaccessible` until it is everywhere"
                ));
                let with = values.iter().map(|(index, value)| (*index, value.span));
                self.error_at(error, with.chain(without).collect::<Vec<_>>());
                true
            }
            (true, false) => {
                let message = format!(
                    "`{coordinate}` is missing in {missing}; as the enum is an input, the value \
                     is left out of the supergraph"
                );
                self.hint_at(
                    HintCode::InconsistentEnumValueForInputEnum,
                    &coordinate,
                    message,
                    without,
                );
                false
            }
            (false, _) => {
                let message = format!("`{coordinate}` is missing in {missing}");
                self.hint_at(
                    HintCode::InconsistentEnumValueForOutputEnum,
                    &coordinate,
                    message,
                    without,
                );
                true
            }
        }
    }
}
