//! Evaluates mappings as the language is written down, rule by rule, without a thought for speed.
//!
//! **In:** a [`Root`] and values. **Out:** a value or nothing, and how many problems there were.
//!
//! **Never here:** anything of the crate `mapping`; the methods (`slow_methods`).
//!
//! **Read first:** [`Slow::evaluate`].

use crate::model::{Expr, Head, Item, Path, Plain, Root, Step};

/// The reference.
#[derive(Default)]
pub(crate) struct Slow {
    pub(crate) variables: Vec<(String, Plain)>,
    pub(crate) n_problems: u64,
}

/// What the signs mean.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) dollar: Plain,
    pub(crate) at: Plain,
    pub(crate) locals: Vec<(String, Option<Plain>)>,
}

impl Slow {
    pub(crate) fn evaluate(&mut self, root: &Root, body: &Plain) -> Option<Plain> {
        let scope = Scope { dollar: body.clone(), at: body.clone(), locals: Vec::new() };
        match root {
            Root::List(items) | Root::Value(Expr::Object(items)) => {
                self.braces(items, body, &scope)
            }
            Root::Value(value) => self.value(value, &scope),
        }
    }

    pub(crate) fn problem<T>(&mut self) -> Option<T> {
        self.n_problems += 1;
        None
    }

    pub(crate) fn value(&mut self, value: &Expr, scope: &Scope) -> Option<Plain> {
        Some(match value {
            Expr::Null => Plain::Null,
            Expr::Bool(value) => Plain::Bool(*value),
            Expr::Num(number) => Plain::Num(number.clone()),
            Expr::Str(text) => Plain::Str(text.clone()),
            Expr::List(values) => {
                let list = values.iter().map(|it| self.value(it, scope).unwrap_or(Plain::Null));
                Plain::List(list.collect())
            }
            Expr::Object(items) => return self.object(items, scope),
            Expr::Chain(keeps_null, operands) => {
                let before = self.n_problems;
                let mut last = None;
                for operand in operands {
                    let start = self.n_problems;
                    last = self.value(operand, scope);
                    let counts = match &last {
                        None => false,
                        Some(Plain::Null) => *keeps_null,
                        Some(_) => true,
                    };
                    if counts {
                        self.n_problems = before + (self.n_problems - start);
                        break;
                    }
                }
                return last;
            }
            Expr::Path(path) => return self.path(path, scope),
        })
    }

    fn path(&mut self, path: &Path, scope: &Scope) -> Option<Plain> {
        let mut scope = scope.clone();
        let asks = |index: usize| matches!(path.steps.get(index), Some(Step::Question));
        let mut value = match &path.head {
            Head::Dollar => scope.dollar.clone(),
            Head::At => scope.at.clone(),
            Head::Variable(name) => self.variable(name, &scope)?,
            Head::Key(key) => self.key(&scope.dollar.clone(), key, asks(0))?,
            Head::Parens(inner) | Head::Literal(inner) => self.value(inner, &scope)?,
        };
        for (i, step) in path.steps.iter().enumerate() {
            value = match step {
                Step::Question if value == Plain::Null => return None,
                Step::Question => value,
                Step::Key(key) => self.key(&value, key, asks(i + 1))?,
                Step::Call(name, arguments) => {
                    let inner = Scope { at: value.clone(), ..scope.clone() };
                    if name == "as" {
                        let arguments = arguments.as_deref().unwrap_or_default();
                        let bound = match arguments.get(1) {
                            Some(other) => self.value(other, &inner),
                            None => Some(value.clone()),
                        };
                        scope.locals.push(("k".to_owned(), bound));
                        value
                    } else {
                        self.call(name, arguments.as_deref(), value, &inner)?
                    }
                }
            };
        }
        match &path.braces {
            Some(items) => self.braces(items, &value, &scope),
            None => Some(value),
        }
    }

    fn variable(&mut self, name: &str, scope: &Scope) -> Option<Plain> {
        if let Some((_, value)) = scope.locals.iter().rev().find(|(local, _)| local == name) {
            return value.clone();
        }
        let found = self.variables.iter().find(|(other, _)| *other == format!("${name}"));
        match found.map(|(_, value)| value.clone()) {
            Some(value) => Some(value),
            None => self.problem(),
        }
    }

    fn key(&mut self, value: &Plain, key: &str, is_silent: bool) -> Option<Plain> {
        match value {
            Plain::Object(members) => match members.iter().find(|(name, _)| name == key) {
                Some((_, value)) => Some(value.clone()),
                None if is_silent => None,
                None => self.problem(),
            },
            Plain::List(list) => {
                let found =
                    list.iter().map(|it| self.key(it, key, is_silent).unwrap_or(Plain::Null));
                Some(Plain::List(found.collect()))
            }
            _ => self.problem(),
        }
    }

    /// `value { items }`
    fn braces(&mut self, items: &[Item], value: &Plain, scope: &Scope) -> Option<Plain> {
        if let Plain::List(list) = value {
            let made = list.iter().map(|it| self.braces(items, it, scope).unwrap_or(Plain::Null));
            return Some(Plain::List(made.collect()));
        }
        let inner =
            Scope { dollar: value.clone(), at: value.clone(), locals: scope.locals.clone() };
        let made = self.object(items, &inner)?;
        let is_nothing = made == Plain::Object(Vec::new()) && !matches!(items, [Item::Whole(_)]);
        match value {
            Plain::Object(_) => Some(made),
            _ if is_nothing => Some(value.clone()),
            _ => Some(made),
        }
    }

    /// `{ items }` over the same `$`.
    fn object(&mut self, items: &[Item], scope: &Scope) -> Option<Plain> {
        if let [Item::Whole(path)] = items {
            return self.path(path, scope);
        }
        let mut members = Vec::new();
        for item in items {
            match item {
                Item::Alias(name, value) => {
                    if let Some(value) = self.value(value, scope) {
                        self.put(&mut members, name, value);
                    }
                }
                Item::Own(path) => {
                    let Head::Key(name) = &path.head else { continue };
                    if let Some(value) = self.path(path, scope) {
                        self.put(&mut members, name, value);
                    }
                }
                Item::Merge(_) | Item::Spread(_) | Item::Whole(_) => {
                    let merged = match item {
                        Item::Spread(value) => self.value(value, scope),
                        Item::Merge(path) | Item::Whole(path) => self.path(path, scope),
                        _ => None,
                    };
                    match merged {
                        Some(Plain::Null) => return Some(Plain::Null),
                        Some(Plain::Object(other)) => {
                            for (name, value) in other {
                                self.put(&mut members, &name, value);
                            }
                        }
                        _ => {
                            self.n_problems += 1;
                        }
                    }
                }
            }
        }
        Some(Plain::Object(members))
    }

    fn put(&mut self, members: &mut Vec<(String, Plain)>, name: &str, value: Plain) {
        match members.iter().position(|(other, _)| other == name) {
            Some(place) => {
                let merged = self.merge(members[place].1.clone(), value);
                members[place].1 = merged;
            }
            None => members.push((name.to_owned(), value)),
        }
    }

    fn merge(&mut self, earlier: Plain, later: Plain) -> Plain {
        match (earlier, later) {
            (Plain::Null, _) | (_, Plain::Null) => Plain::Null,
            (Plain::Object(mut left), Plain::Object(right)) => {
                for (name, value) in right {
                    self.put(&mut left, &name, value);
                }
                Plain::Object(left)
            }
            (Plain::List(left), Plain::List(right)) => {
                let mut merged = Vec::new();
                let mut left = left.into_iter();
                let mut right = right.into_iter();
                loop {
                    merged.push(match (left.next(), right.next()) {
                        (Some(left), Some(right)) => self.merge(left, right),
                        (Some(one), None) | (None, Some(one)) => one,
                        (None, None) => return Plain::List(merged),
                    });
                }
            }
            (earlier, later) => {
                let is_same_type =
                    std::mem::discriminant(&earlier) == std::mem::discriminant(&later);
                self.n_problems += u64::from(!is_same_type);
                later
            }
        }
    }
}
