//! The subgraphs' SDL.
//!
//! **Never here:** what the graph is (`generate`).

use super::model::{Field, FieldType, Graph, Kind, Type};
use std::fmt::Write;

const HEAD: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.5\", import: [\"@key\", \"@shareable\", \"@external\", \"@requires\", \"@provides\"])\n";

impl Graph {
    /// The SDL of one subgraph.
    pub fn sdl(&self, subgraph: usize) -> String {
        let mut out = HEAD.to_owned();
        for (name, fields) in [("Query", &self.query), ("Mutation", &self.mutation)] {
            let own: Vec<&Field> =
                fields.iter().filter(|field| field.owners.contains(&subgraph)).collect();
            if own.is_empty() {
                continue;
            }
            // Writing to a string cannot fail.
            let _ = writeln!(out, "type {name} {{");
            for field in own {
                let share = if field.owners.len() > 1 { " @shareable" } else { "" };
                let _ = writeln!(out, "  {}: {}{share}", field.name, self.print_type(field.ty));
            }
            out.push_str("}\n");
        }
        for ty in self.types.iter().filter(|ty| ty.presence.contains_key(&subgraph)) {
            match ty.kind {
                Kind::Union => {
                    let members = self.members_in(ty, subgraph).map(|member| member.name.as_str());
                    let members: Vec<&str> = members.collect();
                    let _ = writeln!(out, "union {} = {}", ty.name, members.join(" | "));
                }
                _ => self.write_type(ty, subgraph, &mut out),
            }
        }
        out
    }

    /// The members of an abstract type that a subgraph knows.
    pub(super) fn members_in<'a>(
        &'a self,
        ty: &'a Type,
        subgraph: usize,
    ) -> impl Iterator<Item = &'a Type> {
        let members = ty.members.iter().map(|member| &self.types[*member]);
        members.filter(move |member| member.presence.contains_key(&subgraph))
    }

    fn write_type(&self, ty: &Type, subgraph: usize, out: &mut String) {
        let keyword = if ty.kind == Kind::Interface { "interface" } else { "type" };
        let _ = write!(out, "{keyword} {}", ty.name);
        if self.implements_here(ty, subgraph) {
            out.push_str(" implements I0");
        }
        let home = &ty.presence[&subgraph];
        for key in &home.keys {
            let resolvable = if home.resolvable { "" } else { ", resolvable: false" };
            let _ = write!(out, " @key(fields: \"{key}\"{resolvable})");
        }
        out.push_str(" {\n");
        for field in &ty.fields {
            if let Some(directives) = self.directives(ty, field, subgraph) {
                let _ =
                    writeln!(out, "  {}: {}{directives}", field.name, self.print_type(field.ty));
            }
        }
        out.push_str("}\n");
    }

    fn implements_here(&self, ty: &Type, subgraph: usize) -> bool {
        self.types.iter().any(|other| {
            other.kind == Kind::Interface
                && other.presence.contains_key(&subgraph)
                && other.members.iter().any(|member| self.types[*member].name == ty.name)
        })
    }

    /// The directives of a field in a subgraph; none when the subgraph doesn't have it.
    fn directives(&self, ty: &Type, field: &Field, subgraph: usize) -> Option<String> {
        if ty.kind == Kind::Interface {
            // Declared when every member here has it.
            let all = self.members_in(ty, subgraph).all(|member| {
                let own = member.field(&field.name);
                own.is_some_and(|own| self.directives(member, own, subgraph).is_some())
            });
            return all.then(String::new);
        }
        if field.is_key {
            if ty.has_in_key(subgraph, &field.name) {
                return Some(String::new());
            }
            return self.needs_id(ty, field, subgraph).then(|| " @shareable".to_owned());
        }
        if field.owners.contains(&subgraph) {
            let mut out = String::new();
            // What another subgraph provides on some path, it resolves there.
            let shared = field.owners.len() > 1 || self.is_provided(ty, field, None);
            if shared || ty.kind == Kind::Value {
                out.push_str(" @shareable");
            }
            if !field.requires.is_empty() {
                let _ = write!(out, " @requires(fields: \"{}\")", field.requires.join(" "));
            }
            if !field.provides.is_empty() {
                let _ = write!(out, " @provides(fields: \"{}\")", field.provides.join(" "));
            }
            return Some(out);
        }
        self.is_external(ty, field, subgraph).then(|| " @external".to_owned())
    }

    /// Whether any subgraph declares a field on a type: an interface's only where all members have it.
    pub fn is_declared(&self, ty: &Type, field: &Field) -> bool {
        ty.presence.keys().any(|subgraph| self.directives(ty, field, *subgraph).is_some())
    }

    /// The interface's `id` must be there, whichever key the subgraph has.
    fn needs_id(&self, ty: &Type, field: &Field, subgraph: usize) -> bool {
        field.name == "id" && self.implements_here(ty, subgraph)
    }

    fn is_external(&self, ty: &Type, field: &Field, subgraph: usize) -> bool {
        let required = ty
            .fields
            .iter()
            .any(|other| other.owners.contains(&subgraph) && other.requires.contains(&field.name));
        let provided = self.is_provided(ty, field, Some(subgraph));
        required || provided
    }

    /// Whether a `@provides` names the field: of `subgraph`, or of any.
    fn is_provided(&self, ty: &Type, field: &Field, subgraph: Option<usize>) -> bool {
        self.types.iter().flat_map(|source| &source.fields).any(|other| {
            let FieldType::Reference { target, .. } = other.ty else { return false };
            self.types[target].name == ty.name
                && subgraph.is_none_or(|subgraph| other.owners.contains(&subgraph))
                && other.provides.contains(&field.name)
        })
    }

    /// A field's type as SDL writes it.
    pub fn print_type(&self, ty: FieldType) -> String {
        let bang = |non_null| if non_null { "!" } else { "" };
        match ty {
            FieldType::Scalar { scalar, non_null } => {
                format!("{}{}", scalar.name(), bang(non_null))
            }
            FieldType::Reference { target, list, non_null, item_non_null } => {
                let name = &self.types[target].name;
                match list {
                    true => format!("[{name}{}]{}", bang(item_non_null), bang(non_null)),
                    false => format!("{name}{}", bang(non_null)),
                }
            }
        }
    }
}
