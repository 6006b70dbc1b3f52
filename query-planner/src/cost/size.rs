//! How long a list is: by `@listSize`, by the arguments that it names, or by default.
//!
//! **In:** a field's `@listSize` and its arguments as written. **Out:** a [`Size`]; its value for variables.
//!
//! **Never here:** which list has which size (`build`).
//!
//! **Holds:** a slicing argument counts as given when it has a value other than null, be it by default. Of
//! several the largest counts. A number below 0 is 0; a list stands for its length.
//!
//! **Read first:** [`Size::of`].

use serde_json::{Map, Value as Json};
use supergraph::{Costs, FieldDef, FieldId, ListSize, TypeRef, Value};

/// The length of a list.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Size {
    Fixed(u64),
    Sliced {
        slices: Vec<Slice>,
        /// Where no argument is given.
        otherwise: u64,
        /// The field, if exactly one must be given.
        require_one: Option<FieldId>,
    },
}

/// What one slicing argument says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Slice {
    Fixed(u64),
    Variable {
        name: String,
        /// The input fields inside it.
        path: Vec<String>,
        /// Where the variable has no value.
        absent: Option<u64>,
    },
}

impl Size {
    /// The size of a field's lists. Beside it, whether it lacks its argument whatever the variables are.
    pub(super) fn of(
        costs: &Costs,
        list_size: &ListSize,
        (id, field): (FieldId, &FieldDef),
        arguments: &[(String, Value)],
        default: u64,
    ) -> (Self, bool) {
        let slices = list_size.slicing.iter().filter_map(|path| {
            let (name, path) = path.split_first()?;
            let definition = field.arguments.iter().find(|argument| argument.name == *name)?;
            let given = arguments.iter().find(|(given, _)| given == name).map(|(_, value)| value);
            slice(costs, &definition.ty, given, definition.default.as_ref(), path)
        });
        let slices: Vec<Slice> = slices.collect();
        let otherwise = list_size.assumed.unwrap_or(default);
        if slices.iter().all(|slice| matches!(slice, Slice::Fixed(_))) {
            let lacks = list_size.require_one && slices.len() != 1;
            return (Self::Fixed(largest(&slices, &Map::new()).0.unwrap_or(otherwise)), lacks);
        }
        let require_one = list_size.require_one.then_some(id);
        (Self::Sliced { slices, otherwise, require_one }, false)
    }

    pub(super) fn value(
        &self,
        variables: &Map<String, Json>,
        unsliced: &mut Option<FieldId>,
    ) -> u64 {
        match self {
            Self::Fixed(size) => *size,
            Self::Sliced { slices, otherwise, require_one } => {
                let (size, n_given) = largest(slices, variables);
                if n_given != 1 {
                    // Outer lists come later, and are what people look for first.
                    *unsliced = require_one.or(*unsliced);
                }
                size.unwrap_or(*otherwise)
            }
        }
    }
}

/// The largest of those that are given, and how many are.
fn largest(slices: &[Slice], variables: &Map<String, Json>) -> (Option<u64>, usize) {
    let given = slices.iter().filter_map(|slice| match slice {
        Slice::Fixed(size) => Some(*size),
        Slice::Variable { name, path, absent } => match variables.get(name) {
            Some(value) => length(path.iter().try_fold(value, |value, step| value.get(step))?),
            None => *absent,
        },
    });
    given.fold((None, 0), |(largest, n), size| (largest.max(Some(size)), n + 1))
}

/// What an argument says, or the input field at `path` inside it; none if it says nothing.
fn slice(
    costs: &Costs,
    ty: &TypeRef,
    given: Option<&Value>,
    default: Option<&Value>,
    path: &[String],
) -> Option<Slice> {
    let absent = || match default {
        Some(default) => match slice(costs, ty, Some(default), None, path)? {
            Slice::Fixed(size) => Some(size),
            Slice::Variable { .. } => None,
        },
        None => None,
    };
    let Some(value) = given else { return absent().map(Slice::Fixed) };
    if let Value::Variable(name) = value {
        let path = path.to_vec();
        return Some(Slice::Variable { name: name.clone(), path, absent: absent() });
    }
    match path.split_first() {
        None => written_length(value).map(Slice::Fixed),
        Some((step, path)) => {
            let row = costs.inputs_of(ty.named())?.get(step)?;
            let Value::Object(fields) = value else { return None };
            let given = fields.iter().find(|(name, _)| name == step).map(|(_, value)| value);
            slice(costs, &row.ty, given, row.default.as_ref(), path)
        }
    }
}

fn written_length(value: &Value) -> Option<u64> {
    match value {
        // What has more digits than a number of the machine is as large as it can be.
        Value::Number(text) if text.starts_with('-') => Some(0),
        Value::Number(text) => Some(text.parse().unwrap_or(u64::MAX)),
        Value::List(items) => Some(items.len() as u64),
        _ => None,
    }
}

fn length(value: &Json) -> Option<u64> {
    match value {
        Json::Number(number) => Some(match (number.as_u64(), number.as_f64()) {
            (Some(size), _) => size,
            (None, Some(size)) if size > 0.0 => u64::MAX,
            _ => 0,
        }),
        Json::Array(items) => Some(items.len() as u64),
        _ => None,
    }
}
