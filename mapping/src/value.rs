//! Holds what a mapping gives: pieces of its input, and what was built around them.
//!
//! **Out:** [`Value`], and [`View`] to look inside.
//!
//! **Never here:** how it came about (`evaluate`), the types of a schema (execution).
//!
//! **Holds:** a piece of the input is borrowed, never copied; what was built is shared, so cloning is
//! cheap. What was built is at most [`MAX_DEPTH`] levels deep above pieces of the input.
//!
//! **Read first:** [`Value::view`].

mod compare;
mod json_text;

pub(crate) use compare::{Numbers, compare_numbers, whole};

use crate::json::Json;
use serde_json::Number;
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::rc::Rc;

/// Levels of what a mapping builds.
pub(crate) const MAX_DEPTH: u16 = 128;

/// What a mapping gives.
#[derive(Clone)]
pub struct Value<'a>(Form<'a>);

#[derive(Clone)]
enum Form<'a> {
    /// A piece of the input.
    Json(&'a Json<'a>),
    Null,
    Boolean(bool),
    Number(Number),
    String(Text<'a>),
    Array(Rc<Built<Value<'a>>>),
    Object(Rc<Built<Member<'a>>>),
}

/// A member of an object.
pub(crate) type Member<'a> = (Text<'a>, Value<'a>);

/// A list or an object that was built, and how many levels it has.
struct Built<T> {
    depth: u16,
    list: Vec<T>,
}

/// A string.
#[derive(Clone, Debug)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Rc<str>),
}

/// A value, opened.
#[derive(Clone, Copy)]
pub enum View<'v, 'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(&'v Number),
    /// A string.
    String(&'v str),
    /// A list.
    Array(Elements<'v, 'a>),
    /// An object.
    Object(Fields<'v, 'a>),
}

/// The elements of a list.
#[derive(Clone, Copy)]
pub struct Elements<'v, 'a>(ElementsForm<'v, 'a>);

#[derive(Clone, Copy)]
enum ElementsForm<'v, 'a> {
    Json(&'a [Json<'a>]),
    Built(&'v [Value<'a>]),
}

/// The members of an object, in order.
#[derive(Clone, Copy)]
pub struct Fields<'v, 'a>(FieldsForm<'v, 'a>);

#[derive(Clone, Copy)]
enum FieldsForm<'v, 'a> {
    Json(&'a [(Cow<'a, str>, Json<'a>)]),
    Built(&'v [Member<'a>]),
}

/// What a value is, for messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is its name")]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl<'a> Value<'a> {
    pub(crate) const NULL: Self = Self(Form::Null);

    /// A piece of the input.
    pub fn of(json: &'a Json<'a>) -> Self {
        Self(Form::Json(json))
    }

    pub(crate) fn boolean(value: bool) -> Self {
        Self(Form::Boolean(value))
    }

    pub(crate) fn number(number: Number) -> Self {
        Self(Form::Number(number))
    }

    pub(crate) fn string(text: impl Into<Text<'a>>) -> Self {
        Self(Form::String(text.into()))
    }

    /// A list; `None`: it would have more than [`MAX_DEPTH`] levels.
    pub(crate) fn array(list: Vec<Self>) -> Option<Self> {
        let depth = 1 + list.iter().map(Self::built_depth).max().unwrap_or(0);
        (depth <= MAX_DEPTH).then(|| Self(Form::Array(Rc::new(Built { depth, list }))))
    }

    /// An object; `None`: it would have more than [`MAX_DEPTH`] levels.
    pub(crate) fn object(list: Vec<Member<'a>>) -> Option<Self> {
        let depth = 1 + list.iter().map(|(_, value)| value.built_depth()).max().unwrap_or(0);
        (depth <= MAX_DEPTH).then(|| Self(Form::Object(Rc::new(Built { depth, list }))))
    }

    fn built_depth(&self) -> u16 {
        match &self.0 {
            Form::Array(built) => built.depth,
            Form::Object(built) => built.depth,
            _ => 0,
        }
    }

    /// A copy of what was read while evaluating.
    pub(crate) fn of_read(json: serde_json::Value) -> Option<Self> {
        Some(match json {
            serde_json::Value::Null => Self::NULL,
            serde_json::Value::Bool(value) => Self::boolean(value),
            serde_json::Value::Number(number) => Self::number(number),
            serde_json::Value::String(text) => Self::string(Text::Shared(text.into())),
            serde_json::Value::Array(elements) => {
                Self::array(elements.into_iter().map(Self::of_read).collect::<Option<_>>()?)?
            }
            serde_json::Value::Object(members) => {
                let member = |(name, value): (String, _)| {
                    Some((Text::Shared(name.into()), Self::of_read(value)?))
                };
                Self::object(members.into_iter().map(member).collect::<Option<_>>()?)?
            }
        })
    }

    /// Opens the value.
    pub fn view(&self) -> View<'_, 'a> {
        match &self.0 {
            Form::Json(json) => match json {
                Json::Null => View::Null,
                Json::Boolean(value) => View::Boolean(*value),
                Json::Number(number) => View::Number(number),
                Json::String(text) => View::String(text),
                Json::Array(list) => View::Array(Elements(ElementsForm::Json(list))),
                Json::Object(list) => View::Object(Fields(FieldsForm::Json(list))),
            },
            Form::Null => View::Null,
            Form::Boolean(value) => View::Boolean(*value),
            Form::Number(number) => View::Number(number),
            Form::String(text) => View::String(text.as_str()),
            Form::Array(built) => View::Array(Elements(ElementsForm::Built(&built.list))),
            Form::Object(built) => View::Object(Fields(FieldsForm::Built(&built.list))),
        }
    }

    /// What the value is.
    pub fn kind(&self) -> Kind {
        match self.view() {
            View::Null => Kind::Null,
            View::Boolean(_) => Kind::Boolean,
            View::Number(_) => Kind::Number,
            View::String(_) => Kind::String,
            View::Array(_) => Kind::Array,
            View::Object(_) => Kind::Object,
        }
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self.view(), View::Null)
    }

    /// A member, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<Self> {
        match self.view() {
            View::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self.view() {
            View::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string, borrowed from the input or shared.
    pub(crate) fn text(&self) -> Option<Text<'a>> {
        match &self.0 {
            Form::Json(Json::String(text)) => Some(Text::Borrowed(text)),
            Form::String(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl<'v, 'a> Elements<'v, 'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        match self.0 {
            ElementsForm::Json(list) => list.len(),
            ElementsForm::Built(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        match self.0 {
            ElementsForm::Json(list) => list.get(index).map(Value::of),
            ElementsForm::Built(list) => list.get(index).cloned(),
        }
    }

    /// All of them, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'v, 'a> {
        (0..self.len()).map(move |index| self.get(index).unwrap_or(Value::NULL))
    }
}

impl<'v, 'a> Fields<'v, 'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        match self.0 {
            FieldsForm::Json(list) => list.len(),
            FieldsForm::Built(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value of a name.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        match self.0 {
            FieldsForm::Json(list) => {
                list.iter().find(|(other, _)| other == name).map(|(_, value)| Value::of(value))
            }
            FieldsForm::Built(list) => {
                list.iter().find(|(other, _)| other.as_str() == name).map(|it| it.1.clone())
            }
        }
    }

    /// All of them, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'v str, Value<'a>)> + use<'v, 'a> {
        (0..self.len()).map(move |index| match self.0 {
            FieldsForm::Json(list) => (list[index].0.as_ref(), Value::of(&list[index].1)),
            FieldsForm::Built(list) => (list[index].0.as_str(), list[index].1.clone()),
        })
    }

    /// All of them, with names that may outlive this view.
    pub(crate) fn members(self) -> impl ExactSizeIterator<Item = Member<'a>> + use<'v, 'a> {
        (0..self.len()).map(move |index| match self.0 {
            FieldsForm::Json(list) => (Text::Borrowed(&list[index].0), Value::of(&list[index].1)),
            FieldsForm::Built(list) => list[index].clone(),
        })
    }
}

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}
