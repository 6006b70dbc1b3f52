//! The model of a random graph: what belongs to whom, before it is written as SDL.
//!
//! **In:** filled by `generate` and its rooms. **Out:** read by `sdl`.
//!
//! **Never here:** chance, SDL.
//!
//! **Holds:** every field has one meaning in the whole graph; subgraphs own, borrow (`externals`) or
//! gave it away (`moved`).
//!
//! **Read first:** [`Graph`].

use std::collections::{BTreeMap, BTreeSet};

/// Index of `Query` among the types.
pub(super) const QUERY: usize = 0;
/// Index of `Mutation` among the types.
pub(super) const MUTATION: usize = 1;

/// A random graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(super) names: Vec<String>,
    pub(super) types: Vec<Type>,
    /// Fields that a subgraph declares without resolving them: subgraph, type, field.
    pub(super) externals: BTreeSet<(usize, usize, String)>,
    /// Fields that some `@requires` needs, by the field that has it: (type, field) each.
    pub(super) needs: BTreeMap<(usize, String), Vec<(usize, String)>>,
    /// Subgraphs written in the words of Federation 1.
    pub(super) first_edition: BTreeSet<usize>,
    /// Subgraphs whose root types have other names.
    pub(super) renamed: BTreeSet<usize>,
    /// Subgraphs whose enums and inputs have more than those of the others.
    pub(super) generous: BTreeSet<usize>,
    /// Types that set the context, with the subgraph where they do.
    pub(super) contexts: BTreeSet<(usize, usize)>,
    /// Every subgraph knows the executable directive `@mark`.
    pub(super) marked: bool,
}

/// What kind of type it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Root,
    Entity,
    Value,
    Interface,
    Union,
}

/// A composite type.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) fields: Vec<Field>,
    /// The subgraphs that know an entity; those that know an interface as an object.
    pub(super) homes: BTreeMap<usize, Home>,
    pub(super) members: Vec<usize>,
    pub(super) inaccessible: bool,
}

/// An entity in one subgraph.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    pub(super) keys: Vec<Key>,
}

/// A key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) fields: String,
    pub(super) resolvable: bool,
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) base: Base,
    /// The type's wrappers, `_` for the named type.
    pub(super) wrap: &'static str,
    /// Subgraphs where the type ends in `!` though elsewhere it does not.
    pub(super) stricter: BTreeSet<usize>,
    /// Index into the forms of arguments.
    pub(super) arguments: Option<usize>,
    /// The type of its argument that a context fills.
    pub(super) context: Option<String>,
    pub(super) owners: Vec<usize>,
    pub(super) requires: Option<String>,
    pub(super) provides: BTreeMap<usize, String>,
    /// The subgraph that it was taken from, and the label on which that depends.
    pub(super) moved: Option<(usize, Option<String>)>,
    /// Resolved on some path by a subgraph that does not own it.
    pub(super) provided: bool,
    pub(super) in_key: bool,
    pub(super) inaccessible: bool,
}

/// The named type of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base {
    Leaf(&'static str),
    Type(usize),
}

/// Forms of arguments: as declared, and two ways to pass them in a field set.
pub(super) const ARGUMENTS: [(&str, [&str; 2]); 5] = [
    ("(n: Int)", ["(n: 1)", "(n: 2)"]),
    ("(n: Int! = 3, t: String)", ["(n: 4)", "(t: \"x\")"]),
    ("(e: E, in: In)", ["(e: E1)", "(in: { a: 7, b: [\"p\"] })"]),
    ("(in: In = { a: 2 })", ["(in: { c: { a: 1 } })", ""]),
    ("(m: N = N1, in: In)", ["(m: N0)", "(in: { b: \"q\" })"]),
];

impl Field {
    pub(super) fn new(name: &str, base: Base, wrap: &'static str, owners: Vec<usize>) -> Self {
        Self {
            name: name.to_owned(),
            base,
            wrap,
            stricter: BTreeSet::new(),
            arguments: None,
            context: None,
            owners,
            requires: None,
            provides: BTreeMap::new(),
            moved: None,
            provided: false,
            in_key: false,
            inaccessible: false,
        }
    }

    pub(super) fn target(&self) -> Option<usize> {
        match self.base {
            Base::Type(target) => Some(target),
            Base::Leaf(_) => None,
        }
    }
}

impl Key {
    pub(super) fn new(fields: &str) -> Self {
        Self { fields: fields.to_owned(), resolvable: true }
    }

    /// The names at the top of its field set.
    pub(super) fn has(&self, field: &str) -> bool {
        let top = self.fields.split('{').next().unwrap_or_default();
        top.split(' ').any(|name| name == field)
    }
}

impl Type {
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            fields: Vec::new(),
            homes: BTreeMap::new(),
            members: Vec::new(),
            inaccessible: false,
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn has_key(&self, subgraph: usize, key: &str) -> bool {
        self.homes.get(&subgraph).is_some_and(|home| home.keys.iter().any(|k| k.fields == key))
    }

    /// Whether a field is in a key of that subgraph.
    pub(super) fn in_key(&self, subgraph: usize, field: &str) -> bool {
        self.homes.get(&subgraph).is_some_and(|home| home.keys.iter().any(|key| key.has(field)))
    }
}

impl Graph {
    pub(super) fn of_kind(&self, kind: Kind) -> Vec<usize> {
        (0..self.types.len()).filter(|index| self.types[*index].kind == kind).collect()
    }

    pub(super) fn is_interface_object(&self, ty: usize, subgraph: usize) -> bool {
        self.types[ty].kind == Kind::Interface && self.types[ty].homes.contains_key(&subgraph) && {
            let home = &self.types[ty].homes[&subgraph];
            !home.keys.is_empty()
        }
    }

    /// The members of an abstract type that a subgraph knows.
    pub(super) fn members_in(&self, ty: usize, subgraph: usize) -> Vec<usize> {
        let members = self.types[ty].members.iter().copied();
        members.filter(|member| self.types[*member].homes.contains_key(&subgraph)).collect()
    }

    /// Whether a subgraph can have a field of that type as it is.
    pub(super) fn knows(&self, ty: usize, subgraph: usize) -> bool {
        match self.types[ty].kind {
            Kind::Root => false,
            Kind::Value => true,
            Kind::Entity => self.types[ty].homes.contains_key(&subgraph),
            Kind::Interface => {
                self.is_interface_object(ty, subgraph) || !self.members_in(ty, subgraph).is_empty()
            }
            Kind::Union => !self.members_in(ty, subgraph).is_empty(),
        }
    }

    /// Whether a subgraph declares a field of an object type, in whatever role.
    pub(super) fn declares(&self, subgraph: usize, ty: usize, field: &Field) -> bool {
        field.owners.contains(&subgraph)
            || field.moved.as_ref().is_some_and(|(from, _)| *from == subgraph)
            || self.types[ty].in_key(subgraph, &field.name)
            || self.lends_id(subgraph, ty, field)
            || self.externals.contains(&(subgraph, ty, field.name.clone()))
    }

    /// An implementer has its interface's `id` whichever key it has.
    pub(super) fn lends_id(&self, subgraph: usize, ty: usize, field: &Field) -> bool {
        let implements =
            |other: &Type| other.kind == Kind::Interface && other.members.contains(&ty);
        field.name == "id"
            && self.types[ty].homes.contains_key(&subgraph)
            && self.types.iter().any(implements)
    }

    /// Whether the field needs `other`, directly or through more requirements.
    pub(super) fn depends(&self, field: &(usize, String), other: &(usize, String)) -> bool {
        field == other
            || self
                .needs
                .get(field)
                .is_some_and(|needs| needs.iter().any(|need| self.depends(need, other)))
    }
}
