//! Invents paths whose methods fit what flows into them, so that methods do what they are for.
//!
//! **In:** chance, and the inputs that a path may begin with. **Out:** a [`Path`].
//!
//! **Never here:** paths that need not make sense (`invent`).

use crate::invent::{KEYS, TEXTS, number};
use crate::model::{Expr, Head, Path, Step};
use oracle::Chance;
use serde_json::Value;

/// What flows through a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
    Any,
}

/// A path that begins with an input or a literal, and goes on with methods that fit.
pub(crate) fn fitting_path(inputs: &Value, chance: &mut Chance, depth: usize) -> Path {
    let (head, mut steps, mut kind) = beginning(inputs, chance);
    for _ in 0..chance.between(1, 3) {
        let Some((step, next)) = method(kind, chance, depth) else { break };
        steps.push(step);
        kind = next;
    }
    Path { head, steps, braces: None }
}

fn beginning(inputs: &Value, chance: &mut Chance) -> (Head, Vec<Step>, Kind) {
    let root = *chance.pick(&["$", "$args", "$this"]);
    let Some(mut value) = inputs.get(root).filter(|_| chance.percent(60)) else {
        let kind = *chance.pick(&[Kind::Bool, Kind::Number, Kind::Number, Kind::Text, Kind::List]);
        return (Head::Parens(literal(kind, chance)), Vec::new(), kind);
    };
    let mut steps = Vec::new();
    while let Value::Object(members) = value {
        let names: Vec<&String> = members.keys().collect();
        if names.is_empty() || chance.percent(15) {
            break;
        }
        let name = *chance.pick(&names);
        steps.push(Step::Key(name.clone()));
        value = &members[name];
    }
    let kind = match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(_) => Kind::Number,
        Value::String(_) => Kind::Text,
        Value::Array(_) => Kind::List,
        Value::Object(_) => Kind::Object,
    };
    let head = match root {
        "$" => Head::Dollar,
        name => Head::Variable(name[1..].to_owned()),
    };
    (head, steps, kind)
}

fn literal(kind: Kind, chance: &mut Chance) -> Expr {
    match kind {
        Kind::Null => Expr::Null,
        Kind::Bool => Expr::Bool(chance.percent(50)),
        Kind::Number => Expr::Num(number(chance)),
        Kind::Text => Expr::Str((*chance.pick(&TEXTS)).to_owned()),
        Kind::List => {
            let kind = *chance.pick(&[Kind::Bool, Kind::Number, Kind::Text, Kind::Null]);
            Expr::List((0..chance.below(5)).map(|_| literal(kind, chance)).collect())
        }
        Kind::Object | Kind::Any => {
            let kind = *chance.pick(&[Kind::Bool, Kind::Number, Kind::Text]);
            literal(kind, chance)
        }
    }
}

/// A value of a kind, made in one way or another.
fn value(kind: Kind, chance: &mut Chance, depth: usize) -> Expr {
    let literal = literal(kind, chance);
    if depth == 0 || chance.percent(70) {
        return literal;
    }
    let head = Head::Parens(literal);
    let steps = match kind {
        Kind::Number => vec![call("add", vec![value(kind, chance, depth - 1)])],
        Kind::Bool => vec![call("and", vec![value(kind, chance, depth - 1)])],
        Kind::List => vec![call("slice", vec![Expr::Num(chance.below(3).into())])],
        _ => vec![call("echo", vec![at(Vec::new())])],
    };
    Expr::Path(Box::new(Path { head, steps, braces: None }))
}

fn call(name: &str, arguments: Vec<Expr>) -> Step {
    Step::Call(name.to_owned(), Some(arguments))
}

fn bare(name: &str) -> Step {
    Step::Call(name.to_owned(), None)
}

fn at(steps: Vec<Step>) -> Expr {
    Expr::Path(Box::new(Path { head: Head::At, steps, braces: None }))
}

/// A method for what flows in, and what flows out. `None`: the path ends.
fn method(kind: Kind, chance: &mut Chance, depth: usize) -> Option<(Step, Kind)> {
    if chance.percent(15) {
        return any_method(kind, chance, depth);
    }
    let inner = depth.saturating_sub(1);
    match kind {
        Kind::Number => number_method(chance, inner),
        Kind::Text => text_method(chance, inner),
        Kind::List => list_method(chance, inner),
        Kind::Bool => Some(match chance.below(4) {
            0 => (bare("not"), Kind::Bool),
            1 => (bare("toString"), Kind::Text),
            n => {
                let arguments = (0..chance.between(1, 3)).map(|_| value(Kind::Bool, chance, inner));
                (call(if n == 2 { "and" } else { "or" }, arguments.collect()), Kind::Bool)
            }
        }),
        Kind::Object => Some(match chance.below(5) {
            0 => (bare("entries"), Kind::List),
            1 => (bare("size"), Kind::Number),
            2 => (bare("keysToCamelCase"), Kind::Object),
            3 => (bare("keysToCamelCaseDeep"), Kind::Object),
            _ => (call("get", vec![Expr::Str((*chance.pick(&KEYS)).to_owned())]), Kind::Any),
        }),
        Kind::Null => Some((bare("toString"), Kind::Text)),
        Kind::Any => None,
    }
}

fn any_method(kind: Kind, chance: &mut Chance, depth: usize) -> Option<(Step, Kind)> {
    let argument = value(kind, chance, depth);
    Some(match chance.below(6) {
        0 => (bare("jsonStringify"), Kind::Text),
        1 => (call("eq", vec![argument]), Kind::Bool),
        2 => (call("ne", vec![argument]), Kind::Bool),
        3 => (call("in", vec![Expr::List(vec![argument, at(Vec::new())])]), Kind::Bool),
        4 => {
            let catch_all = Expr::List(vec![at(Vec::new()), Expr::Num(1.into())]);
            let pair = Expr::List(vec![argument, Expr::Num(2.into())]);
            (call("match", vec![pair, catch_all]), Kind::Number)
        }
        _ => (call("withWarning", vec![Expr::Str("said".to_owned())]), kind),
    })
}

fn number_method(chance: &mut Chance, depth: usize) -> Option<(Step, Kind)> {
    Some(match chance.below(11) {
        0..6 => {
            let name = *chance.pick(&["add", "sub", "mul", "div", "mod", "mod"]);
            let n = chance.between(1, 3);
            let arguments = (0..n).map(|_| value(Kind::Number, chance, depth)).collect();
            (call(name, arguments), Kind::Number)
        }
        6 => (bare("parseInt"), Kind::Number),
        7 => (bare("toString"), Kind::Text),
        8 => (call("parseInt", vec![Expr::Num(chance.between(2, 36).into())]), Kind::Number),
        _ => {
            let name = *chance.pick(&["gt", "gte", "lt", "lte"]);
            (call(name, vec![value(Kind::Number, chance, depth)]), Kind::Bool)
        }
    })
}

fn text_method(chance: &mut Chance, depth: usize) -> Option<(Step, Kind)> {
    let index =
        |chance: &mut Chance| Expr::Num((i64::try_from(chance.below(8)).unwrap_or(0) - 3).into());
    Some(match chance.below(11) {
        0 => (bare("size"), Kind::Number),
        1 => (call("slice", vec![index(chance), index(chance)]), Kind::Text),
        2 => (bare(chance.pick::<&str>(&["first", "last"])), Kind::Text),
        3 => (call("get", vec![index(chance)]), Kind::Text),
        4 => {
            let name = *chance.pick(&["gt", "gte", "lt", "lte"]);
            (call(name, vec![value(Kind::Text, chance, depth)]), Kind::Bool)
        }
        5 | 6 => {
            let separator = Expr::Str((*chance.pick(&[",", "", " ", "a,"])).to_owned());
            let mut arguments = vec![separator];
            if chance.percent(50) {
                arguments.push(Expr::Num(chance.below(4).into()));
            }
            (call("split", arguments), Kind::List)
        }
        7 => (bare(chance.pick::<&str>(&["trim", "trimStart", "trimEnd"])), Kind::Text),
        8 => (bare("jsonParse"), Kind::Any),
        9 => (call("parseInt", vec![Expr::Num(chance.between(2, 36).into())]), Kind::Number),
        _ => (bare("toString"), Kind::Text),
    })
}

fn list_method(chance: &mut Chance, depth: usize) -> Option<(Step, Kind)> {
    let condition = |chance: &mut Chance| {
        let name = *chance.pick(&["eq", "ne"]);
        let kind = *chance.pick(&[Kind::Number, Kind::Text, Kind::Bool]);
        at(vec![call(name, vec![value(kind, chance, depth)])])
    };
    let index =
        |chance: &mut Chance| Expr::Num((i64::try_from(chance.below(8)).unwrap_or(0) - 3).into());
    Some(match chance.below(10) {
        0 => (call("map", vec![at(vec![bare("jsonStringify")])]), Kind::List),
        1 => (call("filter", vec![condition(chance)]), Kind::List),
        2 => (call("find", vec![condition(chance)]), Kind::Any),
        3 => (bare(chance.pick::<&str>(&["first", "last"])), Kind::Any),
        4 => (call("get", vec![index(chance)]), Kind::Any),
        5 => (call("slice", vec![index(chance), index(chance)]), Kind::List),
        6 => (bare("size"), Kind::Number),
        7 => {
            let kind = *chance.pick(&[Kind::Number, Kind::Text, Kind::Bool]);
            (call("contains", vec![value(kind, chance, depth)]), Kind::Bool)
        }
        8 => (call("map", vec![Expr::List(vec![at(Vec::new()), at(Vec::new())])]), Kind::List),
        _ => (call("joinNotNull", vec![value(Kind::Text, chance, depth)]), Kind::Text),
    })
}
