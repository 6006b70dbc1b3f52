//! Writes what a group asks for: as text for the subgraph, as [`Selection`] for the executor.
//!
//! **In:** a draft's nodes. **Out:** both forms, which agree name for name.
//!
//! **Never here:** which fields (`place`), the operation around the selections (`requests`).
//!
//! **Holds:** a field stands on an interface only if the interface declares it in that subgraph and
//! all its runtime types there are asked for it by this group; otherwise it stands in a fragment for
//! each type, and only for types that the subgraph knows. A selection that several fragments repeat
//! is written once, as a named fragment, so that texts don't multiply with depth. Abstract positions
//! ask for `__typename` first; an empty selection asks for `__typename`, too.

use super::{
    Builder,
    draft::{Arguments, Draft, DraftId, DraftKind, Local, Node},
    names::Names,
};
use crate::{
    plan::{PositionId, RuntimeType, SelectedField, Selection, SlotId},
    solve::carrier::Capabilities,
};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use std::fmt::Write;
use supergraph::{SubgraphId, TypeId, TypeRef, TypeSet, Value};

/// The text of one operation in the making.
#[derive(Default)]
pub(super) struct Text {
    /// Named fragments, by body.
    fragments: IndexMap<(String, String), String>,
    /// Client variables in use, in order of appearance.
    pub(super) variables: Vec<String>,
    /// Fields asked for.
    pub(super) n_fields: u32,
}

impl Text {
    /// The definitions of the named fragments, to stand behind the operation.
    pub(super) fn fragment_definitions(&self) -> String {
        let mut out = String::new();
        for ((on, body), name) in &self.fragments {
            // Writing to a string cannot fail.
            let _ = write!(out, " fragment {name} on {on} {body}");
        }
        out
    }

    fn spread(&mut self, on: &str, body: String) -> String {
        let next = format!("_f{}", self.fragments.len());
        let name = self.fragments.entry((on.to_owned(), body)).or_insert(next);
        format!("{{ ...{name} }}")
    }

    fn use_variables(&mut self, value: &Value) {
        value.each_variable(&mut |name| {
            if !self.variables.iter().any(|known| known == name) {
                self.variables.push(name.to_owned());
            }
        });
    }
}

/// A selection with its text, braces included.
pub(super) struct Emitted {
    pub(super) text: String,
    pub(super) selection: Selection,
}

/// A field for some runtime types that declare it alike.
struct Variant<'a> {
    types: TypeSet,
    ty: &'a TypeRef,
    local: Option<Local>,
    contextual: Arguments,
}

/// One selection set: fields for every object, and fragments.
#[derive(Default)]
struct Lines<'a> {
    direct: String,
    fragments: IndexMap<TypeId, String, FxBuildHasher>,
    fields: Vec<SelectedField>,
    names: Names<'a>,
}

impl Lines<'_> {
    fn fragment(&mut self, on: TypeId) -> &mut String {
        self.fragments.entry(on).or_default()
    }
}

/// Adds to words that stand apart.
fn add(words: &mut String, word: &str) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(word);
}

type Variants<'a> = SmallVec<[Variant<'a>; 1]>;

impl Builder<'_> {
    /// The selection of a whole group. For entities the text is that of the `_entities` field.
    pub(super) fn emit_group(&self, id: DraftId, text: &mut Text) -> Emitted {
        let draft = &self.drafts[id];
        match &draft.kind {
            DraftKind::Root(_) => {
                let ty = self.positions[draft.position].ty;
                let local = Local { ty, view: Capabilities::no_view() };
                self.emit_node(draft, draft.position, local, text)
            }
            DraftKind::Entities { interface_object, resolves_types, .. } => {
                self.emit_entities(draft, *interface_object, *resolves_types, text)
            }
        }
    }

    fn emit_entities(
        &self,
        draft: &Draft,
        interface_object: bool,
        resolves_types: bool,
        text: &mut Text,
    ) -> Emitted {
        let at = draft.position;
        let locals: Vec<TypeId> = draft
            .nodes
            .keys()
            .filter(|(position, _)| *position == at)
            .map(|key| key.1.ty)
            .collect();
        let mut lines = Lines::default();
        if resolves_types {
            add(&mut lines.direct, "__typename");
        }
        for local in &locals {
            let node = &draft.nodes[&(at, Local { ty: *local, view: Capabilities::no_view() })];
            let abstract_here = self.is_abstract_in(draft.subgraph, *local);
            let condition = (!interface_object && !abstract_here).then(|| TypeSet::of(*local));
            let row = self.supergraph.ty(*local).in_subgraph(draft.subgraph);
            let possible = row.map(|row| row.possible.clone()).unwrap_or_default();
            for (slot, types) in &node.fields {
                if abstract_here
                    && let Some(variant) =
                        self.on_interface(draft, node, *slot, types, *local, &possible)
                {
                    self.emit_field(draft, *slot, &variant, (None, &[*local]), &mut lines, text);
                    continue;
                }
                for variant in self.variants(draft, node, *slot, types, *local) {
                    let (types, on) = match abstract_here {
                        true => (Some(variant.types.clone()), variant.types.iter().collect()),
                        false => (condition.clone(), vec![*local]),
                    };
                    self.emit_field(draft, *slot, &variant, (types, &on), &mut lines, text);
                }
            }
            // An entity must be asked for something, and an unknown type for its name.
            if node.fields.is_empty() && !resolves_types {
                add(lines.fragment(*local), "__typename");
            }
        }
        let runtime_type =
            if resolves_types { RuntimeType::Asked } else { RuntimeType::Represented };
        self.finish(at, runtime_type, lines)
    }

    /// The selection of a node below the group's own position, or of a root.
    fn emit_node(&self, draft: &Draft, at: PositionId, local: Local, text: &mut Text) -> Emitted {
        let node = &draft.nodes[&(at, local)];
        let local = local.ty;
        let row = self.supergraph.ty(local).in_subgraph(draft.subgraph);
        let mut lines = Lines::default();
        if !self.is_abstract_in(draft.subgraph, local) {
            for (slot, types) in &node.fields {
                for variant in self.variants(draft, node, *slot, types, local) {
                    self.emit_field(draft, *slot, &variant, (None, &[]), &mut lines, text);
                }
            }
            if lines.direct.is_empty() {
                add(&mut lines.direct, "__typename");
            }
            let runtime_type = match row.is_some_and(|row| row.interface_object) {
                true => RuntimeType::Unknown,
                false => RuntimeType::Known(local),
            };
            return self.finish(at, runtime_type, lines);
        }
        add(&mut lines.direct, "__typename");
        let possible = row.map(|row| row.possible.clone()).unwrap_or_default();
        for (slot, types) in &node.fields {
            match self.on_interface(draft, node, *slot, types, local, &possible) {
                Some(variant) => {
                    self.emit_field(draft, *slot, &variant, (None, &[]), &mut lines, text);
                }
                None => {
                    for variant in self.variants(draft, node, *slot, types, local) {
                        let on: Vec<TypeId> = variant.types.iter().collect();
                        let types = Some(variant.types.clone());
                        self.emit_field(draft, *slot, &variant, (types, &on), &mut lines, text);
                    }
                }
            }
        }
        self.finish(at, RuntimeType::Asked, lines)
    }

    /// Adds one field, directly or in a fragment for each type of `on`.
    fn emit_field<'s>(
        &'s self,
        draft: &Draft,
        slot: SlotId,
        variant: &Variant<'s>,
        (types, on): (Option<TypeSet>, &[TypeId]),
        lines: &mut Lines<'s>,
        text: &mut Text,
    ) {
        let name = &self.slots[slot].field;
        let is_leaf = variant.local.is_none();
        let response_name = lines.names.choose(name, slot, types.as_ref(), variant.ty, is_leaf);
        let mut line = String::with_capacity(name.len() + 2);
        if response_name != *name {
            line.push_str(&response_name);
            line.push_str(": ");
        }
        line.push_str(name);
        self.write_arguments(slot, &variant.contextual, &mut line, text);
        text.n_fields += 1;
        let mut selection = None;
        if let (Some(local), Some(child)) = (variant.local, self.slots[slot].child) {
            let below = self.emit_node(draft, child, local, text);
            // A root type may have another name in the subgraph, which a fragment would have to say.
            let body = match on.len() > 1 && !self.is_root_type(local.ty) {
                true => text.spread(&self.supergraph.ty(local.ty).name, below.text),
                false => below.text,
            };
            line.push(' ');
            line.push_str(&body);
            selection = Some(below.selection);
        }
        match on {
            [] => add(&mut lines.direct, &line),
            _ => on.iter().for_each(|ty| add(lines.fragment(*ty), &line)),
        }
        lines.fields.push(SelectedField { types, response_name, slot, selection });
    }

    fn write_arguments(
        &self,
        slot: SlotId,
        contextual: &Arguments,
        line: &mut String,
        text: &mut Text,
    ) {
        let asked = &self.asked[slot];
        write_arguments(&asked.arguments, contextual, line, text);
        for directive in &asked.directives {
            let _ = write!(line, " @{}", directive.name);
            write_arguments(&directive.arguments, &Arguments::new(), line, text);
        }
    }

    fn finish(&self, position: PositionId, runtime_type: RuntimeType, lines: Lines<'_>) -> Emitted {
        let mut text = String::with_capacity(lines.direct.len() + 4);
        text.push_str("{ ");
        text.push_str(&lines.direct);
        let mut gap = if lines.direct.is_empty() { "" } else { " " };
        for (ty, fields) in lines.fragments {
            let _ = write!(text, "{gap}... on {} {{ {fields} }}", self.supergraph.ty(ty).name);
            gap = " ";
        }
        text.push_str(" }");
        Emitted { text, selection: Selection { position, runtime_type, fields: lines.fields } }
    }

    fn is_root_type(&self, ty: TypeId) -> bool {
        let supergraph = self.supergraph;
        let roots = [supergraph.mutation_type(), supergraph.subscription_type()];
        ty == supergraph.query_type() || roots.contains(&Some(ty))
    }

    fn is_abstract_in(&self, subgraph: SubgraphId, local: TypeId) -> bool {
        let local = self.supergraph.ty(local);
        local.is_abstract() && !local.in_subgraph(subgraph).is_some_and(|row| row.interface_object)
    }

    /// The runtime types of a field in groups that the subgraph declares alike.
    fn variants(
        &self,
        draft: &Draft,
        node: &Node,
        slot: SlotId,
        types: &TypeSet,
        on: TypeId,
    ) -> Variants<'_> {
        let mut variants = Variants::new();
        let name = &self.slots[slot].field;
        for ty in types.iter() {
            let local =
                node.locals.iter().find(|row| row.0 == slot && row.1 == ty).map(|row| row.2);
            let declared = self.local_type(draft.subgraph, ty, on, name);
            let contextual = node.contextual_arguments(slot, ty);
            let alike = |row: &&mut Variant<'_>| {
                row.ty == declared && row.local == local && row.contextual == contextual
            };
            match variants.iter_mut().find(alike) {
                Some(variant) => {
                    variant.types.insert(ty);
                }
                None => {
                    let types = TypeSet::of(ty);
                    variants.push(Variant { types, ty: declared, local, contextual });
                }
            }
        }
        variants
    }

    fn local_type(&self, subgraph: SubgraphId, ty: TypeId, on: TypeId, field: &str) -> &TypeRef {
        let declared = |ty| {
            let field = self.supergraph.field(self.supergraph.field_named(ty, field)?);
            field.capability(subgraph).map(|row| &row.ty)
        };
        let in_supergraph = || {
            let found = self.supergraph.field_named(ty, field);
            found.or_else(|| self.supergraph.field_named(on, field))
        };
        declared(on)
            .filter(|_| !self.is_abstract_in(subgraph, on))
            .or_else(|| declared(ty))
            .unwrap_or_else(|| {
                let field = in_supergraph().expect("the solver resolved this field");
                &self.supergraph.field(field).ty
            })
    }

    /// The field as the interface itself has it, when it can be asked there.
    fn on_interface(
        &self,
        draft: &Draft,
        node: &Node,
        slot: SlotId,
        types: &TypeSet,
        interface: TypeId,
        possible: &TypeSet,
    ) -> Option<Variant<'_>> {
        if possible.is_empty() || !possible.is_subset(types) {
            return None;
        }
        let name = &self.slots[slot].field;
        let field = self.supergraph.field(self.supergraph.field_named(interface, name)?);
        let ty = &field.capability(draft.subgraph)?.ty;
        let mut locals = node.locals.iter().filter(|row| row.0 == slot).map(|row| row.2);
        let local = locals.next();
        let agrees = locals.all(|other| Some(other) == local)
            && local.is_none_or(|local| local.ty == ty.named());
        let mut contextual = types.iter().map(|ty| node.contextual_arguments(slot, ty));
        let first = contextual.next().unwrap_or_default();
        let agrees = agrees && contextual.all(|other| other == first);
        agrees.then(|| Variant { types: types.clone(), ty, local, contextual: first })
    }
}

fn write_arguments(
    arguments: &[(String, Value)],
    contextual: &Arguments,
    line: &mut String,
    text: &mut Text,
) {
    let mut open = "(";
    for (name, value) in arguments {
        text.use_variables(value);
        // Writing to a string cannot fail.
        let _ = write!(line, "{open}{name}: {value}");
        open = ", ";
    }
    for (name, variable) in contextual {
        let _ = write!(line, "{open}{name}: ${variable}");
        open = ", ";
    }
    if open != "(" {
        line.push(')');
    }
}
