//! Finds the client's path of a value, and remembers which paths have an error.
//!
//! **In:** a place in a tree, perhaps with a way further down. **Out:** a [`Path`].
//!
//! **Never here:** which error has which path (`problem`).
//!
//! **Holds:** paths are derived from the root and never stored. Of several response names for one
//! slot the first that leads all the way counts; a value that the client did not select has the
//! path of its nearest selected ancestor.
//!
//! **Read first:** [`client_path`].

use crate::{
    json::quoted,
    tree::{ObjectId, Place, RuntimeTypeState, Tree},
};
use query_planner::{
    QueryPlan, ResponseField, ResponseSelection, ResponseSource, SelectedField, Selection, SlotId,
};
use std::collections::{HashMap, HashSet};

/// A response path.
pub(crate) type Path<'a> = Vec<Segment<'a>>;

/// An element of a response path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Segment<'a> {
    /// A response name.
    Name(&'a str),
    /// An index into a list.
    Index(usize),
    /// Any index into a list.
    Item,
}

/// An element of the path of an upstream error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    /// A response name.
    Name(String),
    /// An index into a list.
    Index(usize),
}

/// One slot on the way from the root to a value.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The runtime type of the object that has the slot; `Unknown` also when it does not exist.
    owner: RuntimeTypeState,
    slot: SlotId,
    indexes: Vec<usize>,
}

/// The fields that the client sees of an object of this type; none when no case fits.
pub(crate) fn response_fields(
    selection: &ResponseSelection,
    ty: RuntimeTypeState,
) -> Option<&[ResponseField]> {
    let case = selection.cases.iter().find(|case| ty.fits(case.types.as_ref()))?;
    Some(&case.fields)
}

/// The steps from the root to an object.
pub(crate) fn steps_to_object(tree: &impl Tree, object: ObjectId) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut current = tree.place(object);
    while let Some(Place { object, slot, indexes }) = current {
        steps.push(Step { owner: tree.ty(object), slot, indexes });
        current = tree.place(object);
    }
    steps.reverse();
    steps
}

/// The steps from the root to a place.
pub(crate) fn steps_to_place(tree: &impl Tree, place: &Place) -> Vec<Step> {
    let mut steps = steps_to_object(tree, place.object);
    let (slot, indexes) = (place.slot, place.indexes.clone());
    steps.push(Step { owner: tree.ty(place.object), slot, indexes });
    steps
}

/// The steps from the root to the end of an upstream path that begins at `object`.
pub(crate) fn steps_below(
    tree: &impl Tree,
    object: ObjectId,
    selection: &Selection,
    tail: &[Key],
) -> Vec<Step> {
    let mut steps = steps_to_object(tree, object);
    let mut owner = tree.ty(object);
    let mut at = Some(object);
    let mut selection = Some(selection);
    let mut keys = tail;
    while let [Key::Name(name), rest @ ..] = keys {
        let Some(field) = selection.and_then(|selection| field_named(selection, owner, name))
        else {
            break;
        };
        let n_indexes = rest.iter().take_while(|key| matches!(key, Key::Index(_))).count();
        let (indexes, rest) = rest.split_at(n_indexes);
        let indexes: Vec<usize> = indexes.iter().filter_map(Key::index).collect();
        at = at.and_then(|object| tree.object_at(object, field.slot, &indexes));
        steps.push(Step { owner, slot: field.slot, indexes });
        owner = at.map_or(RuntimeTypeState::Unknown, |object| tree.ty(object));
        selection = field.selection.as_ref();
        keys = rest;
    }
    steps
}

impl Key {
    fn index(&self) -> Option<usize> {
        match self {
            Self::Name(_) => None,
            Self::Index(index) => Some(*index),
        }
    }
}

fn field_named<'s>(
    selection: &'s Selection,
    ty: RuntimeTypeState,
    name: &str,
) -> Option<&'s SelectedField> {
    let mut named = selection.fields.iter().filter(|field| field.response_name == name);
    let first = named.clone().next();
    named.find(|field| ty.fits(field.types.as_ref())).or(first)
}

/// The client's path along the steps, as far as the client selected them.
pub(crate) fn client_path<'a>(plan: &'a QueryPlan, steps: &[Step]) -> Path<'a> {
    Descent { steps, tried: HashSet::new() }.descend(&plan.response, 0).1
}

/// The search for the response names along some steps.
struct Descent<'s> {
    steps: &'s [Step],
    /// Selections are shared: at the same step one leads as far as the first time.
    tried: HashSet<(*const ResponseSelection, usize)>,
}

impl Descent<'_> {
    /// How many steps could be taken from the one at `depth`, and the path along them.
    fn descend<'a>(&mut self, selection: &'a ResponseSelection, depth: usize) -> (usize, Path<'a>) {
        let mut best = (0, Vec::new());
        let Some(step) = self.steps.get(depth) else {
            return best;
        };
        if !self.tried.insert((std::ptr::from_ref(selection), depth)) {
            return best;
        }
        for field in possible_fields(selection, step.owner) {
            let ResponseSource::Slot { slot, selection, .. } = &field.source else { continue };
            if *slot != step.slot {
                continue;
            }
            let below = selection.as_deref();
            let (taken, tail) =
                below.map_or((0, Vec::new()), |below| self.descend(below, depth + 1));
            if taken + 1 > best.0 {
                let mut path = vec![Segment::Name(&field.response_name)];
                path.extend(step.indexes.iter().map(|&index| Segment::Index(index)));
                path.extend(tail);
                best = (taken + 1, path);
            }
            if depth + best.0 == self.steps.len() {
                break;
            }
        }
        best
    }
}

/// The fields of the one case for a known type. The type of an object that does not exist is open:
/// any case may be meant.
fn possible_fields(
    selection: &ResponseSelection,
    ty: RuntimeTypeState,
) -> impl Iterator<Item = &ResponseField> {
    let open = ty.known().is_none();
    let cases = selection.cases.iter().filter(move |case| open || ty.fits(case.types.as_ref()));
    cases.take(if open { usize::MAX } else { 1 }).flat_map(|case| &case.fields)
}

/// The longest path that all of these begin with.
pub(crate) fn common_prefix<'a>(mut paths: impl Iterator<Item = Path<'a>>) -> Path<'a> {
    let mut prefix = paths.next().unwrap_or_default();
    for path in paths {
        let same = prefix.iter().zip(&path).take_while(|(a, b)| a == b).count();
        prefix.truncate(same);
        if prefix.is_empty() {
            break;
        }
    }
    prefix
}

/// A path as JSON.
pub(crate) fn write_path(path: &[Segment<'_>], out: &mut String) {
    out.push('[');
    for (i, segment) in path.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match segment {
            Segment::Name(name) => out.push_str(&quoted(name)),
            Segment::Index(index) => out.push_str(&index.to_string()),
            Segment::Item => out.push_str("\"@\""),
        }
    }
    out.push(']');
}

/// The paths that have an error: tells whether a null needs one of its own.
#[derive(Default)]
pub(crate) struct Covered<'a> {
    below: HashMap<Segment<'a>, Covered<'a>>,
    has_error: bool,
}

impl<'a> Covered<'a> {
    pub(crate) fn insert(&mut self, path: &[Segment<'a>]) {
        let mut node = self;
        for segment in path {
            node = node.below.entry(*segment).or_default();
        }
        node.has_error = true;
    }

    /// Whether an error's path is a prefix of `path`, or `path` one of an error's.
    pub(crate) fn covers(&self, path: &[Segment<'a>]) -> bool {
        let mut node = self;
        for segment in path {
            if node.has_error {
                return true;
            }
            match node.below.get(segment) {
                Some(next) => node = next,
                None => return false,
            }
        }
        node.has_error || !node.below.is_empty()
    }
}
