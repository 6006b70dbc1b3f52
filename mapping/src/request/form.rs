//! Writes a body as `application/x-www-form-urlencoded`.
//!
//! **In:** a [`Value`] that is an object. **Out:** the form.
//!
//! **Never here:** JSON bodies ([`Value::write_json`]), which content type a body has.
//!
//! **Holds:** `a[b]` for objects in objects, `a[0]` for lists; null is an empty value, what is empty
//! is left out.
//!
//! Spec: <https://url.spec.whatwg.org/#urlencoded-serializing>

use super::encode::push_form;
use crate::value::{Kind, Value, View};
use thiserror::Error;

/// A body that cannot be a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a form is made of an object, not of {found}")]
pub struct FormError {
    /// What the body is.
    pub found: Kind,
}

/// Appends the value as a form.
///
/// # Errors
/// When the value is no object.
pub fn write_form(value: &Value<'_>, out: &mut String) -> Result<(), FormError> {
    let View::Object(fields) = value.view() else {
        return Err(FormError { found: value.kind() });
    };
    for (name, value) in fields.iter() {
        push(&mut name.to_owned(), &value, out);
    }
    Ok(())
}

fn push(name: &mut String, value: &Value<'_>, out: &mut String) {
    let length = name.len();
    match value.view() {
        View::Array(elements) => {
            for (i, element) in elements.iter().enumerate() {
                name.push_str(&format!("[{i}]"));
                push(name, &element, out);
                name.truncate(length);
            }
        }
        View::Object(fields) => {
            for (key, value) in fields.iter() {
                name.extend(["[", key, "]"]);
                push(name, &value, out);
                name.truncate(length);
            }
        }
        scalar => {
            if !out.is_empty() {
                out.push('&');
            }
            push_form(out, name);
            out.push('=');
            push_form(out, &super::template::text_of(scalar).unwrap_or_default());
        }
    }
}
