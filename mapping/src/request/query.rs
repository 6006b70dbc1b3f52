//! Writes what `queryParams` gives.
//!
//! **In:** a mapping whose result is an object. **Out:** `name=value` pairs.
//!
//! **Never here:** the query of a URL template (`request::url`).
//!
//! **Holds:** null is left out; a list repeats its name, with an empty value for a null in it.

use super::address::{AddressErrorKind, push_piece};
use super::encode::push_value;
use super::template::{Gathered, text_of};
use crate::mapping::Mapping;
use crate::value::{Value, View};

/// Appends the parameters that a mapping gives.
pub(super) fn push_query<'a>(
    query: &mut String,
    mapping: Option<&'a Mapping>,
    gathered: &mut Gathered<'_, 'a>,
) -> Result<(), AddressErrorKind> {
    let Some(mapping) = mapping else { return Ok(()) };
    let Some(value) = gathered.evaluate(mapping)?.value else { return Ok(()) };
    let View::Object(fields) = value.view() else {
        return Err(AddressErrorKind::QueryNotObject { found: value.kind() });
    };
    for (name, value) in fields.iter() {
        match value.view() {
            View::Null => {}
            View::Array(elements) => {
                for element in elements.iter() {
                    push_pair(query, name, &element)?;
                }
            }
            _ => push_pair(query, name, &value)?,
        }
    }
    Ok(())
}

fn push_pair(query: &mut String, name: &str, value: &Value<'_>) -> Result<(), AddressErrorKind> {
    let Some(text) = text_of(value.view()) else {
        return Err(AddressErrorKind::QueryValue { name: name.to_owned(), found: value.kind() });
    };
    let mut pair = String::new();
    push_value(&mut pair, name);
    pair.push('=');
    push_value(&mut pair, &text);
    push_piece(query, &pair);
    Ok(())
}
