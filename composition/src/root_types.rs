//! Finds the root types of a subgraph and gives them their default names.
//!
//! **In:** a subgraph's document. **Out:** [`RootTypes`], and `ROOT_*_USED` errors.
//!
//! **Never here:** the renaming itself (`read` does it while reading).
//!
//! **Read first:** [`RootTypes::of`].

use apollo_compiler::Name;
use apollo_compiler::ast::{Document, OperationType};

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::source::SourceText;

static ROOTS: [(OperationType, Name, ErrorCode); 3] = [
    (OperationType::Query, apollo_compiler::name!("Query"), ErrorCode::RootQueryUsed),
    (OperationType::Mutation, apollo_compiler::name!("Mutation"), ErrorCode::RootMutationUsed),
    (
        OperationType::Subscription,
        apollo_compiler::name!("Subscription"),
        ErrorCode::RootSubscriptionUsed,
    ),
];

/// The names a subgraph gives its root types, where they are not the default ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct RootTypes {
    renamed: Vec<(Name, Name)>,
}

impl RootTypes {
    pub(crate) fn of(document: &Document) -> Self {
        let named = document.definitions.iter().flat_map(|definition| {
            let of_definition = definition.as_schema_definition().map(|d| &d.root_operations);
            let of_extension = definition.as_schema_extension().map(|d| &d.root_operations);
            of_definition.or(of_extension).into_iter().flatten()
        });
        let renamed = named
            .filter_map(|root| {
                let (operation, name) = root.as_ref();
                let (_, default, _) = ROOTS.iter().find(|(kind, ..)| kind == operation)?;
                (default != name).then(|| (name.clone(), default.clone()))
            })
            .collect();
        Self { renamed }
    }

    /// The name under which a type takes part in composition.
    pub(crate) fn renamed(&self, name: &Name) -> Name {
        match self.renamed.iter().find(|(own, _)| own == name) {
            Some((_, default)) => default.clone(),
            None => name.clone(),
        }
    }

    /// The subgraph's own name for the root type called `default` elsewhere.
    pub(crate) fn own_name(&self, default: &str) -> String {
        let own = self.renamed.iter().find(|(_, name)| name == default);
        own.map_or_else(|| default.to_owned(), |(own, _)| own.to_string())
    }

    /// A plain type must not have the default name of a root that is another type.
    pub(crate) fn check(
        &self,
        document: &Document,
        source: &SourceText,
        errors: &mut Vec<CompositionError>,
    ) {
        for (_, default, code) in &ROOTS {
            let Some((own, _)) = self.renamed.iter().find(|(_, name)| name == default) else {
                continue;
            };
            let plain = document
                .definitions
                .iter()
                .filter(|definition| definition.as_directive_definition().is_none())
                .filter_map(|definition| definition.name())
                .find(|name| *name == default);
            let Some(plain) = plain else { continue };
            let subgraph = &source.subgraph;
            let message = format!(
                "[{subgraph}] the type `{default}` is not the root type, which is `{own}`; the \
                 supergraph needs that name for its root type"
            );
            errors.push(
                CompositionError::new(*code, message)
                    .on(default.as_str())
                    .at(subgraph, source.locate(plain.location()))
                    .fix(format!("rename the type `{default}`, or make it the root type")),
            );
        }
    }
}
