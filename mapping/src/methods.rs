//! Lists the methods of the language: names, how many arguments they take, since when.
//!
//! **Out:** [`Method`].
//!
//! **Never here:** what they do (`evaluate::methods`), what their results look like (`shape`).
//!
//! **Holds:** every method exists in every version; [`Method::since`] only says when it was first
//! documented.
//!
//! **Read first:** the table at [`METHODS`].

use crate::version::Version;
use std::fmt;

/// A method: what stands behind `->`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each is its name; the manual says what it does")]
pub enum Method {
    Add,
    And,
    As,
    Contains,
    Div,
    Echo,
    Entries,
    Eq,
    Filter,
    Find,
    First,
    Get,
    Gt,
    Gte,
    In,
    JoinNotNull,
    JsonParse,
    JsonStringify,
    KeysToCamelCase,
    KeysToCamelCaseDeep,
    Last,
    Lt,
    Lte,
    Map,
    Match,
    Mod,
    Mul,
    Ne,
    Not,
    Or,
    ParseInt,
    Size,
    Slice,
    Split,
    Sub,
    ToString,
    Trim,
    TrimEnd,
    TrimStart,
    WithError,
    WithWarning,
}

/// How many arguments a method takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arity {
    /// The fewest.
    pub least: usize,
    /// The most; `None`: any number.
    pub most: Option<usize>,
    /// Whether parentheses without arguments are refused.
    pub refuses_parentheses: bool,
}

struct Row {
    method: Method,
    name: &'static str,
    arity: Arity,
    since: Version,
}

const fn row(method: Method, name: &'static str, arity: Arity, since: Version) -> Row {
    Row { method, name, arity, since }
}

/// No parentheses at all.
const BARE: Arity = Arity { least: 0, most: Some(0), refuses_parentheses: true };

const fn takes(least: usize, most: usize) -> Arity {
    Arity { least, most: Some(most), refuses_parentheses: false }
}

const fn takes_any(least: usize) -> Arity {
    Arity { least, most: None, refuses_parentheses: false }
}

/// In the order of [`Method`], which is that of the names.
const METHODS: [Row; 41] = [
    row(Method::Add, "add", takes_any(1), Version::V0_3),
    row(Method::And, "and", takes_any(1), Version::V0_3),
    row(Method::As, "as", takes(1, 2), Version::V0_3),
    row(Method::Contains, "contains", takes(1, 1), Version::V0_3),
    row(Method::Div, "div", takes_any(1), Version::V0_3),
    row(Method::Echo, "echo", takes(1, 1), Version::V0_1),
    row(Method::Entries, "entries", BARE, Version::V0_1),
    row(Method::Eq, "eq", takes(1, 1), Version::V0_3),
    row(Method::Filter, "filter", takes(1, 1), Version::V0_3),
    row(Method::Find, "find", takes(1, 1), Version::V0_3),
    row(Method::First, "first", BARE, Version::V0_1),
    row(Method::Get, "get", takes(1, 1), Version::V0_3),
    row(Method::Gt, "gt", takes(1, 1), Version::V0_3),
    row(Method::Gte, "gte", takes(1, 1), Version::V0_3),
    row(Method::In, "in", takes(1, 1), Version::V0_3),
    row(Method::JoinNotNull, "joinNotNull", takes(1, 1), Version::V0_2),
    row(Method::JsonParse, "jsonParse", BARE, Version::V0_3),
    row(Method::JsonStringify, "jsonStringify", BARE, Version::V0_1),
    row(Method::KeysToCamelCase, "keysToCamelCase", BARE, Version::V0_4),
    row(Method::KeysToCamelCaseDeep, "keysToCamelCaseDeep", BARE, Version::V0_4),
    row(Method::Last, "last", BARE, Version::V0_1),
    row(Method::Lt, "lt", takes(1, 1), Version::V0_3),
    row(Method::Lte, "lte", takes(1, 1), Version::V0_3),
    row(Method::Map, "map", takes(1, 1), Version::V0_1),
    row(Method::Match, "match", takes_any(1), Version::V0_1),
    row(Method::Mod, "mod", takes_any(1), Version::V0_3),
    row(Method::Mul, "mul", takes_any(1), Version::V0_3),
    row(Method::Ne, "ne", takes(1, 1), Version::V0_3),
    row(Method::Not, "not", BARE, Version::V0_3),
    row(Method::Or, "or", takes_any(1), Version::V0_3),
    row(Method::ParseInt, "parseInt", takes(0, 1), Version::V0_3),
    row(Method::Size, "size", BARE, Version::V0_1),
    row(Method::Slice, "slice", takes(0, 2), Version::V0_1),
    row(Method::Split, "split", takes(1, 2), Version::V0_4),
    row(Method::Sub, "sub", takes_any(1), Version::V0_3),
    row(Method::ToString, "toString", takes(0, 0), Version::V0_3),
    row(Method::Trim, "trim", BARE, Version::V0_4),
    row(Method::TrimEnd, "trimEnd", BARE, Version::V0_4),
    row(Method::TrimStart, "trimStart", BARE, Version::V0_4),
    row(Method::WithError, "withError", takes(1, 1), Version::V0_4),
    row(Method::WithWarning, "withWarning", takes(1, 1), Version::V0_4),
];

impl Method {
    /// The method of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        let found = METHODS.binary_search_by(|row| row.name.cmp(name)).ok()?;
        Some(METHODS[found].method)
    }

    /// All methods, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        METHODS.iter().map(|row| row.method)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How many arguments it takes.
    pub fn arity(self) -> Arity {
        self.row().arity
    }

    /// The version of `connect` that first documented it, or that was current when it was first
    /// seen.
    pub fn since(self) -> Version {
        self.row().since
    }

    /// The method whose name is nearest to one that is none, unless all are far.
    pub fn nearest(name: &str) -> Option<Self> {
        let distance = |row: &Row| distance(name, row.name);
        let nearest = METHODS.iter().min_by_key(|row| distance(row))?;
        (distance(nearest) <= 1 + name.len() / 4).then_some(nearest.method)
    }

    fn row(self) -> &'static Row {
        &METHODS[self as usize]
    }
}

impl Arity {
    /// Whether so many arguments are right; `None`: there are no parentheses.
    pub fn allows(self, n_arguments: Option<usize>) -> bool {
        match n_arguments {
            None => self.least == 0,
            Some(_) if self.refuses_parentheses => false,
            Some(n) => n >= self.least && self.most.is_none_or(|most| n <= most),
        }
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            _ if self.refuses_parentheses => f.write_str("no parentheses"),
            (0, Some(0)) => f.write_str("no arguments"),
            (1, Some(1)) => f.write_str("one argument"),
            (1, None) => f.write_str("one argument or more"),
            (least, None) => write!(f, "{least} arguments or more"),
            (0, Some(1)) => f.write_str("at most one argument"),
            (0, Some(most)) => write!(f, "at most {most} arguments"),
            (least, Some(most)) => write!(f, "{least} to {most} arguments"),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many letters to change, add or drop.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_ascii_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.to_ascii_lowercase().chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{METHODS, Method};

    #[test]
    fn the_table_is_in_order() {
        assert!(METHODS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for (i, row) in METHODS.iter().enumerate() {
            assert_eq!(row.method as usize, i);
            assert_eq!(Method::of_name(row.name), Some(row.method));
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(Method::nearest("frist"), Some(Method::First));
        assert_eq!(Method::nearest("tostring"), Some(Method::ToString));
        assert_eq!(Method::nearest("reduce"), None);
    }
}
