//! Makes keys of what a connector reads: `$this.id` has to be known before it is asked.
//!
//! **In:** the reads of its texts, and the types they read of. **Out:** [`KeyFields`]; problems for
//! names that do not exist.
//!
//! **Never here:** how keys lead from subgraph to subgraph (the planner finds that).
//!
//! **Holds:** a key ends in leaves: an object as a whole is no key.
//!
//! **Read first:** [`KeyFields::of_fields`].

use apollo_compiler::Name;
use apollo_compiler::ast::Selection;
use indexmap::IndexMap;
use mapping::Variable;

use super::problem::{Place, Problem};
use super::texts::Read;
use crate::codes::ErrorCode;
use crate::schema::{InputDef, Kind, TypeDef, Types};
use crate::vocabulary::BUILT_IN_SCALARS;
use crate::words;

/// A set of fields, each with those below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyFields {
    pub(super) fields: IndexMap<String, KeyFields>,
}

/// Where the names of a read are looked up.
pub(super) struct Lookup<'a> {
    pub(super) types: &'a Types,
    pub(super) coordinate: &'a str,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl KeyFields {
    /// What is read of an object; with its leaves where a part is read as a whole.
    pub(super) fn of_fields(
        lookup: &mut Lookup<'_>,
        ty: &TypeDef,
        reads: &[Read],
        variable: Variable,
    ) -> Self {
        let mut key = Self::default();
        for read in reads.iter().filter(|read| read.variable == variable) {
            if read.path.is_empty() {
                let message = format!(
                    "`{}` reads all of `{variable}`, and so it cannot be told which fields of \
                     `{}` it needs",
                    lookup.coordinate, ty.name
                );
                let code = ErrorCode::ConnectorsCannotResolveKey;
                let problem = Problem::new(code, lookup.coordinate, read.place, message);
                let example = ty.fields.keys().next().map_or("id", |name| name.as_str());
                let fix = format!("name the fields it needs, such as `{variable}.{example}`");
                lookup.problems.push(problem.fix(fix));
                continue;
            }
            if let Some(path) = lookup.path(ty, &read.path, variable) {
                key.insert(&path);
            }
        }
        key
    }

    fn insert(&mut self, path: &[String]) {
        if let [first, rest @ ..] = path {
            self.fields.entry(first.clone()).or_default().insert(rest);
        }
    }

    /// The fields that a `@key` names.
    pub(super) fn of_selections(selections: &[Selection]) -> Self {
        let mut key = Self::default();
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let below = Self::of_selections(&field.selection_set);
                    key.fields.entry(field.name.to_string()).or_default().extend(below);
                }
                Selection::InlineFragment(fragment) => {
                    key.extend(Self::of_selections(&fragment.selection_set));
                }
                Selection::FragmentSpread(_) => {}
            }
        }
        key
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (name, below) in other.fields {
            self.fields.entry(name).or_default().extend(below);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether all of this is in another key.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.fields
            .iter()
            .all(|(name, below)| other.fields.get(name).is_some_and(|it| below.is_within(it)))
    }

    /// `id seller { id }`; what no object lacks if there is nothing.
    pub(super) fn text(&self) -> String {
        if self.is_empty() { "__typename".to_owned() } else { self.selection() }
    }

    fn selection(&self) -> String {
        let fields = self.fields.iter().map(|(name, below)| {
            if below.is_empty() {
                name.clone()
            } else {
                format!("{name} {{ {} }}", below.selection())
            }
        });
        fields.collect::<Vec<_>>().join(" ")
    }

    /// The way to each leaf.
    pub(super) fn leaves(&self) -> Vec<Vec<String>> {
        let mut leaves = Vec::new();
        for (name, below) in &self.fields {
            if below.is_empty() {
                leaves.push(vec![name.clone()]);
            }
            for mut rest in below.leaves() {
                rest.insert(0, name.clone());
                leaves.push(rest);
            }
        }
        leaves
    }
}

impl Lookup<'_> {
    fn report(&mut self, code: ErrorCode, place: Place, message: String, fix: String) {
        self.problems.push(Problem::new(code, self.coordinate, place, message).fix(fix));
    }

    /// Follows a read of `$this` or `$batch` down the fields.
    fn path(
        &mut self,
        ty: &TypeDef,
        read: &[(Box<str>, Place)],
        variable: Variable,
    ) -> Option<Vec<String>> {
        let mut path: Vec<String> = Vec::new();
        let types = self.types;
        let mut at = ty;
        for (index, (name, place)) in read.iter().enumerate() {
            if at.kind == Kind::Union {
                let before = format!("{variable}.{}", path.join("."));
                let message = format!("`{before}` is of the union `{}`", at.name);
                self.report(
                    ErrorCode::UnsupportedVariableType,
                    *place,
                    message,
                    "read a field whose value is a scalar or an object".to_owned(),
                );
                return None;
            }
            let Some(field) = at.fields.get(&**name) else {
                let message = format!("`{}` has no field `{name}`", at.name);
                let fix = suggestion(name, at.fields.keys());
                self.report(ErrorCode::UndefinedField, *place, message, fix);
                return None;
            };
            if !field.arguments.is_empty() {
                let message = format!("`{}.{name}` has arguments, and so it is in no key", at.name);
                let fix = "read a field without arguments".to_owned();
                self.report(ErrorCode::ConnectorsCannotResolveKey, *place, message, fix);
                return None;
            }
            path.push(name.to_string());
            let inner = field.ty.inner_named_type();
            let below = types.get(inner).filter(|it| it.kind.is_composite());
            let is_last = index + 1 == read.len();
            match below {
                Some(below) if is_last => {
                    let all = format!("{variable}.{}", path.join("."));
                    let message = format!(
                        "`{all}` is an object of type `{}`; it cannot be told which of its fields \
                         are needed",
                        below.name
                    );
                    let example = below.fields.keys().next().map_or("id", |name| name.as_str());
                    let fix = format!("name the fields, such as `{all}.{example}`");
                    self.report(ErrorCode::ConnectorsCannotResolveKey, *place, message, fix);
                    return None;
                }
                Some(below) => at = below,
                None if is_last || !BUILT_IN_SCALARS.contains(&inner.as_str()) => break,
                None => {
                    let (next, place) = &read[index + 1];
                    let message = format!("`{}.{name}` is `{inner}`, without `{next}`", at.name);
                    let fix = format!("stop at `{variable}.{}`", path.join("."));
                    self.report(ErrorCode::UndefinedField, *place, message, fix);
                    return None;
                }
            }
        }
        Some(path)
    }

    /// Follows the reads of `$args`: what is read, with all leaves where a part is read as a whole.
    pub(super) fn arguments(
        &mut self,
        arguments: &IndexMap<Name, InputDef>,
        reads: &[Read],
    ) -> KeyFields {
        let mut key = KeyFields::default();
        for read in reads.iter().filter(|read| read.variable == Variable::Args) {
            let types = self.types;
            let (mut at, mut owner) = (Some(arguments), self.coordinate.to_owned());
            let mut path: Vec<String> = Vec::new();
            for (name, place) in &read.path {
                let Some(inputs) = at else {
                    if BUILT_IN_SCALARS.contains(&owner.as_str()) {
                        let message = format!("`{owner}` has no field `{name}`");
                        let fix = format!("stop at `$args.{}`", path.join("."));
                        self.report(ErrorCode::UndefinedField, *place, message, fix);
                    }
                    break;
                };
                let Some(input) = inputs.get(&**name) else {
                    let what = if path.is_empty() { "argument" } else { "input field" };
                    let message = format!("`{owner}` has no {what} `{name}`");
                    let fix = suggestion(name, inputs.keys());
                    let code = if path.is_empty() {
                        ErrorCode::UndefinedArgument
                    } else {
                        ErrorCode::UndefinedField
                    };
                    self.report(code, *place, message, fix);
                    return key;
                };
                path.push(name.to_string());
                let inner = input.ty.inner_named_type();
                owner = inner.to_string();
                at =
                    types.get(inner).filter(|it| it.kind == Kind::InputObject).map(|it| &it.inputs);
            }
            let mut left = MAX_INPUTS;
            let below = at.map(|inputs| all_inputs(types, inputs, (0, &mut left)));
            let below = below.unwrap_or_default();
            let mut whole = below;
            for name in path.into_iter().rev() {
                whole = KeyFields { fields: IndexMap::from([(name, whole)]) };
            }
            key.extend(whole);
        }
        key
    }
}

/// Input objects below which nothing is looked at.
const MAX_INPUT_DEPTH: usize = 5;

/// Fields of input objects that a key may have.
const MAX_INPUTS: usize = 500;

fn all_inputs(
    types: &Types,
    inputs: &IndexMap<Name, InputDef>,
    (depth, left): (usize, &mut usize),
) -> KeyFields {
    let mut key = KeyFields::default();
    for input in inputs.values() {
        *left = left.saturating_sub(1);
        let below = types.get(input.ty.inner_named_type());
        let below = below.filter(|it| it.kind == Kind::InputObject);
        let below = below.filter(|_| depth < MAX_INPUT_DEPTH && *left > 0);
        let below = below.map(|it| all_inputs(types, &it.inputs, (depth + 1, left)));
        key.fields.insert(input.name.to_string(), below.unwrap_or_default());
    }
    key
}

pub(super) fn suggestion<'n>(name: &str, names: impl Iterator<Item = &'n Name>) -> String {
    let names: Vec<&str> = names.map(|name| name.as_str()).collect();
    match words::nearest(name, names.iter().copied()) {
        Some(nearest) => format!("write `{nearest}`"),
        None if names.is_empty() => "take it out".to_owned(),
        None => format!("there are {}", words::list(names.iter().take(8))),
    }
}
