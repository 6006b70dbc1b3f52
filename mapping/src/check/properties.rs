//! Knows the shape of a property.
//!
//! **Never here:** values (`evaluate`).
//!
//! **Holds:** over a list a property is a list; null has none, which is wrong only if nothing else
//! is possible.

use super::finding::nearest;
use super::reads::{Key, Origin};
use super::{Checker, FindingKind, Known, null_for_missing};
use crate::shape::{ListShape, Shape};
use crate::syntax::Span;
use std::rc::Rc;

/// Names that a message lists.
const MAX_NAMES: usize = 8;

impl Checker<'_> {
    pub(super) fn property(&mut self, value: &Known, key: &str, span: Span) -> Known {
        let shape = match property_of(&value.shape, key) {
            Ok(shape) => shape,
            Err(kind) => {
                self.find(span, kind);
                Shape::Unknown
            }
        };
        let origin = value.origin.as_ref().map(|origin| {
            let mut keys = origin.keys.clone();
            keys.push(Key { name: key.into(), span });
            Rc::new(Origin { source: origin.source, keys })
        });
        Known { shape: shape.bounded(), origin }
    }
}

/// The shape of a property, if any of the shapes that a value may have has it.
fn property_of(shape: &Shape, key: &str) -> Result<Shape, FindingKind> {
    match shape {
        Shape::Unknown => Ok(Shape::Unknown),
        Shape::Missing => Ok(Shape::Missing),
        Shape::Object(object) => match (object.field(key), &object.rest) {
            (Some(field), _) => Ok(field.shape.clone()),
            (None, Some(rest)) => Ok(rest.clone()),
            (None, None) => {
                let names = object.fields.iter().map(|field| &*field.name);
                let nearest = nearest(key, names).map(Into::into);
                let has =
                    object.fields.iter().take(MAX_NAMES).map(|field| format!("`{}`", field.name));
                let mut has: Vec<String> = has.collect();
                if object.fields.len() > MAX_NAMES {
                    has.push("…".to_owned());
                }
                let has = has.join(", ");
                Err(FindingKind::NoProperty { key: key.into(), has, nearest })
            }
        },
        Shape::Array(list) => {
            let of_element = |shape: &Shape| property_of(shape, key).map(null_for_missing);
            let prefix = list.prefix.iter().map(of_element).collect::<Result<_, _>>()?;
            let rest = match &list.rest {
                Shape::Missing => Shape::Missing,
                rest => of_element(rest)?,
            };
            Ok(Shape::Array(Box::new(ListShape { prefix, rest })))
        }
        Shape::OneOf(branches) => {
            let mut found = Vec::new();
            let mut first_wrong = None;
            for branch in branches {
                match property_of(branch, key) {
                    Ok(shape) => found.push(shape),
                    Err(_) if *branch == Shape::Null => found.push(Shape::Missing),
                    Err(wrong) => {
                        found.push(Shape::Missing);
                        first_wrong.get_or_insert(wrong);
                    }
                }
            }
            match first_wrong {
                Some(wrong) if found.iter().all(|shape| *shape == Shape::Missing) => Err(wrong),
                _ => Ok(Shape::one_of(found)),
            }
        }
        _ => Err(FindingKind::NoObject { key: key.into(), found: shape.summary() }),
    }
}
