//! Describes values that are not there yet: what a mapping will give, as far as its text tells.
//!
//! **In:** what a schema says of arguments and objects. **Out:** [`Shape`].
//!
//! **Never here:** how a mapping's shape is found (`check`), the types of a schema (composition).
//!
//! **Holds:** [`Shape::Unknown`] fits everywhere; of several shapes one that fits is enough. A shape
//! has at most [`MAX_PARTS`] parts in [`MAX_DEPTH`] levels, beyond that it is unknown.
//!
//! **Read first:** [`Shape`].

mod print;

use crate::syntax::Span;

/// Parts of one shape.
const MAX_PARTS: usize = 2_000;

/// Levels of one shape.
const MAX_DEPTH: usize = 200;

/// What is known of a value before there is one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    /// Nothing is known.
    #[default]
    Unknown,
    /// There is no value.
    Missing,
    /// `null`
    Null,
    /// A boolean, maybe known.
    Boolean(Option<bool>),
    /// A whole number, maybe known.
    Integer(Option<i64>),
    /// A number.
    Float,
    /// A string, maybe known.
    String(Option<Box<str>>),
    /// A list.
    Array(Box<ListShape>),
    /// An object.
    Object(Box<ObjectShape>),
    /// One of several.
    OneOf(Vec<Shape>),
}

/// What is known of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListShape {
    /// Its first elements.
    pub prefix: Vec<Shape>,
    /// Every other one; [`Shape::Missing`]: there is no other.
    pub rest: Shape,
}

/// What is known of an object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObjectShape {
    /// The members that are known, in order.
    pub fields: Vec<FieldShape>,
    /// Every other member; `None`: there is no other.
    pub rest: Option<Shape>,
}

/// What is known of a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldShape {
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub shape: Shape,
    /// Where in the mapping its name stands; empty for what a schema says.
    pub name_span: Span,
    /// Where in the mapping its value stands.
    pub value_span: Span,
}

/// What a place of a connector needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// A scalar, null or nothing: expressions in URLs and headers.
    Scalar,
    /// A list of scalars: `path`.
    ScalarList,
    /// An object: `queryParams`, `errors.extensions`.
    Object,
    /// A string: `errors.message`.
    String,
    /// A boolean: `isSuccess`.
    Boolean,
}

impl Shape {
    /// A list of elements that are all alike.
    pub fn list(element: Self) -> Self {
        Self::Array(Box::new(ListShape { prefix: Vec::new(), rest: element }))
    }

    /// An object of these members and no other.
    pub fn object<N: Into<Box<str>>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let span = Span::default();
        let field = |(name, shape): (N, Self)| FieldShape {
            name: name.into(),
            shape,
            name_span: span,
            value_span: span,
        };
        let fields = fields.into_iter().map(field).collect();
        Self::Object(Box::new(ObjectShape { fields, rest: None }))
    }

    /// An object of members that nobody knows, all alike.
    pub fn dictionary(value: Self) -> Self {
        Self::Object(Box::new(ObjectShape { fields: Vec::new(), rest: Some(value) }))
    }

    /// One of several shapes. Equal ones count once.
    pub fn one_of(shapes: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for shape in shapes {
            for branch in shape.into_branches() {
                if branch == Self::Unknown {
                    return Self::Unknown;
                }
                if !all.contains(&branch) {
                    all.push(branch);
                }
            }
        }
        match all.len() {
            0 => Self::Missing,
            1 => all.remove(0),
            _ => Self::OneOf(all),
        }
    }

    /// The shapes that this one may be.
    pub fn branches(&self) -> &[Self] {
        match self {
            Self::OneOf(branches) => branches,
            one => std::slice::from_ref(one),
        }
    }

    fn into_branches(self) -> Vec<Self> {
        match self {
            Self::OneOf(branches) => branches,
            one => vec![one],
        }
    }

    /// A member that is known by name.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        match self {
            Self::Object(object) => object.field(name),
            _ => None,
        }
    }

    /// Whether this may be what a place needs.
    pub fn fits(&self, need: Need) -> bool {
        self.branches().iter().any(|branch| match (branch, need) {
            (Self::Unknown, _) => true,
            (Self::Missing | Self::Null, Need::Scalar) => true,
            (Self::Missing, Need::ScalarList | Need::Object) => true,
            (branch, Need::Scalar) => branch.is_scalar(),
            (Self::Array(list), Need::ScalarList) => {
                let is_right = |shape: &Self| {
                    matches!(shape, Self::Missing | Self::Null) || shape.fits(Need::Scalar)
                };
                list.prefix.iter().all(is_right) && is_right(&list.rest)
            }
            (Self::Object(_), Need::Object) => true,
            (Self::String(_), Need::String) => true,
            (Self::Boolean(_), Need::Boolean) => true,
            _ => false,
        })
    }

    fn is_scalar(&self) -> bool {
        matches!(self, Self::Boolean(_) | Self::Integer(_) | Self::Float | Self::String(_))
    }

    /// The same, or unknown if it has too many parts.
    pub(crate) fn bounded(self) -> Self {
        if self.count(MAX_PARTS, MAX_DEPTH).is_some() { self } else { Self::Unknown }
    }

    /// What is left of the parts that a shape may have.
    fn count(&self, left: usize, depth: usize) -> Option<usize> {
        let left = left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        match self {
            Self::Array(list) => {
                let mut shapes = list.prefix.iter().chain([&list.rest]);
                shapes.try_fold(left, |left, shape| shape.count(left, depth))
            }
            Self::Object(object) => {
                let mut shapes = object.fields.iter().map(|field| &field.shape).chain(&object.rest);
                shapes.try_fold(left, |left, shape| shape.count(left, depth))
            }
            Self::OneOf(branches) => {
                branches.iter().try_fold(left, |left, shape| shape.count(left, depth))
            }
            _ => Some(left),
        }
    }
}

impl ListShape {
    /// What any element may be.
    pub fn element(&self) -> Shape {
        let rest = (self.rest != Shape::Missing).then(|| self.rest.clone());
        Shape::one_of(self.prefix.iter().cloned().chain(rest))
    }
}

impl ObjectShape {
    /// A member that is known by name.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.iter().find(|field| *field.name == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Need, Shape};

    #[test]
    fn one_branch_that_fits_is_enough() {
        let either = Shape::one_of([Shape::Null, Shape::list(Shape::Float), Shape::Null]);
        assert!(either.fits(Need::Scalar) && either.fits(Need::ScalarList));
        assert!(!either.fits(Need::Object) && !either.fits(Need::Boolean));
        assert!(Shape::Unknown.fits(Need::Boolean));
        assert_eq!(Shape::one_of([either, Shape::Unknown]), Shape::Unknown);
    }
}
