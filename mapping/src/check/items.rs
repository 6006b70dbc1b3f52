//! Knows the shape of what braces make.
//!
//! **Never here:** values (`evaluate`), whether a type has these fields (composition).
//!
//! **Holds:** a merged value that may be several objects makes several shapes of the whole, one for
//! each, up to [`MAX_VARIANTS`]: that is how a selection tells the members of an abstract type apart.
//!
//! **Read first:** [`Checker::braces`].

use super::{Checker, FindingKind, Known, Scope, null_for_missing};
use crate::shape::{FieldShape, ObjectShape, Shape};
use crate::syntax::{Expression, ExpressionKind, Head, Item, Items, Output, Span, StepKind};
use crate::wanted::Wanted;

/// Shapes of one object that are told apart.
const MAX_VARIANTS: usize = 64;

impl<'g> Checker<'g> {
    /// The shape of `value { … }`.
    pub(super) fn braces<'m>(
        &mut self,
        items: &'m Items,
        value: &Known,
        scope: &Scope<'_, 'm>,
    ) -> Shape {
        let is_list = |branch: &&Shape| matches!(branch, Shape::Array(_));
        let (lists, singles): (Vec<&Shape>, Vec<&Shape>) =
            value.shape.branches().iter().partition(is_list);
        let mut branches = Vec::new();
        if !singles.is_empty() {
            let stays = |branch: &&&Shape| match branch {
                Shape::Object(_) => false,
                // Nothing selected leaves it as it is, whatever it is.
                Shape::Unknown => items.items.is_empty(),
                _ => true,
            };
            branches.extend(singles.iter().filter(stays).copied().cloned());
            // Braces do not run on what is missing, unless nothing else is known.
            let there = singles.iter().copied().filter(|branch| **branch != Shape::Missing);
            let shape = Shape::one_of(there.cloned());
            let inner = Known { shape, origin: value.origin.clone() };
            let locals = scope.locals.clone();
            let scope = Scope { dollar: &inner, at: &inner, locals, wanted: scope.wanted };
            let made = self.object(items, &scope);
            if inner.shape != Shape::Missing {
                branches.push(made);
            }
        }
        let elements = lists.iter().filter_map(|branch| match branch {
            Shape::Array(list) => Some(list.element()),
            _ => None,
        });
        if !lists.is_empty() {
            let shape = Shape::one_of(elements);
            let inner = Known { shape, origin: value.origin.clone() };
            let element = self.braces(items, &inner, scope);
            branches.push(Shape::list(null_for_missing(element)));
        }
        Shape::one_of(branches)
    }

    /// The shape of a new object over the same `$`.
    pub(super) fn object<'m>(&mut self, items: &'m Items, scope: &Scope<'_, 'm>) -> Shape {
        if let Some(value) = items.whole() {
            let known = self.expression(value, scope);
            return self.consume(known, value.span);
        }
        let mut variants = Variants { objects: vec![ObjectShape::default()], is_null: false };
        for Item { output, value } in &items.items {
            let wanted = match output.name() {
                Some(name) => scope.wanted.of(name),
                None => Some(scope.wanted),
            };
            if wanted.is_none() && is_of_dollar(value) {
                continue;
            }
            // What comes from elsewhere may be all that braces over a scalar give, wanted or not.
            let wanted = wanted.unwrap_or(&Wanted::All);
            let known = self.expression(value, &Scope { wanted, ..scope.clone() });
            let shape = self.consume(known, value.span);
            match output {
                Output::Alias(name, name_span) | Output::Own(name, name_span) => {
                    variants.put(FieldShape {
                        name: name.clone(),
                        shape,
                        name_span: *name_span,
                        value_span: value.span,
                    });
                }
                Output::Merge | Output::Spread | Output::Whole => {
                    self.merge(&mut variants, &shape, value.span);
                }
            }
        }
        let null = variants.is_null.then_some(Shape::Null);
        let objects = variants.objects.into_iter().map(|object| Shape::Object(Box::new(object)));
        Shape::one_of(objects.chain(null))
    }

    fn merge(&mut self, variants: &mut Variants, shape: &Shape, span: Span) {
        let mut merged: Vec<ObjectShape> = Vec::new();
        let mut is_possible = false;
        for branch in shape.branches() {
            match branch {
                Shape::Object(object) => merged.push((**object).clone()),
                Shape::Unknown => {
                    merged.push(ObjectShape { fields: Vec::new(), rest: Some(Shape::Unknown) });
                }
                Shape::Null => {
                    variants.is_null = true;
                    is_possible = true;
                }
                // Nothing is merged in.
                Shape::Missing => {
                    merged.push(ObjectShape::default());
                    is_possible = true;
                }
                _ => {}
            }
        }
        if merged.is_empty() && !is_possible {
            self.find(span, FindingKind::NotMerged { found: shape.summary() });
            return;
        }
        if !merged.is_empty() {
            variants.merge(&merged);
        }
    }
}

/// Whether a value is a property of `$`, so that it is missing where `$` is no object.
fn is_of_dollar(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Path(path) => match (&path.head, path.steps.first()) {
            (Head::Key(_), _) => true,
            (Head::Dollar | Head::At, Some(step)) => matches!(step.kind, StepKind::Key(_)),
            _ => false,
        },
        _ => false,
    }
}

/// The shapes that an object may have.
struct Variants {
    objects: Vec<ObjectShape>,
    is_null: bool,
}

impl Variants {
    fn put(&mut self, field: FieldShape) {
        for object in &mut self.objects {
            put(object, field.clone());
        }
    }

    fn merge(&mut self, merged: &[ObjectShape]) {
        if self.objects.len() * merged.len() > MAX_VARIANTS {
            let rest = Some(Shape::Unknown);
            self.objects.truncate(1);
            self.objects.iter_mut().for_each(|object| object.rest.clone_from(&rest));
            return;
        }
        let before = std::mem::take(&mut self.objects);
        for one in &before {
            for other in merged {
                let mut object = one.clone();
                for field in &other.fields {
                    put(&mut object, field.clone());
                }
                if other.rest.is_some() {
                    object.rest.clone_from(&other.rest);
                }
                if !self.objects.contains(&object) {
                    self.objects.push(object);
                }
            }
        }
    }
}

/// Of one name twice, objects merge; otherwise it may be either.
fn put(object: &mut ObjectShape, field: FieldShape) {
    let Some(earlier) = object.fields.iter_mut().find(|it| it.name == field.name) else {
        object.fields.push(field);
        return;
    };
    match (&mut earlier.shape, field.shape) {
        (Shape::Object(left), Shape::Object(right)) => {
            for inner in right.fields {
                put(left, inner);
            }
            if right.rest.is_some() {
                left.rest = right.rest;
            }
        }
        (left, right) => *left = Shape::one_of([left.clone(), right]),
    }
}
