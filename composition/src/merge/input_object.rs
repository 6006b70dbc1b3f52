//! Merges input objects: the fields that every subgraph with the type declares.
//!
//! **In:** the definitions of one input object. **Out:** its fields in the supergraph.
//!
//! **Never here:** type and default of one field (`argument`).

use apollo_compiler::Name;
use indexmap::IndexMap;

use crate::codes::{ErrorCode, HintCode};
use crate::failure::CompositionError;
use crate::merge::argument::InputCodes;
use crate::merge::join::JoinField;
use crate::merge::{Merger, Sources};
use crate::merged::{MergedField, MergedType, is_inaccessible};
use crate::schema::{InputDef, TypeDef};

impl<'a> Merger<'a> {
    pub(super) fn merge_input_object(
        &mut self,
        sources: &Sources<'a, TypeDef>,
        target: &mut MergedType,
    ) {
        let mut by_name: IndexMap<&'a Name, Sources<'a, InputDef>> = IndexMap::new();
        for (index, definition) in sources {
            for (name, input) in &definition.inputs {
                by_name.entry(name).or_default().push((*index, input));
            }
        }
        for (name, inputs) in by_name {
            let coordinate = format!("{}.{name}", target.name);
            let field = self.merge_input_field(sources, &inputs, &coordinate);
            // A hidden field may be missing anywhere: clients cannot send it.
            if inputs.len() == sources.len() || is_inaccessible(&field.applied) {
                target.fields.insert(name.clone(), field);
            } else {
                self.input_missing_somewhere(sources, &inputs, &coordinate);
            }
        }
        if target.fields.is_empty() {
            let error = CompositionError::new(
                ErrorCode::EmptyMergedInputType,
                format!(
                    "input object `{}` has no field in common in {}, so nothing would be left of \
                     it",
                    target.name,
                    self.names(sources.iter().map(|(index, _)| *index)),
                ),
            )
            .on(target.name.as_str())
            .fix("declare at least one field in all of them");
            self.error_at(error, sources.iter().map(|(index, d)| (*index, d.span)));
        }
    }

    fn merge_input_field(
        &mut self,
        sources: &Sources<'a, TypeDef>,
        inputs: &Sources<'a, InputDef>,
        coordinate: &str,
    ) -> MergedField {
        let codes = InputCodes {
            ty: ErrorCode::FieldTypeMismatch,
            default: ErrorCode::InputFieldDefaultMismatch,
            related: HintCode::InconsistentButCompatibleFieldType,
        };
        let merged = self.merge_input(inputs, coordinate, &codes);
        let types_equal = inputs.iter().all(|(_, input)| input.ty == inputs[0].1.ty);
        let joins = if types_equal && inputs.len() == sources.len() {
            Vec::new()
        } else {
            let join = |(index, input): &(usize, &InputDef)| {
                let ty = (!types_equal).then(|| input.ty.to_string());
                JoinField { ty, ..JoinField::default() }.directive(&self.graphs[*index])
            };
            inputs.iter().map(join).collect()
        };
        MergedField {
            name: merged.name,
            ty: merged.ty,
            default: merged.default,
            description: merged.description,
            arguments: IndexMap::new(),
            joins,
            applied: merged.applied,
        }
    }

    fn input_missing_somewhere(
        &mut self,
        sources: &Sources<'a, TypeDef>,
        inputs: &Sources<'a, InputDef>,
        coordinate: &str,
    ) {
        let without: Vec<_> = sources
            .iter()
            .filter(|(index, _)| inputs.iter().all(|(with, _)| with != index))
            .map(|(index, definition)| (*index, definition.span))
            .collect();
        let missing = self.names(without.iter().map(|(index, _)| *index));
        let required: Vec<usize> =
            inputs.iter().filter(|(_, i)| i.is_required()).map(|(index, _)| *index).collect();
        let with = inputs.iter().map(|(index, input)| (*index, input.span));
        let nodes: Vec<_> = with.chain(without).collect();
        if required.is_empty() {
            let message =
                format!("`{coordinate}` is missing in {missing}; it is left out of the supergraph");
            self.hint_at(HintCode::InconsistentInputObjectField, coordinate, message, nodes);
            return;
        }
        let message = format!(
            "`{coordinate}` is required in {} but does not exist in {missing}",
            self.names(required)
        );
        let error =
            CompositionError::new(ErrorCode::RequiredInputFieldMissingInSomeSubgraph, message)
                .on(coordinate)
                .fix(format!("make the field optional, or add it in {missing}"));
        self.error_at(error, nodes);
    }
}
