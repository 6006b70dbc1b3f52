//! Keys, and who resolves which field.
//!
//! **In:** `@join__type` and `@join__field`. **Out:** `TypeInSubgraph::keys`, `Capability` rows.
//!
//! **Never here:** whether a capability can be reached (`query-planner`).
//!
//! **Holds:** an overridden capability stays as an external one, so that `@provides` and `@key`
//! may still name it; it is dropped only when the overriding subgraph's `from` exists, compared by
//! subgraph name.

use super::{Reader, SupergraphErrorKind, definitions::shapes};
use crate::{
    directives::{ContextArgument, JoinField, contexts, join_fields, join_types, owner},
    id::{FieldId, SubgraphId},
    table::{Capability, ContextualArgument, Guard, Key},
};
use apollo_compiler::{Node, ast};
use std::collections::HashSet;

/// A progressive or plain override, as one capability declares it.
struct Override {
    by: SubgraphId,
    from: String,
    label: Option<usize>,
}

impl Reader<'_> {
    pub(super) fn read_keys(&mut self) -> Result<(), SupergraphErrorKind> {
        for shape in shapes(self.document) {
            let id = self.type_names[shape.name.as_str()];
            for row in join_types(shape.directives) {
                let Some(text) = row.key else { continue };
                let subgraph = self.graph(shape.name, row.graph)?;
                let fields = self.field_set(id, text)?;
                let key = Key { fields, resolvable: row.resolvable };
                let at = self.types[id]
                    .in_subgraphs
                    .binary_search_by_key(&subgraph, |row| row.subgraph)
                    .expect("`read_types` made a row for every graph of the type");
                self.types[id].in_subgraphs[at].keys.push(key);
            }
        }
        Ok(())
    }

    pub(super) fn read_capabilities(&mut self) -> Result<(), SupergraphErrorKind> {
        for shape in shapes(self.document) {
            let parent = self.type_names[shape.name.as_str()];
            let mut extensions = HashSet::new();
            for row in join_types(shape.directives) {
                if row.extension {
                    extensions.insert(self.graph(shape.name, row.graph)?);
                }
            }
            let owner = match owner(shape.directives) {
                Some(graph) => Some(self.graph(shape.name, graph)?),
                None => None,
            };
            for node in shape.fields {
                let field = self.types[parent].fields[node.name.as_str()];
                self.read_field_capabilities(field, node, owner, &extensions)?;
            }
        }
        Ok(())
    }

    fn read_field_capabilities(
        &mut self,
        field: FieldId,
        node: &Node<ast::FieldDefinition>,
        owner: Option<SubgraphId>,
        extensions: &HashSet<SubgraphId>,
    ) -> Result<(), SupergraphErrorKind> {
        let rows = join_fields(&node.directives);
        let mut capabilities = Vec::new();
        let mut overrides = Vec::new();
        let mut never_resolve = Vec::new();
        for row in &rows {
            let Some(graph) = row.graph else {
                self.fields[field].from_interface_object = true;
                continue;
            };
            let coordinate =
                format!("{}.{}", self.types[self.fields[field].parent].name, node.name);
            let subgraph = self.graph(&coordinate, graph)?;
            if let Some(from) = row.overrides {
                let label = row.override_label.map(|label| self.label(label));
                overrides.push(Override { by: subgraph, from: from.to_owned(), label });
            }
            let mut capability = self.capability(field, &coordinate, subgraph, row)?;
            // The key fields of an extension are declared external, yet answered from the reference.
            if extensions.contains(&subgraph) && self.is_key_field(field, subgraph) {
                capability.external = false;
            } else if row.external {
                never_resolve.push(subgraph);
            }
            capabilities.push(capability);
        }
        if !self.fields[field].from_interface_object {
            let implied = self.implied_graphs(field, &rows, owner);
            for subgraph in implied {
                if !capabilities.iter().any(|row| row.subgraph == subgraph) {
                    capabilities.push(self.plain_capability(field, subgraph));
                }
            }
        }
        self.apply_overrides(&mut capabilities, overrides, &never_resolve);
        capabilities.sort_by_key(|row| row.subgraph);
        self.fields[field].capabilities = capabilities;
        Ok(())
    }

    /// Subgraphs that resolve a field without saying so: all of the type's when there is no
    /// `@join__field`; in join v0.1 the owner, and whoever has the field in a key.
    fn implied_graphs(
        &self,
        field: FieldId,
        rows: &[JoinField<'_>],
        owner: Option<SubgraphId>,
    ) -> Vec<SubgraphId> {
        let graphs = self.types[self.fields[field].parent].in_subgraphs.iter().map(|r| r.subgraph);
        match owner {
            None if rows.is_empty() => graphs.collect(),
            None => Vec::new(),
            Some(owner) => graphs
                .filter(|graph| {
                    (rows.is_empty() && *graph == owner) || self.is_key_field(field, *graph)
                })
                .collect(),
        }
    }

    fn plain_capability(&self, field: FieldId, subgraph: SubgraphId) -> Capability {
        Capability {
            subgraph,
            ty: self.fields[field].ty.clone(),
            external: false,
            requires: None,
            provides: None,
            guard: None,
            contextual_arguments: Vec::new(),
        }
    }

    fn capability(
        &mut self,
        field: FieldId,
        coordinate: &str,
        subgraph: SubgraphId,
        row: &JoinField<'_>,
    ) -> Result<Capability, SupergraphErrorKind> {
        let mut capability = self.plain_capability(field, subgraph);
        if let Some(text) = row.ty {
            let ty = ast::Type::parse(text, "join-field-type.graphql").map_err(|_| {
                SupergraphErrorKind::MalformedType {
                    coordinate: coordinate.to_owned(),
                    text: text.to_owned(),
                }
            })?;
            capability.ty = self.type_ref(coordinate, &ty)?;
        }
        capability.external = row.external || (row.used_overridden && row.override_label.is_none());
        let (parent, named) = (self.fields[field].parent, capability.ty.named());
        if let Some(text) = row.requires {
            capability.requires = Some(self.field_set(parent, text)?);
        }
        if let Some(text) = row.provides {
            capability.provides = Some(self.field_set(named, text)?);
        }
        for argument in &row.contextual_arguments {
            capability.contextual_arguments.push(self.contextual_argument(argument)?);
        }
        Ok(capability)
    }

    fn contextual_argument(
        &mut self,
        argument: &ContextArgument<'_>,
    ) -> Result<ContextualArgument, SupergraphErrorKind> {
        let text = argument.selection.trim();
        let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let mut setters = Vec::new();
        for shape in shapes(self.document) {
            if contexts(shape.directives).any(|context| context == argument.context) {
                let ty = self.type_names[shape.name.as_str()];
                setters.push((ty, self.field_set(ty, text)?));
            }
        }
        let (name, ty) = (argument.name.to_owned(), argument.ty.to_owned());
        Ok(ContextualArgument { name, ty, setters })
    }

    /// Who says itself that a field is external does not resolve it, whatever the label says.
    fn apply_overrides(
        &self,
        capabilities: &mut [Capability],
        overrides: Vec<Override>,
        never_resolve: &[SubgraphId],
    ) {
        for Override { by, from, label } in overrides {
            for row in capabilities.iter_mut() {
                let is_source = self.subgraphs[row.subgraph].name == from && row.subgraph != by;
                match label {
                    Some(label) if row.subgraph == by => {
                        row.guard = Some(Guard { label, on: true });
                    }
                    Some(label) if is_source => {
                        row.external = never_resolve.contains(&row.subgraph);
                        row.guard = Some(Guard { label, on: false });
                    }
                    None if is_source => row.external = true,
                    _ => {}
                }
            }
        }
    }

    fn label(&mut self, label: &str) -> usize {
        self.labels.iter().position(|known| known == label).unwrap_or_else(|| {
            self.labels.push(label.to_owned());
            self.labels.len() - 1
        })
    }
}
