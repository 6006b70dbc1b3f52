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
    draft::{Draft, DraftId, DraftKind, Local, NodeField},
    names::Names,
};
use crate::{
    few::FewMap,
    plan::{PositionId, RuntimeType, SelectedField, Selection, SlotId},
    solve::carrier::Capabilities,
};
use indexmap::IndexMap;
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
    /// Writes the definitions of the named fragments, to stand behind the operation.
    pub(super) fn write_fragments(&self, out: &mut String) {
        for ((on, body), name) in &self.fragments {
            // Writing to a string cannot fail.
            let _ = write!(out, " fragment {name} on {on} {body}");
        }
    }

    fn spread(&mut self, on: &str, body: String, out: &mut String) {
        let next = format!("_f{}", self.fragments.len());
        let name = self.fragments.entry((on.to_owned(), body)).or_insert(next);
        let _ = write!(out, "{{ ...{name} }}");
    }

    fn use_variables(&mut self, value: &Value) {
        value.each_variable(&mut |name| {
            if !self.variables.iter().any(|known| known == name) {
                self.variables.push(name.to_owned());
            }
        });
    }
}

/// A field for some runtime types that declare it alike.
struct Variant<'a> {
    types: TypeSet,
    ty: &'a TypeRef,
    local: Option<Local>,
    contextual: &'a [(String, String)],
}

/// Where a field stands in a selection set: for every object, or in a fragment for each type.
type Place<'t> = (Option<TypeSet>, &'t [TypeId]);

/// One selection set in the making: fields for every object go straight into its text, those in
/// fragments behind them.
struct Lines<'a, 't> {
    out: &'t mut String,
    /// Where its text starts.
    start: usize,
    fragments: FewMap<TypeId, String>,
    fields: Vec<SelectedField>,
    names: Names<'a>,
}

impl<'t> Lines<'_, 't> {
    fn open(out: &'t mut String, fields: usize) -> Self {
        let start = out.len();
        out.push('{');
        Self {
            out,
            start,
            fragments: FewMap::default(),
            fields: Vec::with_capacity(fields),
            names: Names::default(),
        }
    }

    fn has_direct(&self) -> bool {
        self.out.len() > self.start + 1
    }

    fn add(&mut self, word: &str) {
        self.out.push(' ');
        self.out.push_str(word);
    }
}

type Variants<'a> = SmallVec<[Variant<'a>; 1]>;

impl Builder<'_> {
    /// Writes the selection of a whole group, braces included; for entities that of the `_entities`
    /// field.
    pub(super) fn emit_group(&self, id: DraftId, out: &mut String, text: &mut Text) -> Selection {
        let draft = &self.drafts[id];
        match &draft.kind {
            DraftKind::Root(_) => {
                let ty = self.positions[draft.position].ty;
                let local = Local { ty, view: Capabilities::no_view() };
                self.emit_node(draft, draft.position, local, out, text)
            }
            DraftKind::Entities { interface_object, resolves_types, .. } => {
                self.emit_entities(draft, *interface_object, *resolves_types, out, text)
            }
        }
    }

    fn emit_entities(
        &self,
        draft: &Draft,
        interface_object: bool,
        resolves_types: bool,
        out: &mut String,
        text: &mut Text,
    ) -> Selection {
        let at = draft.position;
        let here = || draft.nodes.rows().iter().filter(|((position, _), _)| *position == at);
        let mut lines = Lines::open(out, here().map(|(_, node)| node.rows().len()).sum());
        if resolves_types {
            lines.add("__typename");
        }
        for ((_, Local { ty: local, .. }), _) in here() {
            // An entity is entered without a view.
            let key = (at, Local { ty: *local, view: Capabilities::no_view() });
            let node = draft.nodes.get(key).map_or(&[][..], |node| node.rows());
            let abstract_here = self.is_abstract_in(draft.subgraph, *local);
            let condition = (!interface_object && !abstract_here).then(|| TypeSet::of(*local));
            for (slot, field) in node {
                if abstract_here
                    && let Some(variant) = self.on_interface(draft, *slot, field, *local)
                {
                    self.emit_field(draft, *slot, &variant, (None, &[*local]), &mut lines, text);
                    continue;
                }
                for variant in self.variants(draft, *slot, field, *local) {
                    let on: SmallVec<[TypeId; 4]> = match abstract_here {
                        true => variant.types.iter().collect(),
                        false => SmallVec::from_slice(&[*local]),
                    };
                    let types =
                        if abstract_here { Some(variant.types.clone()) } else { condition.clone() };
                    self.emit_field(draft, *slot, &variant, (types, &on), &mut lines, text);
                }
            }
            // An entity must be asked for something, and an unknown type for its name.
            if node.is_empty() && !resolves_types {
                lines.fragments.entry(*local).push_str(" __typename");
            }
        }
        let runtime_type =
            if resolves_types { RuntimeType::Asked } else { RuntimeType::Represented };
        self.finish(at, runtime_type, lines)
    }

    /// Writes the selection of a node below the group's own position, or of a root.
    fn emit_node(
        &self,
        draft: &Draft,
        at: PositionId,
        local: Local,
        out: &mut String,
        text: &mut Text,
    ) -> Selection {
        let node = draft.nodes.get((at, local)).map_or(&[][..], |node| node.rows());
        let local = local.ty;
        let mut lines = Lines::open(out, node.len());
        if !self.is_abstract_in(draft.subgraph, local) {
            for (slot, field) in node {
                for variant in self.variants(draft, *slot, field, local) {
                    self.emit_field(draft, *slot, &variant, (None, &[]), &mut lines, text);
                }
            }
            if !lines.has_direct() {
                lines.add("__typename");
            }
            let row = self.supergraph.ty(local).in_subgraph(draft.subgraph);
            let runtime_type = match row.is_some_and(|row| row.interface_object) {
                true => RuntimeType::Unknown,
                false => RuntimeType::Known(local),
            };
            return self.finish(at, runtime_type, lines);
        }
        lines.add("__typename");
        for (slot, field) in node {
            match self.on_interface(draft, *slot, field, local) {
                Some(variant) => {
                    self.emit_field(draft, *slot, &variant, (None, &[]), &mut lines, text);
                }
                None => {
                    for variant in self.variants(draft, *slot, field, local) {
                        let on: SmallVec<[TypeId; 4]> = variant.types.iter().collect();
                        let types = Some(variant.types.clone());
                        self.emit_field(draft, *slot, &variant, (types, &on), &mut lines, text);
                    }
                }
            }
        }
        self.finish(at, RuntimeType::Asked, lines)
    }

    /// Adds one field, directly or in a fragment for each type of its place.
    fn emit_field<'s>(
        &'s self,
        draft: &Draft,
        slot: SlotId,
        variant: &Variant<'s>,
        (types, on): Place<'_>,
        lines: &mut Lines<'s, '_>,
        text: &mut Text,
    ) {
        let name = &self.slots[slot].field;
        let is_leaf = variant.local.is_none();
        let response_name = lines.names.choose(name, slot, types.as_ref(), variant.ty, is_leaf);
        text.n_fields += 1;
        let mut line = String::new();
        let out = if on.is_empty() { &mut *lines.out } else { &mut line };
        out.push(' ');
        if response_name != *name {
            out.push_str(&response_name);
            out.push_str(": ");
        }
        out.push_str(name);
        self.write_arguments(slot, variant.contextual, out, text);
        let mut selection = None;
        if let (Some(local), Some(child)) = (variant.local, self.slots[slot].child) {
            out.push(' ');
            // A root type may have another name in the subgraph, which a fragment would have to say.
            selection = Some(match on.len() > 1 && !self.is_root_type(local.ty) {
                true => {
                    let mut body = String::new();
                    let selection = self.emit_node(draft, child, local, &mut body, text);
                    text.spread(&self.supergraph.ty(local.ty).name, body, out);
                    selection
                }
                false => self.emit_node(draft, child, local, out, text),
            });
        }
        on.iter().for_each(|ty| lines.fragments.entry(*ty).push_str(&line));
        lines.fields.push(SelectedField { types, response_name, slot, selection });
    }

    fn write_arguments(
        &self,
        slot: SlotId,
        contextual: &[(String, String)],
        line: &mut String,
        text: &mut Text,
    ) {
        let asked = &self.asked[slot];
        write_arguments(&asked.arguments, contextual, line, text);
        for directive in &asked.directives {
            let _ = write!(line, " @{}", directive.name);
            write_arguments(&directive.arguments, &[], line, text);
        }
    }

    fn finish(
        &self,
        position: PositionId,
        runtime_type: RuntimeType,
        lines: Lines<'_, '_>,
    ) -> Selection {
        for (ty, fields) in lines.fragments.rows() {
            lines.out.extend([" ... on ", &self.supergraph.ty(*ty).name, " {", fields, " }"]);
        }
        lines.out.push_str(" }");
        Selection { position, runtime_type, fields: lines.fields }
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
    fn variants<'s>(
        &'s self,
        draft: &'s Draft,
        slot: SlotId,
        field: &'s NodeField,
        on: TypeId,
    ) -> Variants<'s> {
        let mut variants = Variants::new();
        let name = &self.slots[slot].field;
        for ty in field.types.iter() {
            let local = field.local(ty);
            let declared = self.local_type(draft.subgraph, ty, on, name);
            let contextual = field.contextual_arguments(ty);
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
    fn on_interface<'s>(
        &'s self,
        draft: &Draft,
        slot: SlotId,
        field: &'s NodeField,
        interface: TypeId,
    ) -> Option<Variant<'s>> {
        let possible = &self.supergraph.ty(interface).in_subgraph(draft.subgraph)?.possible;
        if possible.is_empty() || !possible.is_subset(&field.types) {
            return None;
        }
        let name = &self.slots[slot].field;
        let declared = self.supergraph.field(self.supergraph.field_named(interface, name)?);
        let ty = &declared.capability(draft.subgraph)?.ty;
        let mut locals = field.locals.iter().map(|row| row.1);
        let local = locals.next();
        let agrees = locals.all(|other| Some(other) == local)
            && local.is_none_or(|local| local.ty == ty.named());
        let mut contextual = field.types.iter().map(|ty| field.contextual_arguments(ty));
        let first = contextual.next().unwrap_or_default();
        let agrees = agrees && contextual.all(|other| other == first);
        agrees.then(|| Variant { types: field.types.clone(), ty, local, contextual: first })
    }
}

fn write_arguments(
    arguments: &[(String, Value)],
    contextual: &[(String, String)],
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
