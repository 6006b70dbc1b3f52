//! Puts a subgraph for each connector in the place of the subgraph that declares it.
//!
//! **In:** a supergraph document with `@join__directive`s. **Out:** [`Expanded`]: a document that
//! only the tables read, and the connectors by the subgraphs there.
//!
//! **Never here:** what a connector answers (`rows`), the document that people see.
//!
//! **Holds:** all subgraphs that came of one have its name, so that nobody sees more than one. Each
//! type and field stays, if only as an external one.
//!
//! **Read first:** [`expand`].

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::ast::{
    Definition, Directive, DirectiveList, Document, EnumTypeDefinition, EnumValueDefinition,
    FieldDefinition, InputValueDefinition, Value,
};
use apollo_compiler::{Name, Node, name};

use super::connector::{Connector, ConnectorKind, Connectors, Source};
use super::extract::{Extracted, extracted, graphs, is_of};
use super::read::{Declared, read};
use super::rows::{FieldRow, Rows};
use crate::merged::directive;

/// A document for the tables, and who is behind its subgraphs.
pub(crate) struct Expanded {
    pub(crate) document: Document,
    pub(crate) connectors: Connectors,
}

/// Expands a document; `None`: it has no connectors. An error says in a line each what is wrong.
pub(crate) fn expand(document: &Document) -> Result<Option<Expanded>, Vec<String>> {
    let mut origins = Vec::new();
    let mut sources: Vec<Arc<Source>> = Vec::new();
    let mut problems = Vec::new();
    for extracted in extracted(document) {
        let declared = Declared {
            subgraph: &extracted.name,
            version: extracted.version,
            types: &extracted.types,
            sources: extracted.sources.iter().collect(),
            is_merged: true,
        };
        let read = read(&declared);
        problems
            .extend(read.problems.iter().map(|it| format!("[{}] {}", extracted.name, it.line())));
        sources.extend(read.sources);
        let virtuals: Vec<Virtual> = read
            .connectors
            .into_iter()
            .enumerate()
            .map(|(number, settled)| Virtual {
                graph: graph_value(document, &extracted.graph, number),
                rows: Rows::of(&extracted.types, &settled),
                connector: Arc::new(settled.connector),
            })
            .collect();
        // Who lost all connectors to others is never asked, and has no address either.
        if !virtuals.is_empty() || extracted.has_connectors {
            origins.push(Origin { extracted, virtuals });
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if origins.is_empty() {
        return Ok(None);
    }
    let mut expanded = document.clone();
    let expansion = Expansion { origins };
    for definition in &mut expanded.definitions {
        expansion.definition(definition);
    }
    let by_subgraph = graphs(&expanded).map(|graphs| expansion.by_subgraph(graphs));
    let connectors = Connectors::new(by_subgraph.unwrap_or_default(), sources);
    Ok(Some(Expanded { document: expanded, connectors }))
}

/// A value of `join__Graph` that is not taken.
fn graph_value(document: &Document, graph: &Name, number: usize) -> Name {
    let taken = |candidate: &str| {
        graphs(document).is_some_and(|it| it.values.iter().any(|value| value.value == candidate))
    };
    let mut candidate = format!("{graph}__{number}");
    while taken(&candidate) {
        candidate.push('_');
    }
    Name::new_unchecked(&candidate)
}

/// A subgraph with connectors, and the subgraphs that take its place.
struct Origin {
    extracted: Extracted,
    virtuals: Vec<Virtual>,
}

struct Virtual {
    graph: Name,
    rows: Rows,
    connector: Arc<Connector>,
}

struct Expansion {
    origins: Vec<Origin>,
}

impl Expansion {
    fn by_subgraph(&self, graphs: &EnumTypeDefinition) -> Vec<Option<Arc<Connector>>> {
        let virtuals = self.origins.iter().flat_map(|origin| &origin.virtuals);
        let by_graph: HashMap<&Name, &Arc<Connector>> =
            virtuals.map(|it| (&it.graph, &it.connector)).collect();
        graphs.values.iter().map(|value| by_graph.get(&value.value).copied().cloned()).collect()
    }

    fn definition(&self, definition: &mut Definition) {
        match definition {
            Definition::EnumTypeDefinition(it) if it.name == "join__Graph" => {
                self.graphs(it.make_mut());
            }
            Definition::ScalarTypeDefinition(it) => {
                let it = it.make_mut();
                self.ty(&it.name, &mut it.directives);
            }
            Definition::ObjectTypeDefinition(it) => {
                let it = it.make_mut();
                let graphs = self.ty(&it.name, &mut it.directives);
                it.fields.iter_mut().for_each(|field| self.field(&it.name, field, &graphs));
            }
            Definition::InterfaceTypeDefinition(it) => {
                let it = it.make_mut();
                let graphs = self.ty(&it.name, &mut it.directives);
                it.fields.iter_mut().for_each(|field| self.field(&it.name, field, &graphs));
            }
            Definition::UnionTypeDefinition(it) => {
                let it = it.make_mut();
                self.ty(&it.name, &mut it.directives);
            }
            Definition::EnumTypeDefinition(it) => {
                let it = it.make_mut();
                self.ty(&it.name, &mut it.directives);
                it.values.iter_mut().for_each(|value| self.value(&it.name, value));
            }
            Definition::InputObjectTypeDefinition(it) => {
                let it = it.make_mut();
                self.ty(&it.name, &mut it.directives);
                it.fields.iter_mut().for_each(|input| self.input(&it.name, input));
            }
            _ => {}
        }
    }

    fn graphs(&self, graphs: &mut EnumTypeDefinition) {
        let mut values = Vec::with_capacity(graphs.values.len());
        for value in std::mem::take(&mut graphs.values) {
            let origin = self.origins.iter().find(|it| it.extracted.graph == value.value);
            let Some(origin) = origin else {
                values.push(value);
                continue;
            };
            for it in &origin.virtuals {
                let row = directive(
                    name!("join__graph"),
                    [
                        (name!("name"), Value::String(origin.extracted.name.clone())),
                        (name!("url"), Value::String(String::new())),
                    ],
                );
                values.push(Node::new(EnumValueDefinition {
                    description: None,
                    value: it.graph.clone(),
                    directives: DirectiveList(vec![row, connector_row(&it.connector)]),
                }));
            }
        }
        graphs.values = values;
    }

    /// Who takes the place of a graph on one type.
    fn virtuals_of<'a>(
        &'a self,
        origin: &'a Origin,
        ty: &'a Name,
    ) -> impl Iterator<Item = &'a Virtual> {
        origin.virtuals.iter().filter(move |it| it.rows.types.contains_key(ty))
    }

    /// Rewrites the rows of a type. Returns the graphs that it had besides those with connectors.
    fn ty(&self, ty: &Name, directives: &mut DirectiveList) -> Vec<Name> {
        for origin in &self.origins {
            let Some(row) = remove(directives, "join__type", &origin.extracted.graph) else {
                continue;
            };
            remove(directives, "join__implements", &origin.extracted.graph);
            remove(directives, "join__unionMember", &origin.extracted.graph);
            let is_interface_object = row.specified_argument_by_name("isInterfaceObject").cloned();
            let before = directives.len();
            for it in self.virtuals_of(origin, ty) {
                let row = &it.rows.types[ty];
                let graph = || (name!("graph"), Value::Enum(it.graph.clone()));
                let key = row.key.as_ref().map(|key| (name!("key"), Value::String(key.clone())));
                let interface_object = is_interface_object.as_ref();
                let interface_object =
                    interface_object.map(|it| (name!("isInterfaceObject"), (**it).clone()));
                let arguments = [Some(graph()), key, interface_object].into_iter().flatten();
                directives.push(directive(name!("join__type"), arguments));
                for interface in &row.implements {
                    let interface = (name!("interface"), Value::String(interface.to_string()));
                    directives.push(directive(name!("join__implements"), [graph(), interface]));
                }
                for member in &row.members {
                    let member = (name!("member"), Value::String(member.to_string()));
                    directives.push(directive(name!("join__unionMember"), [graph(), member]));
                }
            }
            // A type that no connector gives stays, for those who refer to it.
            if directives.len() == before
                && let Some(first) = origin.virtuals.first()
            {
                let graph = (name!("graph"), Value::Enum(first.graph.clone()));
                directives.push(directive(name!("join__type"), [graph]));
            }
        }
        let others = directives
            .get_all("join__type")
            .filter_map(|row| row.specified_argument_by_name("graph")?.as_enum().cloned());
        let is_other = |graph: &Name| {
            self.origins.iter().all(|it| it.virtuals.iter().all(|it| it.graph != *graph))
        };
        let mut others: Vec<Name> = others.filter(is_other).collect();
        others.dedup();
        others
    }

    fn field(&self, ty: &Name, field: &mut Node<FieldDefinition>, others: &[Name]) {
        let origins: Vec<&Origin> =
            self.origins.iter().filter(|it| it.extracted.types.contains_key(ty)).collect();
        if origins.is_empty() {
            return;
        }
        let field = field.make_mut();
        let is_implied = !field.directives.has("join__field");
        if is_implied {
            for graph in others {
                let graph = (name!("graph"), Value::Enum(graph.clone()));
                field.directives.push(directive(name!("join__field"), [graph]));
            }
        }
        let mut first_of_all = None;
        for origin in origins {
            let own = remove(&mut field.directives, "join__field", &origin.extracted.graph);
            if own.is_none() && !is_implied {
                continue;
            }
            for it in self.virtuals_of(origin, ty) {
                first_of_all = first_of_all.or(Some(&it.graph));
                if let Some(row) = it.rows.types[ty].fields.get(&field.name) {
                    let row = field_row(&it.graph, own.as_deref(), row);
                    field.directives.push(row);
                }
            }
            first_of_all = first_of_all.or(origin.virtuals.first().map(|it| &it.graph));
        }
        // Without a row every subgraph of the type would count.
        if let Some(graph) = first_of_all.filter(|_| !field.directives.has("join__field")) {
            let row = FieldRow { external: true, ..FieldRow::default() };
            field.directives.push(field_row(graph, None, &row));
        }
    }

    fn value(&self, ty: &Name, value: &mut Node<EnumValueDefinition>) {
        for origin in &self.origins {
            if !value
                .directives
                .get_all("join__enumValue")
                .any(|it| is_of(it, &origin.extracted.graph))
            {
                continue;
            }
            let value = value.make_mut();
            remove(&mut value.directives, "join__enumValue", &origin.extracted.graph);
            for it in self.virtuals_of(origin, ty) {
                let graph = (name!("graph"), Value::Enum(it.graph.clone()));
                value.directives.push(directive(name!("join__enumValue"), [graph]));
            }
        }
    }

    fn input(&self, ty: &Name, input: &mut Node<InputValueDefinition>) {
        for origin in &self.origins {
            if !input.directives.get_all("join__field").any(|it| is_of(it, &origin.extracted.graph))
            {
                continue;
            }
            let input = input.make_mut();
            let own = remove(&mut input.directives, "join__field", &origin.extracted.graph);
            for it in self.virtuals_of(origin, ty) {
                let row = field_row(&it.graph, own.as_deref(), &FieldRow::default());
                input.directives.push(row);
            }
        }
    }
}

/// What the tables know of a connector.
fn connector_row(connector: &Connector) -> Node<Directive> {
    let calls = match connector.kind {
        ConnectorKind::RootField { .. } => name!("FIELD"),
        ConnectorKind::Batch { .. } => name!("BATCH"),
        _ => name!("OBJECT"),
    };
    let on = (name!("on"), Value::String(connector.coordinate.clone()));
    let most = connector.max_batch.and_then(|most| i32::try_from(most.get()).ok());
    let most = most.map(|most| (name!("most"), Value::Int(most.into())));
    let arguments = [on, (name!("calls"), Value::Enum(calls))].into_iter().chain(most);
    directive(name!("connector"), arguments)
}

/// The row of a field in a virtual subgraph; its type and its override stay as they were.
fn field_row(graph: &Name, own: Option<&Directive>, row: &FieldRow) -> Node<Directive> {
    let text = |name, value: &Option<String>| {
        value.as_ref().map(|text| (name, Value::String(text.clone())))
    };
    let mut arguments = vec![(name!("graph"), Value::Enum(graph.clone()))];
    arguments.extend(text(name!("requires"), &row.requires));
    arguments.extend(text(name!("provides"), &row.provides));
    // What a selection gives is there, even if the author calls the field `@external`.
    let is_external = row.external;
    if is_external {
        arguments.push((name!("external"), Value::Boolean(true)));
    }
    let kept: &[&str] = match is_external {
        true => &["type"],
        false => &["type", "override", "usedOverridden", "overrideLabel"],
    };
    for argument in own.map(|own| own.arguments.as_slice()).unwrap_or_default() {
        if kept.contains(&argument.name.as_str()) {
            arguments.push((argument.name.clone(), (*argument.value).clone()));
        }
    }
    directive(name!("join__field"), arguments)
}

/// Takes all directives of a name that are about a graph; returns the first one.
fn remove(directives: &mut DirectiveList, name: &str, graph: &Name) -> Option<Node<Directive>> {
    let mut first = None;
    directives.0.retain(|node| {
        let is_its = node.name == name && is_of(node, graph);
        if is_its {
            first.get_or_insert_with(|| node.clone());
        }
        !is_its
    });
    first
}
