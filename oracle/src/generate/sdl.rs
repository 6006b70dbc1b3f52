//! The subgraphs' SDL.
//!
//! **In:** a graph. **Out:** one document for each subgraph.
//!
//! **Never here:** what the graph is (`generate`).
//!
//! **Read first:** [`Graph::subgraphs_sdl`].

use super::model::{ARGUMENTS, Base, Field, Graph, Kind, QUERY};
use std::collections::BTreeSet;
use std::fmt::Write;

const HEAD: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.8\", import: [\"@key\", \"@shareable\", \"@external\", \"@requires\", \"@provides\", \"@interfaceObject\", \"@override\", \"@inaccessible\", \"@context\", \"@fromContext\"])\n";
const MARK: &str = "directive @mark(n: Int = 5) on FIELD\n";

impl Graph {
    /// Name and SDL of every subgraph that has anything to say.
    pub fn subgraphs_sdl(&self) -> Vec<(String, String)> {
        let all = (0..self.names.len()).map(|index| (self.names[index].clone(), self.sdl(index)));
        all.filter(|(_, sdl)| sdl.contains("type ")).collect()
    }

    fn sdl(&self, subgraph: usize) -> String {
        let first = self.first_edition.contains(&subgraph);
        let mut out = if first { String::new() } else { HEAD.to_owned() };
        if self.renamed.contains(&subgraph) {
            let roots = ["query: TheQuery", "mutation: TheMutation"];
            let roots = (0..2).filter(|ty| self.root_is_here(*ty, subgraph)).map(|ty| roots[ty]);
            let roots = roots.collect::<Vec<_>>().join(" ");
            if !roots.is_empty() {
                let _ = writeln!(out, "schema {{ {roots} }}");
            }
        }
        let mut body = String::new();
        for ty in self.printed_types(subgraph) {
            self.write_type(ty, subgraph, &mut body);
        }
        out.push_str(&body);
        self.write_leaves(subgraph, &body, &mut out);
        if self.marked {
            out.push_str(MARK);
        }
        out
    }

    /// The enums and inputs that the other types mention: `E` is the same everywhere, `O` has values
    /// for output, `N` and `In` are for input only.
    fn write_leaves(&self, subgraph: usize, body: &str, out: &mut String) {
        let generous = self.generous.contains(&subgraph);
        let mentions =
            |name: &str| body.contains(&format!(": {name}")) || body.contains(&format!("[{name}"));
        if mentions("E") {
            out.push_str("enum E { E0 E1 E2 }\n");
        }
        if mentions("O") {
            let hidden = if self.first_edition.contains(&subgraph) { "" } else { " @inaccessible" };
            let own = if generous { format!(" O_{}", self.names[subgraph]) } else { String::new() };
            let _ = writeln!(out, "enum O {{ O0 O1 O2 O3{hidden}{own} }}");
        }
        if mentions("N") {
            let own = if generous { " N2" } else { "" };
            let _ = writeln!(out, "enum N {{ N0 N1{own} }}");
        }
        if mentions("In") {
            let own = if generous { " x: Int" } else { "" };
            let _ = writeln!(out, "input In {{ a: Int = 1 b: [String!] c: In{own} }}");
        }
    }

    fn root_is_here(&self, ty: usize, subgraph: usize) -> bool {
        self.types[ty].fields.iter().any(|field| self.declares(subgraph, ty, field))
    }

    /// The types that a subgraph defines: its entities, and what it mentions.
    fn printed_types(&self, subgraph: usize) -> BTreeSet<usize> {
        let here = |ty: &usize| match self.types[*ty].kind {
            Kind::Root => self.root_is_here(*ty, subgraph),
            Kind::Entity => self.types[*ty].homes.contains_key(&subgraph),
            Kind::Value => false,
            Kind::Interface => {
                self.is_interface_object(*ty, subgraph)
                    || !self.members_in(*ty, subgraph).is_empty()
            }
            Kind::Union => !self.members_in(*ty, subgraph).is_empty(),
        };
        let mut types: BTreeSet<usize> = (0..self.types.len()).filter(here).collect();
        let mut queue: Vec<usize> = types.iter().copied().collect();
        while let Some(ty) = queue.pop() {
            let fields = self.types[ty].fields.iter();
            let fields = fields.filter(|field| self.declares(subgraph, ty, field));
            let values = fields.filter_map(Field::target).chain(self.types[ty].members.clone());
            for target in values.filter(|target| self.types[*target].kind == Kind::Value) {
                if types.insert(target) {
                    queue.push(target);
                }
            }
        }
        types
    }

    fn write_type(&self, ty: usize, subgraph: usize, out: &mut String) {
        let this = &self.types[ty];
        if this.kind == Kind::Union {
            let printed = |member: &&usize| {
                self.types[**member].kind == Kind::Value
                    || self.types[**member].homes.contains_key(&subgraph)
            };
            let members = this.members.iter().filter(printed);
            let members: Vec<&str> = members.map(|m| self.types[*m].name.as_str()).collect();
            let _ = writeln!(out, "union {} = {}", this.name, members.join(" | "));
            return;
        }
        let object = self.is_interface_object(ty, subgraph);
        let keyword = if this.kind == Kind::Interface && !object { "interface" } else { "type" };
        let extend = self.extends(ty, subgraph);
        let extension = if extend { "extend " } else { "" };
        let _ = write!(out, "{extension}{keyword} {}", self.name(ty, subgraph));
        let interfaces: Vec<&str> = self
            .of_kind(Kind::Interface)
            .into_iter()
            .filter(|interface| self.types[*interface].members.contains(&ty))
            .filter(|interface| !self.interface_fields(*interface, subgraph).is_empty())
            .map(|interface| self.types[interface].name.as_str())
            .collect();
        if !interfaces.is_empty() {
            let _ = write!(out, " implements {}", interfaces.join(" & "));
        }
        if let Some(home) = this.homes.get(&subgraph) {
            for key in &home.keys {
                let resolvable = if key.resolvable { "" } else { ", resolvable: false" };
                let _ = write!(out, " @key(fields: \"{}\"{resolvable})", key.fields);
            }
            if keyword == "interface" {
                out.push_str(" @key(fields: \"id\")");
            }
        }
        if object {
            out.push_str(" @interfaceObject");
        }
        if self.contexts.contains(&(subgraph, ty)) {
            out.push_str(" @context(name: \"above\")");
        }
        if this.inaccessible && !self.first_edition.contains(&subgraph) {
            out.push_str(" @inaccessible");
        }
        out.push_str(" {\n");
        if keyword == "interface" {
            for line in self.interface_fields(ty, subgraph) {
                let _ = writeln!(out, "  {line}");
            }
        } else {
            if object {
                out.push_str("  id: ID!\n");
            }
            for field in this.fields.iter().filter(|f| self.declares(subgraph, ty, f)) {
                let _ = writeln!(out, "  {}", self.field(ty, field, subgraph));
            }
        }
        out.push_str("}\n");
    }

    /// The fields that an interface has in a subgraph: those that every member has there.
    fn interface_fields(&self, ty: usize, subgraph: usize) -> Vec<String> {
        let members = self.members_in(ty, subgraph);
        if self.is_interface_object(ty, subgraph) || members.is_empty() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let has_id = |member: &usize| self.types[*member].field("id").is_some();
        if members.iter().all(has_id) {
            lines.push("id: ID!".to_owned());
        }
        for field in self.types[ty].fields.iter().filter(|field| field.owners.is_empty()) {
            let own = members.iter().map(|m| (*m, self.types[*m].field(&field.name)));
            let all = own.clone().all(|(member, own)| {
                own.is_some_and(|own| {
                    own.base == field.base && self.declares(subgraph, member, own)
                })
            });
            if all {
                lines.push(format!("{}: {}", field.name, self.type_of(field, subgraph)));
            }
        }
        lines
    }

    /// Whether a subgraph of the first edition only extends the entity.
    fn extends(&self, ty: usize, subgraph: usize) -> bool {
        let first = |home: &usize| *home == subgraph;
        self.first_edition.contains(&subgraph)
            && (self.types[ty].kind == Kind::Root
                || self.types[ty].kind == Kind::Entity
                    && self.types[ty].homes.len() > 1
                    && !self.types[ty].homes.keys().next().is_some_and(first))
    }

    fn field(&self, ty: usize, field: &Field, subgraph: usize) -> String {
        let arguments = match &field.context {
            Some(ty) => format!("(told: {ty} @fromContext(field: \"$above {{ told }}\"), n: Int)"),
            None => field.arguments.map_or("", |form| ARGUMENTS[form].0).to_owned(),
        };
        let mut out = format!("{}{arguments}: {}", field.name, self.type_of(field, subgraph));
        let first = self.first_edition.contains(&subgraph);
        let owner = field.owners.contains(&subgraph) || self.lends_id(subgraph, ty, field);
        let was_owner = field.moved.as_ref().is_some_and(|(from, _)| *from == subgraph);
        let in_key = self.types[ty].in_key(subgraph, &field.name);
        if in_key && self.extends(ty, subgraph) {
            out.push_str(" @external");
            return out;
        }
        if !owner && !in_key && !was_owner {
            out.push_str(" @external");
            return out;
        }
        let shared = field.owners.len() > 1 || field.provided || field.in_key;
        let value = self.types[ty].kind == Kind::Value && field.owners.len() > 1;
        if !first && !in_key && (shared || value) {
            out.push_str(" @shareable");
        }
        if let Some(requires) = field.requires.as_ref().filter(|_| owner) {
            let _ = write!(out, " @requires(fields: {requires:?})");
        }
        if let Some(provides) = field.provides.get(&subgraph) {
            let _ = write!(out, " @provides(fields: {provides:?})");
        }
        if let Some((from, label)) = field.moved.as_ref().filter(|_| owner) {
            let label = label.as_ref().map_or(String::new(), |l| format!(", label: \"{l}\""));
            let _ = write!(out, " @override(from: \"{}\"{label})", self.names[*from]);
        }
        if field.inaccessible && !first {
            out.push_str(" @inaccessible");
        }
        out
    }

    fn name(&self, ty: usize, subgraph: usize) -> String {
        let renamed = self.types[ty].kind == Kind::Root && self.renamed.contains(&subgraph);
        let the = if renamed && self.root_is_here(ty, subgraph) { "The" } else { "" };
        format!("{the}{}", self.types[ty].name)
    }

    fn type_of(&self, field: &Field, subgraph: usize) -> String {
        let name = match field.base {
            Base::Leaf(name) => name.to_owned(),
            Base::Type(QUERY) => self.name(QUERY, subgraph),
            Base::Type(ty) => self.types[ty].name.clone(),
        };
        let strict = if field.stricter.contains(&subgraph) { "!" } else { "" };
        format!("{}{strict}", field.wrap.replace('_', &name))
    }
}
