//! Compares values, and measures them.
//!
//! **Out:** equality as the methods mean it, the order of numbers, the size of a value.
//!
//! **Never here:** which method compares how (`evaluate::methods`).
//!
//! **Holds:** no walk takes more steps than it is given.
//!
//! **Read first:** [`Value::equals`].

use super::{Value, View};
use serde_json::Number;
use std::cmp::Ordering;

/// How numbers are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// `1` is not `1.0`.
    Exact,
    /// `1` is `1.0`.
    ByValue,
}

impl Value<'_> {
    /// Whether two values are equal. `None`: the steps did not suffice to know.
    ///
    /// Objects are equal whatever the order of their members.
    pub(crate) fn equals(&self, other: &Self, numbers: Numbers, steps: &mut u64) -> Option<bool> {
        *steps = steps.checked_sub(1)?;
        Some(match (self.view(), other.view()) {
            (View::Null, View::Null) => true,
            (View::Boolean(left), View::Boolean(right)) => left == right,
            (View::Number(left), View::Number(right)) if numbers == Numbers::ByValue => {
                compare_numbers(left, right) == Some(Ordering::Equal)
            }
            (View::Number(left), View::Number(right)) => left == right,
            (View::String(left), View::String(right)) => left == right,
            (View::Array(left), View::Array(right)) => {
                if left.len() != right.len() {
                    return Some(false);
                }
                for (left, right) in left.iter().zip(right.iter()) {
                    if !left.equals(&right, numbers, steps)? {
                        return Some(false);
                    }
                }
                true
            }
            (View::Object(left), View::Object(right)) => {
                if left.len() != right.len() {
                    return Some(false);
                }
                for (name, value) in left.iter() {
                    *steps = steps.checked_sub(right.len() as u64 / 16)?;
                    let Some(other) = right.get(name) else { return Some(false) };
                    if !value.equals(&other, numbers, steps)? {
                        return Some(false);
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// Takes the size of the value from what is left: a unit for each value, one for each byte of
    /// its texts. `None`: it is larger.
    pub(crate) fn measure(&self, left: u64) -> Option<u64> {
        let left = left.checked_sub(1)?;
        match self.view() {
            View::Null | View::Boolean(_) | View::Number(_) => Some(left),
            View::String(text) => left.checked_sub(text.len() as u64),
            View::Array(elements) => {
                elements.iter().try_fold(left, |left, element| element.measure(left))
            }
            View::Object(fields) => fields.iter().try_fold(left, |left, (name, value)| {
                value.measure(left.checked_sub(name.len() as u64)?)
            }),
        }
    }
}

/// The order of two numbers: whole ones exactly, others as floats.
pub(crate) fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// A number without a point.
pub(crate) fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}
