//! Knows what methods take and give.
//!
//! **In:** the shape of a value and a call. **Out:** the shape of the result.
//!
//! **Never here:** values (`evaluate::methods`), names and numbers of arguments (`methods`).
//!
//! **Holds:** a method is wrong only if its input or an argument can never be what it takes.
//!
//! **Read first:** [`Checker::call`].

use super::{Checker, FindingKind, Known, Scope, null_for_missing};
use crate::evaluate::pair_of;
use crate::methods::Method;
use crate::shape::{ObjectShape, Shape};
use crate::syntax::{Call, Expression, ExpressionKind, Head, Span};
use crate::wanted::Wanted;

/// What a method takes.
#[derive(Clone, Copy)]
enum Takes {
    Anything,
    Array,
    Boolean,
    Number,
    NumberOrString,
    ArrayOrString,
    Object,
    Scalar,
    Sized,
    String,
    Joinable,
}

/// One call, and what its arguments may use.
#[derive(Clone, Copy)]
struct Site<'s, 'm> {
    method: Method,
    arguments: &'m [Expression],
    scope: &'s Scope<'s, 'm>,
}

impl<'g> Checker<'g> {
    /// The shape of a result, and the variable it binds for the rest of the path.
    pub(super) fn call<'m>(
        &mut self,
        call: &'m Call,
        input: Known,
        scope: &Scope<'_, 'm>,
        span: Span,
        path_span: Span,
    ) -> (Known, Option<(&'m str, Known)>) {
        let Some(method) = call.method else {
            self.find(span, FindingKind::UnknownMethod { name: call.name.clone() });
            self.consume(input, path_span);
            return (Known::of(Shape::Unknown), None);
        };
        let arguments = call.arguments();
        if !method.arity().allows(call.arguments.as_ref().map(Vec::len)) {
            self.find(span, FindingKind::Arguments { method });
            self.consume(input, path_span);
            return (Known::of(Shape::Unknown), None);
        }
        if let Err(expected) = takes(method).check(&input.shape) {
            let found = input.shape.summary();
            self.find(span, FindingKind::Input { method, expected, found });
            self.consume(input, path_span);
            return (Known::of(Shape::Unknown), None);
        }
        let n_reads = self.reads.len();
        let at = Known { shape: element_for(method, &input.shape), origin: input.origin.clone() };
        let wanted = match method {
            Method::Echo | Method::Map | Method::Match => scope.wanted,
            _ => &Wanted::All,
        };
        let locals = scope.locals.clone();
        let inner = Scope { dollar: scope.dollar, at: &at, locals, wanted };
        let site = Site { method, arguments, scope: &inner };
        let result = self.result(site, &input);
        let bound = (method == Method::As).then(|| self.bound(site, &input)).flatten();
        match method {
            // What is handed on is read by who takes it in the end; of lists the length matters too.
            Method::Echo | Method::Map if !result.is_part_of(&input) => {
                self.consume_unless_read(&input, n_reads, path_span);
            }
            _ if result.is_part_of(&input) => {}
            _ => drop(self.consume(input, path_span)),
        }
        (Known { shape: result.shape.bounded(), ..result }, bound)
    }

    fn result<'m>(&mut self, site: Site<'_, 'm>, input: &Known) -> Known {
        let handed_on = |shape: Shape| Known { shape, origin: input.origin.clone() };
        match site.method {
            Method::Echo => self.argument(site, 0),
            Method::Map => {
                let mapped = self.argument(site, 0);
                let shape = Shape::list(null_for_missing(mapped.shape));
                Known { shape, origin: mapped.origin }
            }
            Method::Match => Known::of(self.cases(site)),
            Method::As => input.clone(),
            Method::WithError | Method::WithWarning => {
                self.taken(site, 0, Takes::Anything);
                input.clone()
            }
            Method::Filter => {
                self.taken(site, 0, Takes::Boolean);
                handed_on(Shape::list(site.scope.at.shape.clone()))
            }
            Method::Find => {
                self.taken(site, 0, Takes::Boolean);
                handed_on(Shape::one_of([site.scope.at.shape.clone(), Shape::Missing]))
            }
            Method::First | Method::Last => handed_on(end_of(site.method, &input.shape)),
            Method::Slice => {
                for index in 0..site.arguments.len() {
                    self.taken(site, index, Takes::Anything);
                }
                handed_on(slice_of(&input.shape))
            }
            Method::Get => {
                self.taken(site, 0, Takes::NumberOrString);
                Known::of(picked(&input.shape))
            }
            Method::Entries => Known::of(entries_of(&input.shape)),
            method => {
                let takes = takes_as_argument(method);
                let shapes: Vec<Shape> =
                    (0..site.arguments.len()).map(|index| self.taken(site, index, takes)).collect();
                Known::of(plain_result(method, &input.shape, &shapes))
            }
        }
    }

    /// An argument, of which nobody has taken anything yet.
    fn argument(&mut self, site: Site<'_, '_>, index: usize) -> Known {
        self.expression(&site.arguments[index], site.scope)
    }

    /// An argument that the method takes as it is.
    fn taken(&mut self, site: Site<'_, '_>, index: usize, takes: Takes) -> Shape {
        let argument = &site.arguments[index];
        let known = self.expression(argument, site.scope);
        let shape = self.consume(known, argument.span);
        if let Err(expected) = takes.check(&shape) {
            let (method, found) = (site.method, shape.summary());
            let kind = FindingKind::Argument { method, index: index + 1, expected, found };
            self.find(argument.span, kind);
        }
        shape
    }

    fn cases(&mut self, site: Site<'_, '_>) -> Shape {
        let mut branches = Vec::new();
        let mut catches_all = false;
        for [case, value] in site.arguments.iter().filter_map(pair_of) {
            catches_all |= is_input_itself(case);
            if !is_input_itself(case) {
                let known = self.expression(case, &site.scope.whole());
                self.consume(known, case.span);
            }
            let known = self.expression(value, site.scope);
            branches.push(self.consume(known, value.span));
        }
        if !catches_all {
            branches.push(Shape::Missing);
        }
        Shape::one_of(branches)
    }

    /// `->as($x)`, `->as($x, value)`
    fn bound<'m>(&mut self, site: Site<'_, 'm>, input: &Known) -> Option<(&'m str, Known)> {
        let name = match &site.arguments.first()?.kind {
            ExpressionKind::Path(path) if path.steps.is_empty() && path.braces.is_none() => {
                match &path.head {
                    Head::Variable(name) => Some(&**name),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some(name) = name else {
            let (method, expected) = (site.method, "a variable: `$name`");
            let found = "something else".to_owned();
            let kind = FindingKind::Argument { method, index: 1, expected, found };
            self.find(site.arguments[0].span, kind);
            return None;
        };
        let value = match site.arguments.len() {
            1 => input.clone(),
            _ => self.argument(site, 1),
        };
        Some((name, value))
    }
}

impl Takes {
    /// Whether a shape may be it; otherwise what is expected.
    fn check(self, shape: &Shape) -> Result<(), &'static str> {
        let fits = |branch: &Shape| match (branch, self) {
            (Shape::Unknown | Shape::Missing, _) | (_, Self::Anything) => true,
            (Shape::Array(_), Self::Array | Self::ArrayOrString | Self::Sized | Self::Joinable)
            | (Shape::Boolean(_), Self::Boolean | Self::Scalar | Self::Joinable)
            | (Shape::Object(_), Self::Object | Self::Sized)
            | (Shape::Null, Self::Scalar | Self::Joinable) => true,
            (Shape::Integer(_) | Shape::Float, takes) => {
                matches!(takes, Self::Number | Self::NumberOrString | Self::Scalar | Self::Joinable)
            }
            (Shape::String(_), takes) => matches!(
                takes,
                Self::String
                    | Self::NumberOrString
                    | Self::ArrayOrString
                    | Self::Scalar
                    | Self::Sized
                    | Self::Joinable
            ),
            _ => false,
        };
        if shape.branches().iter().any(fits) { Ok(()) } else { Err(self.name()) }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Anything => "anything",
            Self::Array => "an array",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::NumberOrString => "a number or a string",
            Self::ArrayOrString => "an array or a string",
            Self::Object => "an object",
            Self::Scalar => "a string, a number, a boolean or null",
            Self::Sized => "an array, a string or an object",
            Self::String => "a string",
            Self::Joinable => "an array of strings, numbers, booleans and nulls",
        }
    }
}

fn takes(method: Method) -> Takes {
    match method {
        Method::First | Method::Last | Method::Slice => Takes::ArrayOrString,
        Method::Size | Method::Get => Takes::Sized,
        Method::Entries | Method::KeysToCamelCase | Method::KeysToCamelCaseDeep => Takes::Object,
        Method::Contains => Takes::Array,
        Method::Gt | Method::Gte | Method::Lt | Method::Lte | Method::ParseInt => {
            Takes::NumberOrString
        }
        Method::And | Method::Or | Method::Not => Takes::Boolean,
        Method::Add | Method::Sub | Method::Mul | Method::Div | Method::Mod => Takes::Number,
        Method::ToString => Takes::Scalar,
        Method::JoinNotNull => Takes::Joinable,
        Method::JsonParse | Method::Split | Method::Trim | Method::TrimStart | Method::TrimEnd => {
            Takes::String
        }
        _ => Takes::Anything,
    }
}

fn takes_as_argument(method: Method) -> Takes {
    match method {
        Method::Gt | Method::Gte | Method::Lt | Method::Lte => Takes::NumberOrString,
        Method::And | Method::Or => Takes::Boolean,
        Method::Add | Method::Sub | Method::Mul | Method::Div | Method::Mod | Method::ParseInt => {
            Takes::Number
        }
        Method::In => Takes::Array,
        Method::JoinNotNull => Takes::String,
        _ => Takes::Anything,
    }
}

/// `@` inside the arguments.
fn element_for(method: Method, input: &Shape) -> Shape {
    match method {
        Method::Map | Method::Filter | Method::Find => element_of(input),
        _ => input.clone(),
    }
}

/// What is no list is a list of one.
fn element_of(shape: &Shape) -> Shape {
    Shape::one_of(shape.branches().iter().map(|branch| match branch {
        Shape::Array(list) => list.element(),
        other => other.clone(),
    }))
}

fn end_of(method: Method, shape: &Shape) -> Shape {
    Shape::one_of(shape.branches().iter().map(|branch| match branch {
        Shape::Array(list) => match (list.prefix.first(), method) {
            (Some(first), Method::First) => first.clone(),
            _ => Shape::one_of([list.element(), Shape::Missing]),
        },
        Shape::String(_) => Shape::one_of([Shape::String(None), Shape::Missing]),
        other => other.clone(),
    }))
}

fn slice_of(shape: &Shape) -> Shape {
    Shape::one_of(shape.branches().iter().map(|branch| match branch {
        Shape::Array(list) => Shape::list(list.element()),
        Shape::String(_) => Shape::String(None),
        Shape::Unknown => Shape::Unknown,
        _ => Shape::Missing,
    }))
}

/// What `->get` may find.
fn picked(shape: &Shape) -> Shape {
    let found = shape.branches().iter().map(|branch| match branch {
        Shape::Array(list) => list.element(),
        Shape::String(_) => Shape::String(None),
        Shape::Object(object) => values_of(object),
        Shape::Unknown => Shape::Unknown,
        _ => Shape::Missing,
    });
    Shape::one_of(found.chain([Shape::Missing]))
}

fn values_of(object: &ObjectShape) -> Shape {
    let known = object.fields.iter().map(|field| field.shape.clone());
    Shape::one_of(known.chain(object.rest.clone()))
}

fn entries_of(shape: &Shape) -> Shape {
    let value = Shape::one_of(shape.branches().iter().map(|branch| match branch {
        Shape::Object(object) => values_of(object),
        Shape::Unknown => Shape::Unknown,
        _ => Shape::Missing,
    }));
    Shape::list(Shape::object([("key", Shape::String(None)), ("value", value)]))
}

fn plain_result(method: Method, input: &Shape, arguments: &[Shape]) -> Shape {
    let is_whole = |shape: &Shape| matches!(shape, Shape::Integer(_));
    match method {
        Method::Add | Method::Sub | Method::Mul | Method::Mod => {
            if is_whole(input) && arguments.iter().all(is_whole) {
                Shape::Integer(None)
            } else if [input].into_iter().chain(arguments).any(|shape| *shape == Shape::Float) {
                Shape::Float
            } else {
                Shape::one_of([Shape::Integer(None), Shape::Float])
            }
        }
        Method::Div => Shape::Float,
        Method::ParseInt | Method::Size => Shape::Integer(None),
        Method::ToString
        | Method::JoinNotNull
        | Method::JsonStringify
        | Method::Trim
        | Method::TrimStart
        | Method::TrimEnd => Shape::String(None),
        Method::Split => Shape::list(Shape::String(None)),
        Method::KeysToCamelCase | Method::KeysToCamelCaseDeep => Shape::dictionary(Shape::Unknown),
        Method::JsonParse => Shape::Unknown,
        _ => Shape::Boolean(None),
    }
}

/// `[@, value]` catches all.
fn is_input_itself(case: &Expression) -> bool {
    matches!(
        &case.kind,
        ExpressionKind::Path(path)
            if matches!(path.head, Head::At) && path.steps.is_empty() && path.braces.is_none()
    )
}
