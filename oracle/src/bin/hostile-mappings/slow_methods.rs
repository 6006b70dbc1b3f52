//! Does what each method says, as plainly as can be.
//!
//! **In:** the name of a method, its arguments as written, a value. **Out:** a value or nothing.
//!
//! **Never here:** anything of the crate `mapping`.
//!
//! **Read first:** [`Slow::call`].

use crate::model::{Expr, Head, Path, Plain};
use crate::slow::{Scope, Slow};
use serde_json::Number;
use std::cmp::Ordering;

/// Names, fewest and most arguments; `-1` for the fewest: no parentheses at all.
const COUNTS: [(&str, i32, usize); 38] = [
    ("echo", 1, 1),
    ("map", 1, 1),
    ("match", 1, 99),
    ("first", -1, 0),
    ("last", -1, 0),
    ("slice", 0, 2),
    ("size", -1, 0),
    ("entries", -1, 0),
    ("jsonStringify", -1, 0),
    ("joinNotNull", 1, 1),
    ("filter", 1, 1),
    ("find", 1, 1),
    ("get", 1, 1),
    ("eq", 1, 1),
    ("ne", 1, 1),
    ("gt", 1, 1),
    ("gte", 1, 1),
    ("lt", 1, 1),
    ("lte", 1, 1),
    ("and", 1, 99),
    ("or", 1, 99),
    ("not", -1, 0),
    ("in", 1, 1),
    ("contains", 1, 1),
    ("add", 1, 99),
    ("sub", 1, 99),
    ("mul", 1, 99),
    ("div", 1, 99),
    ("mod", 1, 99),
    ("parseInt", 0, 1),
    ("toString", 0, 0),
    ("jsonParse", -1, 0),
    ("keysToCamelCase", -1, 0),
    ("keysToCamelCaseDeep", -1, 0),
    ("split", 1, 2),
    ("trim", -1, 0),
    ("trimStart", -1, 0),
    ("trimEnd", -1, 0),
];

impl Slow {
    pub(crate) fn call(
        &mut self,
        name: &str,
        arguments: Option<&[Expr]>,
        input: Plain,
        scope: &Scope,
    ) -> Option<Plain> {
        let own = [("withError", 1, 1), ("withWarning", 1, 1)];
        let Some((_, least, most)) = COUNTS.iter().chain(&own).find(|it| it.0 == name) else {
            return self.problem();
        };
        let n = arguments.map_or(0, <[Expr]>::len);
        let is_counted = match arguments {
            None => *least <= 0,
            Some(_) => *least >= 0 && n >= usize::try_from(*least).unwrap_or(0) && n <= *most,
        };
        if !is_counted {
            return self.problem();
        }
        let all = arguments.unwrap_or_default();
        match name {
            "echo" => self.value(&all[0], scope),
            "map" | "filter" | "find" => self.each(name, &all[0], input, scope),
            "match" => self.cases(all, &input, scope),
            "and" | "or" => self.junction(name, all, &input, scope),
            "add" | "sub" | "mul" | "div" | "mod" => self.calculate(name, all, &input, scope),
            "withError" => self.with_report(true, &all[0], input, scope),
            "withWarning" => self.with_report(false, &all[0], input, scope),
            "slice" | "get" | "joinNotNull" | "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "in"
            | "contains" | "parseInt" | "split" => self.with_values(name, all, input, scope),
            _ => self.without_arguments(name, input),
        }
    }

    fn each(&mut self, name: &str, expr: &Expr, input: Plain, scope: &Scope) -> Option<Plain> {
        let list = match input {
            Plain::List(list) => list,
            other => vec![other],
        };
        let mut made = Vec::new();
        for element in list {
            let inner = Scope { at: element.clone(), ..scope.clone() };
            let result = self.value(expr, &inner);
            if name == "map" {
                made.push(result.unwrap_or(Plain::Null));
                continue;
            }
            match result? {
                Plain::Bool(true) if name == "find" => return Some(element),
                Plain::Bool(true) => made.push(element),
                Plain::Bool(false) => {}
                _ => return self.problem(),
            }
        }
        if name == "find" { None } else { Some(Plain::List(made)) }
    }

    fn cases(&mut self, all: &[Expr], input: &Plain, scope: &Scope) -> Option<Plain> {
        for argument in all {
            let Some((case, value)) = pair(argument) else { continue };
            if self.value(case, scope).is_some_and(|case| same(&case, input, false)) {
                return self.value(value, scope);
            }
        }
        self.problem()
    }

    fn junction(
        &mut self,
        name: &str,
        all: &[Expr],
        input: &Plain,
        scope: &Scope,
    ) -> Option<Plain> {
        let Plain::Bool(mut result) = *input else { return self.problem() };
        for argument in all {
            if result == (name == "or") {
                break;
            }
            match self.value(argument, scope)? {
                Plain::Bool(value) => result = value,
                _ => self.n_problems += 1,
            }
        }
        Some(Plain::Bool(result))
    }

    fn calculate(
        &mut self,
        name: &str,
        all: &[Expr],
        input: &Plain,
        scope: &Scope,
    ) -> Option<Plain> {
        let Plain::Num(mut left) = input.clone() else { return self.problem() };
        for argument in all {
            let Plain::Num(right) = self.value(argument, scope)? else { return self.problem() };
            left = match calculated(name, &left, &right) {
                Some(number) => number,
                None => return self.problem(),
            };
        }
        Some(Plain::Num(left))
    }

    fn with_report(
        &mut self,
        is_error: bool,
        argument: &Expr,
        input: Plain,
        scope: &Scope,
    ) -> Option<Plain> {
        let message = match self.value(argument, scope) {
            Some(Plain::Object(members)) if is_error => {
                Some(members.into_iter().find(|(name, _)| name == "message").map(|it| it.1))
            }
            other => other.map(Some),
        };
        if !matches!(message, None | Some(Some(Plain::Str(_)))) {
            self.n_problems += 1;
        }
        Some(input)
    }

    /// Methods whose arguments are values.
    fn with_values(
        &mut self,
        name: &str,
        all: &[Expr],
        input: Plain,
        scope: &Scope,
    ) -> Option<Plain> {
        let fits = match name {
            "slice" => matches!(input, Plain::List(_) | Plain::Str(_)),
            "gt" | "gte" | "lt" | "lte" | "parseInt" => {
                matches!(input, Plain::Num(_) | Plain::Str(_))
            }
            "contains" => matches!(input, Plain::List(_)),
            "split" => matches!(input, Plain::Str(_)),
            _ => true,
        };
        if !fits {
            return self.problem();
        }
        let mut values = Vec::new();
        for argument in all {
            values.push(self.value(argument, scope)?);
            // A second argument is not looked at when the first is wrong.
            if name == "split" && !matches!(values[0], Plain::Str(_)) {
                return self.problem();
            }
        }
        match of_values(name, &values, &input) {
            Ok(value) => Some(value),
            Err(()) => self.problem(),
        }
    }

    fn without_arguments(&mut self, name: &str, input: Plain) -> Option<Plain> {
        let text = |text: &str| Some(Plain::Str(text.to_owned()));
        match (name, input) {
            ("first", Plain::List(list)) => list.into_iter().next(),
            ("last", Plain::List(list)) => list.into_iter().next_back(),
            ("first", Plain::Str(text)) => text.chars().next().map(|c| Plain::Str(c.to_string())),
            ("last", Plain::Str(text)) => text.chars().last().map(|c| Plain::Str(c.to_string())),
            ("first" | "last", other) => {
                self.n_problems += 1;
                Some(other)
            }
            ("size", Plain::List(list)) => Some(Plain::Num(list.len().into())),
            ("size", Plain::Object(members)) => Some(Plain::Num(members.len().into())),
            ("size", Plain::Str(text)) => Some(Plain::Num(text.chars().count().into())),
            ("entries", Plain::Object(members)) => {
                let entry = |(key, value): (String, Plain)| {
                    let key = ("key".to_owned(), Plain::Str(key));
                    Plain::Object(vec![key, ("value".to_owned(), value)])
                };
                Some(Plain::List(members.into_iter().map(entry).collect()))
            }
            ("not", Plain::Bool(value)) => Some(Plain::Bool(!value)),
            ("jsonStringify", value) => text(&value.to_json()),
            ("toString", Plain::List(_) | Plain::Object(_)) => self.problem(),
            ("toString", value) => text(&text_of(&value)),
            ("jsonParse", Plain::Str(text)) => match serde_json::from_str(&text) {
                Ok(json) => Some(Plain::of_json(&json)),
                Err(_) => self.problem(),
            },
            ("trim", Plain::Str(it)) => text(it.trim()),
            ("trimStart", Plain::Str(it)) => text(it.trim_start()),
            ("trimEnd", Plain::Str(it)) => text(it.trim_end()),
            ("keysToCamelCase", value @ Plain::Object(_)) => Some(self.camel(value, false)),
            ("keysToCamelCaseDeep", value @ Plain::Object(_)) => Some(self.camel(value, true)),
            _ => self.problem(),
        }
    }

    fn camel(&mut self, value: Plain, is_deep: bool) -> Plain {
        match value {
            Plain::List(list) => {
                Plain::List(list.into_iter().map(|it| self.camel(it, is_deep)).collect())
            }
            Plain::Object(members) => {
                let mut renamed: Vec<(String, Plain)> = Vec::new();
                for (name, value) in members {
                    let value = if is_deep { self.camel(value, true) } else { value };
                    // All keys of ours but one are one word already.
                    let name = match name.as_str() {
                        "a_b" => "aB",
                        "x-y" => "xY",
                        "é k" => "éK",
                        other => other,
                    };
                    match renamed.iter_mut().find(|(other, _)| other == name) {
                        Some(earlier) => {
                            earlier.1 = value;
                            self.n_problems += 1;
                        }
                        None => renamed.push((name.to_owned(), value)),
                    }
                }
                Plain::Object(renamed)
            }
            other => other,
        }
    }
}

fn of_values(name: &str, values: &[Plain], input: &Plain) -> Result<Plain, ()> {
    let bool = |value: bool| Ok(Plain::Bool(value));
    match (name, input) {
        ("eq", _) => bool(same(input, &values[0], true)),
        ("ne", _) => bool(!same(input, &values[0], true)),
        ("in", _) => match &values[0] {
            Plain::List(list) => bool(list.iter().any(|it| same(it, input, true))),
            _ => Err(()),
        },
        ("contains", Plain::List(list)) => bool(list.iter().any(|it| same(it, &values[0], true))),
        ("gt" | "gte" | "lt" | "lte", _) => {
            let order = match (input, &values[0]) {
                (Plain::Num(left), Plain::Num(right)) => order(left, right),
                (Plain::Str(left), Plain::Str(right)) => left.as_bytes().cmp(right.as_bytes()),
                _ => return Err(()),
            };
            bool(match name {
                "gt" => order.is_gt(),
                "gte" => order.is_ge(),
                "lt" => order.is_lt(),
                _ => order.is_le(),
            })
        }
        ("slice", _) => Ok(sliced(input, values)),
        ("get", _) => got(input, &values[0]).ok_or(()),
        ("parseInt", _) => parsed(input, values.first()).ok_or(()),
        ("split", Plain::Str(text)) => split(text, values).ok_or(()),
        ("joinNotNull", _) => joined(input, &values[0]).ok_or(()),
        _ => Err(()),
    }
}

fn pair(argument: &Expr) -> Option<(&Expr, &Expr)> {
    match argument {
        Expr::List(values) if values.len() == 2 => Some((&values[0], &values[1])),
        Expr::Path(path) => match &**path {
            Path { head: Head::Parens(inner), steps, braces: None } if steps.is_empty() => {
                pair(inner)
            }
            _ => None,
        },
        _ => None,
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.to_string().parse().ok()
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

fn order(left: &Number, right: &Number) -> Ordering {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => float(left).total_cmp(&float(right)),
    }
}

fn same(left: &Plain, right: &Plain, by_value: bool) -> bool {
    match (left, right) {
        (Plain::Num(left), Plain::Num(right)) if by_value => order(left, right).is_eq(),
        (Plain::List(left), Plain::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r, false))
        }
        (Plain::Object(left), Plain::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| {
                    right.iter().any(|(other, it)| other == name && same(value, it, false))
                })
        }
        (left, right) => left == right,
    }
}

fn calculated(name: &str, left: &Number, right: &Number) -> Option<Number> {
    if let (Some(l), Some(r), true) = (whole(left), whole(right), name != "div") {
        let result = match name {
            "add" => l + r,
            "sub" => l - r,
            "mul" => l.checked_mul(r)?,
            _ => l.checked_rem(r)?,
        };
        let is_kept = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&result);
        return if is_kept { serde_json::from_str(&result.to_string()).ok() } else { None };
    }
    let (l, r) = (float(left), float(right));
    Number::from_f64(match name {
        "add" => l + r,
        "sub" => l - r,
        "mul" => l * r,
        _ if r == 0.0 => return None,
        "div" => l / r,
        _ => l % r,
    })
}

fn text_of(value: &Plain) -> String {
    match value {
        Plain::Null => String::new(),
        Plain::Str(text) => text.clone(),
        other => other.to_json(),
    }
}

fn index(value: &Plain) -> Option<i128> {
    match value {
        Plain::Num(number) => whole(number),
        _ => None,
    }
}

fn sliced(input: &Plain, values: &[Plain]) -> Plain {
    let list: Vec<Plain> = match input {
        Plain::List(list) => list.clone(),
        other => text_of(other).chars().map(|c| Plain::Str(c.to_string())).collect(),
    };
    let length = list.len() as i128;
    let bound = |place: usize, otherwise: i128| {
        values.get(place).and_then(index).unwrap_or(otherwise).clamp(0, length)
    };
    let (start, end) = (bound(0, 0), bound(1, length));
    let kept = list.into_iter().enumerate().filter(|(i, _)| (start..end).contains(&(*i as i128)));
    let kept: Vec<Plain> = kept.map(|(_, value)| value).collect();
    match input {
        Plain::List(_) => Plain::List(kept),
        _ => Plain::Str(kept.iter().map(text_of).collect()),
    }
}

fn got(input: &Plain, argument: &Plain) -> Option<Plain> {
    let list: Vec<Plain> = match input {
        Plain::Object(members) => {
            let Plain::Str(name) = argument else { return None };
            return members.iter().find(|(other, _)| other == name).map(|it| it.1.clone());
        }
        Plain::List(list) => list.clone(),
        Plain::Str(text) => text.chars().map(|c| Plain::Str(c.to_string())).collect(),
        _ => return None,
    };
    let place = index(argument)?;
    let place = if place < 0 { place + list.len() as i128 } else { place };
    list.get(usize::try_from(place).ok()?).cloned()
}

fn parsed(input: &Plain, base: Option<&Plain>) -> Option<Plain> {
    let text = match input {
        Plain::Num(number) if number.is_f64() => format!("{}", float(number).trunc()),
        other => text_of(other),
    };
    let base = match base {
        Some(base) => u32::try_from(index(base)?).ok().filter(|base| (2..=36).contains(base))?,
        None => 10,
    };
    i64::from_str_radix(&text, base).ok().map(|number| Plain::Num(number.into()))
}

fn split(text: &str, values: &[Plain]) -> Option<Plain> {
    let between = text_of(&values[0]);
    let limit = match values.get(1) {
        Some(limit) => usize::try_from(index(limit)?).ok().filter(|limit| *limit > 0)?,
        None => usize::MAX,
    };
    let mut pieces: Vec<String> = Vec::new();
    if between.is_empty() {
        for c in text.chars() {
            if pieces.len() < limit {
                pieces.push(c.to_string())
            } else {
                pieces.last_mut()?.push(c)
            }
        }
    } else {
        let mut rest = text;
        while pieces.len() + 1 < limit && rest.contains(&between) {
            let (piece, after) = rest.split_once(&between)?;
            pieces.push(piece.to_owned());
            rest = after;
        }
        pieces.push(rest.to_owned());
    }
    Some(Plain::List(pieces.into_iter().map(Plain::Str).collect()))
}

fn joined(input: &Plain, separator: &Plain) -> Option<Plain> {
    let Plain::Str(separator) = separator else { return None };
    let is_nested = |value: &Plain| matches!(value, Plain::List(_) | Plain::Object(_));
    let list = match input {
        Plain::List(list) => list.clone(),
        other => vec![other.clone()],
    };
    if list.iter().any(is_nested) {
        return None;
    }
    let texts: Vec<String> = list.iter().filter(|it| **it != Plain::Null).map(text_of).collect();
    Some(Plain::Str(texts.join(separator)))
}
