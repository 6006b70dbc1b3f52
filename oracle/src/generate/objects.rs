//! Random data for a graph, in the form that `Data::from_json` reads.
//!
//! **Never here:** values of fields with `@requires`: they are computed from what they require.

use super::model::{Field, FieldType, Graph, Kind, Scalar};
use crate::chance::Chance;
use serde_json::{Map, Value, json};

impl Graph {
    /// Random objects and root values.
    pub fn objects(&self, chance: &mut Chance) -> Value {
        let mut objects = Map::new();
        let counts: Vec<usize> = self.types.iter().map(|_| chance.between(1, 4)).collect();
        for (index, ty) in self.types.iter().enumerate() {
            if ty.kind != Kind::Entity {
                continue;
            }
            for n in 0..counts[index] {
                let mut object = Map::new();
                object.insert("__typename".to_owned(), json!(ty.name));
                for field in ty.fields.iter().filter(|field| field.requires.is_empty()) {
                    let value = match field.is_key {
                        true => json!(format!("{}-{}-{n}", ty.name, field.name)),
                        false => self.value(field, &counts, chance),
                    };
                    object.insert(field.name.clone(), value);
                }
                objects.insert(format!("{}-{n}", ty.name), Value::Object(object));
            }
        }
        let mut root = |fields: &[Field]| -> Map<String, Value> {
            let values = fields.iter().map(|f| (f.name.clone(), self.value(f, &counts, chance)));
            values.collect()
        };
        let query = root(&self.query);
        let mutation = root(&self.mutation);
        json!({ "objects": objects, "query": query, "mutation": mutation })
    }

    fn value(&self, field: &Field, counts: &[usize], chance: &mut Chance) -> Value {
        match field.ty {
            FieldType::Scalar { non_null: false, .. } if chance.percent(15) => Value::Null,
            FieldType::Scalar { scalar, .. } => match scalar {
                Scalar::Id => json!(format!("x{}", chance.below(100))),
                Scalar::Int => json!(chance.below(1000)),
                Scalar::Float => json!(chance.below(1000) as f64 / 8.0),
                Scalar::String => json!(format!("text {} \u{fc} \"q\"", chance.below(100))),
                Scalar::Boolean => json!(chance.percent(50)),
            },
            FieldType::Reference { target, list: true, item_non_null, .. } => {
                let items =
                    (0..chance.below(4)).map(|_| match chance.percent(10) && !item_non_null {
                        true => Value::Null,
                        false => self.object(target, field.owners[0], counts, chance),
                    });
                Value::Array(items.collect())
            }
            FieldType::Reference { non_null: false, .. } if chance.percent(10) => Value::Null,
            FieldType::Reference { target, .. } => {
                self.object(target, field.owners[0], counts, chance)
            }
        }
    }

    /// A reference to an object of the type, or of a member that `subgraph` knows.
    fn object(
        &self,
        target: usize,
        subgraph: usize,
        counts: &[usize],
        chance: &mut Chance,
    ) -> Value {
        let ty = &self.types[target];
        match ty.kind {
            Kind::Value => {
                let fields = ty.fields.iter();
                let mut object: Map<String, Value> =
                    fields.map(|f| (f.name.clone(), self.value(f, counts, chance))).collect();
                object.insert("__typename".to_owned(), json!(ty.name));
                Value::Object(object)
            }
            Kind::Entity => {
                json!({ "@ref": format!("{}-{}", ty.name, chance.below(counts[target])) })
            }
            Kind::Interface | Kind::Union => {
                let here = |member: &&usize| self.types[**member].presence.contains_key(&subgraph);
                let members: Vec<usize> = ty.members.iter().filter(here).copied().collect();
                self.object(*chance.pick(&members), subgraph, counts, chance)
            }
        }
    }
}
