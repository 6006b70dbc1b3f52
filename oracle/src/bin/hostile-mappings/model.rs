//! Holds mappings and values in the plainest way: what the slow reference reads.
//!
//! **Out:** [`Expr`], [`Item`], [`Plain`].
//!
//! **Never here:** anything of the crate `mapping`; texts (`write`), meanings (`slow`).

use serde_json::Number;

/// How texts of a version read, as far as this generator goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(crate) enum Flavor {
    /// v0.1 and v0.2
    First,
    /// v0.3
    Third,
    /// v0.4 and v0.5
    Unified,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Null,
    Bool(bool),
    Num(Number),
    Str(String),
    List(Vec<Expr>),
    Object(Vec<Item>),
    /// Whether null counts, as for `?!`; the operands.
    Chain(bool, Vec<Expr>),
    Path(Box<Path>),
}

#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) head: Head,
    pub(crate) steps: Vec<Step>,
    pub(crate) braces: Option<Vec<Item>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Head {
    Dollar,
    At,
    Variable(String),
    Key(String),
    Parens(Expr),
    Literal(Expr),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Key(String),
    Question,
    /// `None`: no parentheses.
    Call(String, Option<Vec<Expr>>),
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Alias(String, Expr),
    /// A key, maybe with `?`, maybe with braces.
    Own(Path),
    Merge(Path),
    Spread(Expr),
    /// Alone in its braces.
    Whole(Path),
}

#[derive(Clone, Debug)]
pub(crate) enum Root {
    Value(Expr),
    List(Vec<Item>),
}

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Num(Number),
    Str(String),
    List(Vec<Plain>),
    Object(Vec<(String, Plain)>),
}

impl Plain {
    pub(crate) fn to_json(&self) -> String {
        let string = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Num(number) => number.to_string(),
            Self::Str(text) => string(text),
            Self::List(list) => {
                let list: Vec<String> = list.iter().map(Self::to_json).collect();
                format!("[{}]", list.join(","))
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| {
                    format!("{}:{}", string(name), value.to_json())
                };
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    pub(crate) fn of_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => Self::Num(number.clone()),
            serde_json::Value::String(text) => Self::Str(text.clone()),
            serde_json::Value::Array(list) => Self::List(list.iter().map(Self::of_json).collect()),
            serde_json::Value::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (name.clone(), Self::of_json(value))).collect(),
            ),
        }
    }
}
