//! Random operations on a random graph.
//!
//! **In:** a [`Graph`], a [`Chance`]. **Out:** the text of a valid operation.
//!
//! **Never here:** running it (`case`).
//!
//! **Holds:** a plain response name always means the same field and aliases are never used twice, so
//! that no two selections conflict.

use crate::{
    chance::Chance,
    generate::{Field, FieldType, Graph, Kind, Type},
};

/// A random operation.
pub fn operation(graph: &Graph, chance: &mut Chance) -> String {
    let mut writer = Writer { graph, chance, aliases: 0 };
    let mutation = !graph.mutation.is_empty() && writer.chance.percent(15);
    let (keyword, roots) =
        if mutation { ("mutation", &graph.mutation) } else { ("query", &graph.query) };
    let mut fields = Vec::new();
    for _ in 0..writer.chance.between(1, 3) {
        let field = writer.chance.pick(roots);
        fields.push(writer.field(field, 4));
    }
    format!("{keyword} {{ {} }}", fields.join(" "))
}

struct Writer<'a> {
    graph: &'a Graph,
    chance: &'a mut Chance,
    aliases: usize,
}

impl Writer<'_> {
    fn field(&mut self, field: &Field, depth: usize) -> String {
        let alias = match field.is_reference() || self.chance.percent(25) {
            true => {
                self.aliases += 1;
                format!("a{}: ", self.aliases)
            }
            false => String::new(),
        };
        let condition = match self.chance.below(20) {
            0 => " @include(if: true)",
            1 => " @skip(if: true)",
            _ => "",
        };
        let below = match field.ty {
            FieldType::Scalar { .. } => String::new(),
            FieldType::Reference { target, .. } => {
                format!(" {}", self.selection(&self.graph.types[target], depth - 1))
            }
        };
        format!("{alias}{}{condition}{below}", field.name)
    }

    fn selection(&mut self, ty: &Type, depth: usize) -> String {
        let mut parts = Vec::new();
        if self.chance.percent(25) {
            parts.push("__typename".to_owned());
        }
        for field in ty.fields.iter().filter(|field| self.graph.is_declared(ty, field)) {
            let percent = if field.is_reference() { 45 } else { 50 };
            if (depth > 0 || !field.is_reference()) && self.chance.percent(percent) {
                parts.push(self.field(field, depth));
            }
        }
        for member in &ty.members {
            if self.chance.percent(60) {
                let member = &self.graph.types[*member];
                parts.push(format!("... on {} {}", member.name, self.selection(member, depth)));
            }
        }
        if ty.kind == Kind::Entity && self.chance.percent(10) {
            parts.push(format!("... on {} {}", ty.name, self.selection(ty, depth.min(1))));
        }
        if parts.is_empty() {
            parts.push(if ty.kind == Kind::Value { "v0_a" } else { "__typename" }.to_owned());
        }
        format!("{{ {} }}", parts.join(" "))
    }
}
