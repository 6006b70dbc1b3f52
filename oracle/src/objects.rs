//! Random data for a composed graph, in the form that `Data::from_json` reads.
//!
//! **In:** a supergraph, a [`Chance`]. **Out:** objects and root values.
//!
//! **Never here:** values of leaf fields with `@requires`: they are computed from what they require.
//!
//! **Holds:** a value fits the strictest type that any subgraph declares for its field; an object at
//! an abstract field has a runtime type that every subgraph knows that declares the field; keys are
//! unique.
//!
//! **Read first:** [`objects`].

use crate::chance::Chance;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use supergraph::{FieldDef, FieldId, FieldSetItem, Supergraph, TypeDef, TypeId, TypeKind, TypeRef};

/// Random objects and root values.
///
/// # Errors
/// When a field must have a value and no runtime type suits all who resolve it.
pub fn objects(supergraph: &Supergraph, chance: &mut Chance) -> Result<Value, String> {
    let count = chance.between(1, 3);
    let mut maker = Maker { supergraph, chance, count, keys: BTreeMap::new() };
    let entities: Vec<(TypeId, &TypeDef)> = supergraph.types().iter().collect();
    let entities: Vec<TypeId> =
        entities.into_iter().filter(|(_, ty)| is_entity(ty)).map(|(id, _)| id).collect();
    for entity in &entities {
        maker.learn_keys(*entity);
    }
    let mut all = Map::new();
    for entity in entities {
        for n in 0..count {
            let name = &supergraph.ty(entity).name;
            all.insert(format!("{name}-{n}"), maker.fields(entity, n, &format!("{name}-{n}"), 0)?);
        }
    }
    let query = maker.fields(supergraph.query_type(), 0, "query", 0)?;
    let mutation = match supergraph.mutation_type() {
        Some(mutation) => maker.fields(mutation, 0, "mutation", 0)?,
        None => json!({}),
    };
    Ok(json!({ "objects": all, "query": query, "mutation": mutation }))
}

fn is_entity(ty: &TypeDef) -> bool {
    ty.kind == TypeKind::Object && ty.in_subgraphs.iter().any(|here| !here.keys.is_empty())
}

struct Maker<'a> {
    supergraph: &'a Supergraph,
    chance: &'a mut Chance,
    count: usize,
    /// Fields that a key names at its top, by type and name.
    keys: BTreeMap<(TypeId, String), ()>,
}

/// Whose value is made.
struct Place<'a> {
    ty: TypeId,
    field: FieldId,
    /// Number of the object, for what must be unique.
    n: usize,
    /// Stands in unique values.
    tag: &'a str,
    depth: usize,
}

impl Maker<'_> {
    fn learn_keys(&mut self, ty: TypeId) {
        for here in &self.supergraph.ty(ty).in_subgraphs {
            for key in &here.keys {
                for item in &self.supergraph.field_set(key.fields).items {
                    if let FieldSetItem::Field { field, .. } = item {
                        let name = self.supergraph.field(*field).name.clone();
                        self.keys.insert((ty, name), ());
                    }
                }
            }
        }
    }

    fn fields(&mut self, ty: TypeId, n: usize, tag: &str, depth: usize) -> Result<Value, String> {
        let supergraph = self.supergraph;
        let definition = supergraph.ty(ty);
        let mut object = Map::new();
        if ty != supergraph.query_type() && Some(ty) != supergraph.mutation_type() {
            object.insert("__typename".to_owned(), json!(definition.name));
        }
        for (name, field) in &definition.fields {
            let place = Place { ty, field: *field, n, tag, depth };
            let types = self.types_of(definition, supergraph.field(*field));
            if types.is_empty() {
                continue;
            }
            object.insert(name.clone(), self.value(&place, &types)?);
        }
        object.retain(|_, value| value.get("@computed").is_none());
        Ok(Value::Object(object))
    }

    /// A field's type as every subgraph declares it, interface objects included. Empty when its
    /// value is computed.
    fn types_of(&self, ty: &TypeDef, field: &FieldDef) -> Vec<TypeRef> {
        let mut types = vec![field.ty.clone()];
        let mut computed = false;
        let from_interfaces = ty.interfaces.iter().filter_map(|interface| {
            let inherited = self.supergraph.field_named(*interface, &field.name)?;
            Some(self.supergraph.field(inherited))
        });
        for field in std::iter::once(field).chain(from_interfaces) {
            for capability in &field.capabilities {
                computed |= capability.requires.is_some();
                types.push(capability.ty.clone());
            }
        }
        let leaf = !self.supergraph.ty(field.ty.named()).is_composite();
        if computed && leaf { Vec::new() } else { types }
    }

    fn value(&mut self, place: &Place<'_>, types: &[TypeRef]) -> Result<Value, String> {
        let non_null = types.iter().any(TypeRef::is_non_null);
        let in_key = self.keys.contains_key(&(place.ty, self.name(place).to_owned()));
        let items: Vec<TypeRef> = types
            .iter()
            .filter_map(|ty| match ty {
                TypeRef::List { item, .. } => Some((**item).clone()),
                TypeRef::Named { .. } => None,
            })
            .collect();
        if !in_key && !non_null && self.chance.percent(12) {
            return Ok(Value::Null);
        }
        if !items.is_empty() {
            let count = self.chance.below(4);
            let items = (0..count).map(|_| self.value(place, &items));
            // A list of objects that nobody agrees on is empty.
            return Ok(items.collect::<Result<Vec<_>, _>>().unwrap_or_default().into());
        }
        match self.named(place, types[0].named(), in_key) {
            Err(_) if !non_null => Ok(Value::Null),
            made => made,
        }
    }

    fn name(&self, place: &Place<'_>) -> &str {
        &self.supergraph.field(place.field).name
    }

    fn named(&mut self, place: &Place<'_>, ty: TypeId, in_key: bool) -> Result<Value, String> {
        let supergraph = self.supergraph;
        let definition = supergraph.ty(ty);
        if in_key && !definition.is_composite() {
            return Ok(json!(format!("{}-{}", place.tag, self.name(place))));
        }
        Ok(match definition.name.as_str() {
            "Int" => json!(self.chance.below(1000)),
            "Float" => json!(self.chance.below(1000) as f64 / 8.0),
            "String" => json!(format!("text {} \u{fc} \"q\"", self.chance.below(100))),
            "ID" => json!(format!("x{}", self.chance.below(100))),
            "Boolean" => json!(self.chance.percent(50)),
            _ if ty == supergraph.query_type() => json!({ "@ref": "query" }),
            _ if definition.kind == TypeKind::Enum => {
                json!(self.enum_value(place, definition))
            }
            _ => return self.object(place, ty, in_key),
        })
    }

    /// A value that all know who declare the field: `O_s1` is known to `s1` alone.
    fn enum_value<'d>(&mut self, place: &Place<'_>, definition: &'d TypeDef) -> &'d str {
        let supergraph = self.supergraph;
        let owner = supergraph.ty(place.ty);
        let name = self.name(place);
        let inherited = owner.interfaces.iter().filter_map(|i| supergraph.field_named(*i, name));
        let fields = std::iter::once(place.field).chain(inherited);
        let capabilities = fields.flat_map(|field| &supergraph.field(field).capabilities);
        let all: Vec<&str> = capabilities
            .map(|capability| supergraph.subgraph(capability.subgraph).name.as_str())
            .collect();
        let values: Vec<&str> = definition
            .enum_values
            .iter()
            .map(|value| value.name.as_str())
            .filter(|value| {
                value.split_once('_').is_none_or(|(_, one)| all.iter().all(|name| *name == one))
            })
            .collect();
        self.chance.pick::<&str>(&values)
    }

    fn object(&mut self, place: &Place<'_>, ty: TypeId, in_key: bool) -> Result<Value, String> {
        let candidates = self.candidates(place, ty);
        if candidates.is_empty() || place.depth > 3 {
            return Err(format!(
                "no runtime type suits `{}`",
                self.supergraph.coordinate(place.field)
            ));
        }
        let chosen = *self.chance.pick(&candidates);
        let definition = self.supergraph.ty(chosen);
        if is_entity(definition) {
            let n = if in_key { place.n } else { self.chance.below(self.count) };
            return Ok(json!({ "@ref": format!("{}-{n}", definition.name) }));
        }
        let tag = format!("{}-{}", place.tag, self.name(place));
        let mut object = self.fields(chosen, place.n, &tag, place.depth + 1)?;
        if in_key {
            // What a key looks at has to be unique, and never null.
            for (name, value) in object.as_object_mut().into_iter().flatten() {
                if name == "id" {
                    *value = json!(format!("{tag}-{name}"));
                }
            }
        }
        Ok(object)
    }

    /// The runtime types that all subgraphs know that resolve the field.
    fn candidates(&self, place: &Place<'_>, ty: TypeId) -> Vec<TypeId> {
        let supergraph = self.supergraph;
        let definition = supergraph.ty(ty);
        let owner = supergraph.ty(place.ty);
        let name = self.name(place);
        let inherited = owner.interfaces.iter().filter_map(|i| supergraph.field_named(*i, name));
        let fields = std::iter::once(place.field).chain(inherited);
        let capabilities = fields.flat_map(|field| &supergraph.field(field).capabilities);
        let mut candidates: Vec<TypeId> = definition.possible.iter().collect();
        // Those that call it external may get it by `@provides` or in a representation.
        for capability in capabilities {
            let here = supergraph.ty(capability.ty.named()).in_subgraph(capability.subgraph);
            if let Some(here) = here.filter(|here| !here.interface_object) {
                candidates.retain(|candidate| here.possible.contains(*candidate));
            }
        }
        candidates
    }
}
