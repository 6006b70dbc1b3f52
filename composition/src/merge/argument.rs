//! Merges the arguments of a field: those that all its resolvers declare.
//!
//! **In:** the arguments of each definition. **Out:** the arguments in the supergraph.
//!
//! **Never here:** arguments of directive definitions.
//!
//! **Read first:** [`Merger::merge_arguments`].

use apollo_compiler::ast::{Type, Value};
use apollo_compiler::{Name, Node};
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::contextual::from_context;
use crate::failure::CompositionError;
use crate::merge::type_reference::{Direction, MergedReference, merge_references};
use crate::merge::{Merger, Sources};
use crate::merged::MergedArgument;
use crate::schema::InputDef;
use crate::source::Span;

/// The codes of errors about an input element.
pub(super) struct InputCodes {
    pub(super) ty: ErrorCode,
    pub(super) default: ErrorCode,
    pub(super) related: HintCode,
}

impl<'a> Merger<'a> {
    pub(super) fn merge_arguments(
        &mut self,
        fields: &[(usize, &'a IndexMap<Name, InputDef>, Span)],
        coordinate: &str,
    ) -> IndexMap<Name, MergedArgument> {
        let mut by_name: IndexMap<&Name, Sources<'a, InputDef>> = IndexMap::new();
        for (index, arguments, _) in fields {
            for (name, argument) in *arguments {
                by_name.entry(name).or_default().push((*index, argument));
            }
        }
        let mut merged = IndexMap::new();
        for (name, arguments) in by_name {
            let coordinate = format!("{coordinate}({name}:)");
            if arguments.iter().any(|(_, argument)| from_context(argument).is_some()) {
                self.check_contextual(&arguments, &coordinate);
                continue;
            }
            if arguments.len() < fields.len() {
                self.argument_missing_somewhere(fields, &arguments, &coordinate);
                continue;
            }
            let codes = InputCodes {
                ty: ErrorCode::FieldArgumentTypeMismatch,
                default: ErrorCode::FieldArgumentDefaultMismatch,
                related: HintCode::InconsistentButCompatibleArgumentType,
            };
            merged.insert(name.clone(), self.merge_input(&arguments, &coordinate, &codes));
        }
        merged
    }

    /// Clients don't see an argument that a context fills, so no subgraph may wait for theirs.
    fn check_contextual(&mut self, arguments: &Sources<'a, InputDef>, coordinate: &str) {
        let (contextual, plain): (Sources<'a, InputDef>, Sources<'a, InputDef>) =
            arguments.iter().partition(|(_, argument)| from_context(argument).is_some());
        for (index, argument) in plain {
            let place = [(index, argument.span)];
            let message = format!(
                "`{coordinate}` is filled from a context in {}, but not in `{}`",
                self.names(contextual.iter().map(|(index, _)| *index)),
                self.name(index),
            );
            if !argument.is_required() {
                let code = HintCode::ContextualArgumentNotContextualInAllSubgraphs;
                self.hint_at(code, coordinate, format!("{message}, where it stays empty"), place);
                continue;
            }
            let code = ErrorCode::ContextualArgumentNotContextualInAllSubgraphs;
            let error = CompositionError::new(code, format!("{message}, which requires it"))
                .on(coordinate)
                .fix("fill it with `@fromContext` there, too, or make it optional");
            self.error_at(error, place);
        }
    }

    fn argument_missing_somewhere(
        &mut self,
        fields: &[(usize, &'a IndexMap<Name, InputDef>, Span)],
        arguments: &Sources<'a, InputDef>,
        coordinate: &str,
    ) {
        let without: Vec<(usize, Span)> = fields
            .iter()
            .filter(|(index, ..)| arguments.iter().all(|(with, _)| with != index))
            .map(|(index, _, span)| (*index, *span))
            .collect();
        let missing = self.names(without.iter().map(|(index, _)| *index));
        let required: Vec<usize> =
            arguments.iter().filter(|(_, a)| a.is_required()).map(|(i, _)| *i).collect();
        let with = arguments.iter().map(|(index, argument)| (*index, argument.span));
        let nodes: Vec<_> = with.chain(without).collect();
        if required.is_empty() {
            let message =
                format!("`{coordinate}` is missing in {missing}; it is left out of the supergraph");
            self.hint_at(HintCode::InconsistentArgumentPresence, coordinate, message, nodes);
            return;
        }
        let message = format!(
            "`{coordinate}` is required in {} but does not exist in {missing}",
            self.names(required)
        );
        let error =
            CompositionError::new(ErrorCode::RequiredArgumentMissingInSomeSubgraph, message)
                .on(coordinate)
                .fix(format!("make the argument optional, or add it in {missing}"));
        self.error_at(error, nodes);
    }

    /// Merges what arguments and input fields have in common.
    pub(super) fn merge_input(
        &mut self,
        inputs: &Sources<'a, InputDef>,
        coordinate: &str,
        codes: &InputCodes,
    ) -> MergedArgument {
        let described: Vec<_> =
            inputs.iter().map(|(i, d)| (*i, d.description.as_deref(), d.span)).collect();
        let applied: Vec<_> = inputs.iter().map(|(i, d)| (*i, d.applied.as_slice())).collect();
        MergedArgument {
            name: inputs[0].1.name.clone(),
            ty: self.merge_input_type(inputs, coordinate, codes),
            default: self.merge_default(inputs, coordinate, codes.default),
            description: self.merge_description(&described, coordinate),
            applied: self.merge_applied(&applied, coordinate),
        }
    }

    fn merge_input_type(
        &mut self,
        inputs: &Sources<'a, InputDef>,
        coordinate: &str,
        codes: &InputCodes,
    ) -> Type {
        let types = inputs.iter().map(|(_, input)| &input.ty);
        let merged = merge_references(types, Direction::Narrow, &self.relations);
        let said: Vec<String> = inputs
            .iter()
            .map(|(index, input)| format!("`{}` in `{}`", input.ty, self.name(*index)))
            .collect();
        let said = said.join(", ");
        let nodes: Vec<_> = inputs.iter().map(|(index, input)| (*index, input.span)).collect();
        match &merged {
            Some(MergedReference::Related(ty)) => self.hint_at(
                codes.related,
                coordinate,
                format!("`{coordinate}` has different types: {said}; the supergraph has `{ty}`"),
                nodes,
            ),
            Some(MergedReference::Unrelated(_)) => {
                let message = format!("`{coordinate}` has types that do not fit together: {said}");
                let error = CompositionError::new(codes.ty, message)
                    .on(coordinate)
                    .fix("give it one type everywhere; only nullability may differ");
                self.error_at(error, nodes);
            }
            _ => {}
        }
        merged.map_or_else(|| inputs[0].1.ty.clone(), MergedReference::into_type)
    }

    fn merge_default(
        &mut self,
        inputs: &Sources<'a, InputDef>,
        coordinate: &str,
        code: ErrorCode,
    ) -> Option<Node<Value>> {
        let given: Vec<(usize, &'a Node<Value>, Span)> = inputs
            .iter()
            .filter_map(|(index, input)| Some((*index, input.default.as_ref()?, input.span)))
            .collect();
        let (_, first, _) = given.first()?;
        if given.iter().any(|(_, value, _)| value != first) {
            let said: Vec<String> = given
                .iter()
                .map(|(index, value, _)| format!("`{value}` in `{}`", self.name(*index)))
                .collect();
            let message = format!("`{coordinate}` has different defaults: {}", said.join(", "));
            let error = CompositionError::new(code, message)
                .on(coordinate)
                .fix("give it one default everywhere");
            self.error_at(error, given.iter().map(|(index, _, span)| (*index, *span)));
            return Some((*first).clone());
        }
        if given.len() == inputs.len() {
            return Some((*first).clone());
        }
        self.hint_at(
            HintCode::InconsistentDefaultValuePresence,
            coordinate,
            format!("`{coordinate}` has a default in some subgraphs only; the supergraph has none"),
            given.iter().map(|(index, _, span)| (*index, *span)).collect::<Vec<_>>(),
        );
        None
    }
}
