//! The model of a random graph.
//!
//! **Never here:** chance, except in the form of single types (`FieldType::reference`).

use crate::chance::Chance;
use std::collections::BTreeMap;

/// A schema split over subgraphs.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The subgraphs' names.
    pub subgraphs: Vec<String>,
    /// All composite types but the roots.
    pub types: Vec<Type>,
    /// Root query fields.
    pub query: Vec<Field>,
    /// Root mutation fields.
    pub mutation: Vec<Field>,
}

/// What kind of type it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An object with keys.
    Entity,
    /// An object without.
    Value,
    /// An interface over entities.
    Interface,
    /// A union of entities.
    Union,
}

/// A composite type.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The subgraphs that define it.
    pub presence: BTreeMap<usize, Home>,
    /// The members of an interface or union.
    pub members: Vec<usize>,
}

/// A type in one subgraph.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its keys.
    pub keys: Vec<String>,
    /// Whether `_entities` answers.
    pub resolvable: bool,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: FieldType,
    /// The subgraphs that resolve it; for key fields every one that has it in a key.
    pub owners: Vec<usize>,
    /// Whether it belongs to a key.
    pub is_key: bool,
    /// Scalars of the same type that its owner needs.
    pub requires: Vec<String>,
    /// Scalars of its type that its owner resolves on this path.
    pub provides: Vec<String>,
}

/// The type of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldType {
    /// A leaf.
    Scalar {
        /// Which.
        scalar: Scalar,
        /// Whether it ends in `!`.
        non_null: bool,
    },
    /// A composite value.
    Reference {
        /// Index of its type.
        target: usize,
        /// Whether it is a list.
        list: bool,
        /// Whether the value ends in `!`.
        non_null: bool,
        /// Whether a list's items end in `!`.
        item_non_null: bool,
    },
}

/// A scalar type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// `ID`
    Id,
    /// `Int`
    Int,
    /// `Float`
    Float,
    /// `String`
    String,
    /// `Boolean`
    Boolean,
}

impl Scalar {
    /// The scalars that are no keys.
    pub const ALL: [Self; 4] = [Self::Int, Self::Float, Self::String, Self::Boolean];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::Int => "Int",
            Self::Float => "Float",
            Self::String => "String",
            Self::Boolean => "Boolean",
        }
    }
}

impl FieldType {
    pub(super) fn reference(target: usize, chance: &mut Chance) -> Self {
        let list = chance.percent(50);
        let (non_null, item_non_null) = (chance.percent(20), chance.percent(20));
        Self::Reference { target, list, non_null, item_non_null }
    }
}

impl Field {
    pub(super) fn key(name: &str) -> Self {
        let ty = FieldType::Scalar { scalar: Scalar::Id, non_null: true };
        Self { is_key: true, ..Self::new(name, ty, Vec::new()) }
    }

    pub(super) fn scalar(name: &str, scalar: Scalar, non_null: bool, owners: Vec<usize>) -> Self {
        Self::new(name, FieldType::Scalar { scalar, non_null }, owners)
    }

    pub(super) fn reference(name: &str, ty: FieldType, owner: usize) -> Self {
        Self::new(name, ty, vec![owner])
    }

    fn new(name: &str, ty: FieldType, owners: Vec<usize>) -> Self {
        let (requires, provides) = (Vec::new(), Vec::new());
        Self { name: name.to_owned(), ty, owners, is_key: false, requires, provides }
    }

    /// Whether its type is composite.
    pub fn is_reference(&self) -> bool {
        matches!(self.ty, FieldType::Reference { .. })
    }
}

impl Home {
    /// Whether one of its keys has the field.
    pub(super) fn has_key_field(&self, field: &str) -> bool {
        self.keys.iter().any(|key| key.split(' ').any(|name| name == field))
    }
}

impl Type {
    /// The subgraphs that can be entered at this type.
    pub(super) fn resolvable_homes(&self) -> impl Iterator<Item = usize> {
        self.presence.iter().filter(|(_, home)| home.resolvable).map(|(home, _)| *home)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether `field` needs `other`, directly or through others.
    pub(super) fn requires_transitively(&self, field: &str, other: &str) -> bool {
        field == other
            || self.field(field).is_some_and(|field| {
                field.requires.iter().any(|name| self.requires_transitively(name, other))
            })
    }

    /// Whether a key of the type in `subgraph` has the field.
    pub(super) fn has_in_key(&self, subgraph: usize, field: &str) -> bool {
        self.presence.get(&subgraph).is_some_and(|home| home.has_key_field(field))
    }
}

impl Graph {
    pub(super) fn indexes(&self, kind: Kind) -> Vec<usize> {
        (0..self.types.len()).filter(|index| self.types[*index].kind == kind).collect()
    }

    /// Lets `subgraph` refer to a type: an entity gets a stub with one of its keys.
    pub(super) fn make_present(&mut self, target: usize, subgraph: usize) -> bool {
        let ty = &mut self.types[target];
        if ty.presence.contains_key(&subgraph) {
            return true;
        }
        if ty.kind != Kind::Entity {
            return false;
        }
        let key = ty.presence.values().next().map(|home| home.keys[0].clone());
        let Some(key) = key else { return false };
        ty.presence.insert(subgraph, Home { keys: vec![key], resolvable: false });
        // Interfaces and unions list the stub as a member there only if they are there already.
        true
    }
}
