//! Invents mappings and values that have something to do with each other.
//!
//! **In:** chance. **Out:** a [`Root`] that the flavor can write, and inputs.
//!
//! **Never here:** texts (`write`).

use crate::fitting::fitting_path;
use crate::model::{Expr, Flavor, Head, Item, Path, Root, Step};
use crate::write::{is_name, is_word};
use oracle::Chance;
use serde_json::{Number, Value, json};

pub(crate) const KEYS: [&str; 12] =
    ["a", "b", "c", "items", "id", "x-y", "true", "null", "é k", "a_b", "__typename", "quo\"te'"];
pub(crate) const TEXTS: [&str; 12] =
    ["", "a", "b c", " é🙂 ", "12", "ff", "{\"a\":1}", "a,b,,c", "zz", "[1,", "x\ny", "\"\\'"];
const VARIABLES: [&str; 6] = ["args", "this", "batch", "status", "config", "k"];

const BARE: [&str; 13] = [
    "first",
    "last",
    "size",
    "entries",
    "not",
    "jsonStringify",
    "jsonParse",
    "toString",
    "parseInt",
    "trim",
    "trimStart",
    "trimEnd",
    "keysToCamelCase",
];
const WITH_ANY: [&str; 13] = [
    "echo",
    "map",
    "eq",
    "ne",
    "in",
    "contains",
    "get",
    "gt",
    "lte",
    "and",
    "or",
    "slice",
    "withError",
];
const WITH_NUMBERS: [&str; 9] =
    ["add", "sub", "mul", "div", "mod", "gte", "lt", "slice", "parseInt"];

/// A mapping, and the values of `$` and the variables.
pub(crate) struct Invented {
    pub(crate) root: Root,
    pub(crate) inputs: Value,
}

pub(crate) fn invent(flavor: Flavor, chance: &mut Chance) -> Invented {
    let mut inputs = serde_json::Map::new();
    if chance.percent(90) {
        inputs.insert("$".to_owned(), value(chance, 4));
    }
    if chance.percent(80) {
        inputs.insert("$args".to_owned(), object(chance, 3));
    }
    if chance.percent(50) {
        inputs.insert("$this".to_owned(), object(chance, 2));
    }
    if chance.percent(50) {
        inputs
            .insert("$batch".to_owned(), Value::Array(vec![object(chance, 2), object(chance, 1)]));
    }
    inputs.insert("$status".to_owned(), json!(200));
    let inputs = Value::Object(inputs);
    let mut inventor = Inventor { flavor, inputs: &inputs, chance };
    let root = inventor.root();
    Invented { root, inputs }
}

fn value(chance: &mut Chance, depth: usize) -> Value {
    if depth == 0 || chance.percent(25) {
        return scalar(chance);
    }
    if chance.percent(35) {
        let n = chance.below(4);
        return Value::Array((0..n).map(|_| value(chance, depth - 1)).collect());
    }
    object(chance, depth)
}

fn object(chance: &mut Chance, depth: usize) -> Value {
    let n = chance.below(6);
    let depth = depth.saturating_sub(1);
    let member = |_| ((*chance.pick(&KEYS)).to_owned(), value(chance, depth));
    Value::Object((0..n).map(member).collect())
}

fn scalar(chance: &mut Chance) -> Value {
    match chance.below(5) {
        0 => Value::Null,
        1 => Value::Bool(chance.percent(50)),
        2 => (*chance.pick(&TEXTS)).into(),
        _ => Value::Number(number(chance)),
    }
}

pub(crate) fn number(chance: &mut Chance) -> Number {
    match chance.below(8) {
        0 => Number::from(u64::MAX),
        1 => Number::from(i64::MIN),
        2 => Number::from(9_007_199_254_740_993_u64),
        3 => Number::from_f64(2.5).unwrap_or(Number::from(2)),
        4 => Number::from_f64(2.0).unwrap_or(Number::from(2)),
        _ => Number::from(i64::try_from(chance.below(20)).unwrap_or(0) - 5),
    }
}

struct Inventor<'c> {
    flavor: Flavor,
    inputs: &'c Value,
    chance: &'c mut Chance,
}

impl Inventor<'_> {
    fn root(&mut self) -> Root {
        if self.chance.percent(40) {
            let value = match self.flavor {
                Flavor::Unified => self.value(4),
                _ => Expr::Path(Box::new(self.path(4, false))),
            };
            if !matches!(&value, Expr::Path(path) if is_lone_key(path)) {
                return Root::Value(value);
            }
        }
        let mut items = self.items(4);
        // Alone at the top it would be the value itself.
        if matches!(items.as_slice(), [Item::Merge(_) | Item::Whole(_)]) {
            items.clear();
        }
        Root::List(items)
    }

    fn key(&mut self) -> String {
        (*self.chance.pick(&KEYS)).to_owned()
    }

    fn items(&mut self, depth: usize) -> Vec<Item> {
        let may_be_whole = self.flavor > Flavor::First;
        if may_be_whole && self.chance.percent(10) {
            let mut path = self.path(depth, true);
            path.braces = None;
            if !is_lone_key(&path) {
                return vec![Item::Whole(path)];
            }
        }
        (0..self.chance.below(5)).map(|_| self.item(depth)).collect()
    }

    fn item(&mut self, depth: usize) -> Item {
        let unified = self.flavor == Flavor::Unified;
        match self.chance.below(10) {
            0..4 => {
                let steps = self.question();
                let braces = self.braces(depth);
                Item::Own(Path { head: Head::Key(self.key()), steps, braces })
            }
            4 => {
                let mut path = self.path(depth, true);
                path.braces = Some(if depth == 0 { Vec::new() } else { self.items(depth - 1) });
                if is_lone_key(&path) { Item::Own(path) } else { Item::Merge(path) }
            }
            5 if unified => Item::Spread(self.value(depth)),
            6 if depth > 0 => Item::Alias(self.key(), Expr::Object(self.items(depth - 1))),
            _ if unified => Item::Alias(self.key(), self.value(depth)),
            _ => Item::Alias(self.key(), Expr::Path(Box::new(self.path(depth, true)))),
        }
    }

    fn question(&mut self) -> Vec<Step> {
        let has = self.flavor > Flavor::First && self.chance.percent(25);
        if has { vec![Step::Question] } else { Vec::new() }
    }

    fn braces(&mut self, depth: usize) -> Option<Vec<Item>> {
        (depth > 0 && self.chance.percent(30)).then(|| self.items(depth - 1))
    }

    /// A path; `in_items`: where a string in front is a key.
    fn path(&mut self, depth: usize, in_items: bool) -> Path {
        if self.chance.percent(35) {
            return fitting_path(self.inputs, self.chance, depth);
        }
        let head = match self.chance.below(10) {
            0..2 => Head::Dollar,
            2 => Head::At,
            3..5 => Head::Variable((*self.chance.pick(&VARIABLES)).to_owned()),
            5 if depth > 0 => Head::Parens(self.value(depth - 1)),
            6 if depth > 0 && self.flavor == Flavor::Unified && !in_items => {
                return self.literal_path(depth);
            }
            _ => Head::Key(self.key()),
        };
        let mut path = Path { head, steps: self.steps(depth), braces: self.braces(depth) };
        self.make_readable(&mut path, in_items);
        path
    }

    fn literal_path(&mut self, depth: usize) -> Path {
        let literal = self.literal(depth);
        let mut steps = self.steps(depth);
        if steps.is_empty() {
            steps.push(Step::Key(self.key()));
        }
        Path { head: Head::Literal(literal), steps, braces: None }
    }

    /// Not every key may stand in front everywhere.
    fn make_readable(&mut self, path: &mut Path, in_items: bool) {
        let Head::Key(name) = &path.head else { return };
        let is_plain = is_name(name) && !is_word(name);
        let braces_follow = path.steps.is_empty() && path.braces.is_some();
        let may_be_any = match self.flavor {
            Flavor::Unified => braces_follow,
            _ => in_items,
        };
        let is_lone = path.steps.is_empty() && self.flavor == Flavor::First && !in_items;
        if (!is_plain && !may_be_any) || is_lone {
            path.head = Head::Dollar;
        }
    }

    fn steps(&mut self, depth: usize) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for _ in 0..self.chance.below(4) {
            let may_ask =
                self.flavor > Flavor::First && !matches!(steps.last(), Some(Step::Question));
            steps.push(match self.chance.below(6) {
                0 if may_ask => Step::Question,
                0..3 => Step::Key(self.key()),
                _ => self.call(depth.saturating_sub(1)),
            });
        }
        steps
    }

    fn value(&mut self, depth: usize) -> Expr {
        match self.chance.below(10) {
            0..3 => self.literal(depth),
            3 if depth > 0 && self.flavor > Flavor::First => {
                let n = self.chance.between(2, 3);
                let operand = |this: &mut Self| match this.value(depth - 1) {
                    // Chains in chains need parentheses.
                    chain @ Expr::Chain(..) => Expr::Path(Box::new(Path {
                        head: Head::Parens(chain),
                        steps: Vec::new(),
                        braces: None,
                    })),
                    other => other,
                };
                Expr::Chain(self.chance.percent(50), (0..n).map(|_| operand(self)).collect())
            }
            _ => Expr::Path(Box::new(self.path(depth, false))),
        }
    }

    fn literal(&mut self, depth: usize) -> Expr {
        let depth = depth.saturating_sub(1);
        match self.chance.below(if depth == 0 { 5 } else { 8 }) {
            0 => Expr::Null,
            1 => Expr::Bool(self.chance.percent(50)),
            2 => Expr::Num(number(self.chance)),
            3 => Expr::Num(Number::from(self.chance.below(4))),
            4 => Expr::Str((*self.chance.pick(&TEXTS)).to_owned()),
            5 | 6 => Expr::List((0..self.chance.below(4)).map(|_| self.value(depth)).collect()),
            _ if self.flavor == Flavor::Unified => Expr::Object(self.items(depth)),
            _ => {
                let n = self.chance.below(4);
                Expr::Object((0..n).map(|_| Item::Alias(self.key(), self.value(depth))).collect())
            }
        }
    }

    fn call(&mut self, depth: usize) -> Step {
        let number = |this: &mut Self| Expr::Num(number(this.chance));
        match self.chance.below(12) {
            0..3 => Step::Call((*self.chance.pick(&BARE)).to_owned(), None),
            3 => Step::Call("keysToCamelCaseDeep".to_owned(), None),
            4 => {
                let n = self.chance.between(1, 2);
                let arguments = (0..n).map(|_| number(self)).collect();
                Step::Call((*self.chance.pick(&WITH_NUMBERS)).to_owned(), Some(arguments))
            }
            5 => {
                let separator = Expr::Str((*self.chance.pick(&[",", "", " "])).to_owned());
                let name = *self.chance.pick(&["split", "joinNotNull"]);
                let mut arguments = vec![separator];
                if name == "split" && self.chance.percent(40) {
                    arguments.push(number(self));
                }
                Step::Call(name.to_owned(), Some(arguments))
            }
            6 => Step::Call("match".to_owned(), Some(self.pairs(depth))),
            7 => {
                let mut arguments = vec![variable("k")];
                if self.chance.percent(30) {
                    arguments.push(self.value(depth));
                }
                Step::Call("as".to_owned(), Some(arguments))
            }
            8 => {
                let condition = Path {
                    head: Head::At,
                    steps: vec![Step::Call("eq".to_owned(), Some(vec![self.value(depth)]))],
                    braces: None,
                };
                let name = *self.chance.pick(&["filter", "find"]);
                Step::Call(name.to_owned(), Some(vec![Expr::Path(Box::new(condition))]))
            }
            9 => {
                let n = self.chance.below(3);
                let arguments = (0..n).map(|_| self.value(depth)).collect();
                let name = *self.chance.pick(&["nothing", "typeof", "first", "map", "toString"]);
                Step::Call(name.to_owned(), Some(arguments))
            }
            _ => {
                let arguments = vec![self.value(depth)];
                Step::Call((*self.chance.pick(&WITH_ANY)).to_owned(), Some(arguments))
            }
        }
    }

    fn pairs(&mut self, depth: usize) -> Vec<Expr> {
        let mut pairs: Vec<Expr> = (0..self.chance.between(1, 3))
            .map(|_| match self.chance.percent(85) {
                true => Expr::List(vec![self.value(depth), self.value(depth)]),
                false => self.value(depth),
            })
            .collect();
        if self.chance.percent(30) {
            let at = Path { head: Head::At, steps: Vec::new(), braces: None };
            pairs.push(Expr::List(vec![Expr::Path(Box::new(at)), self.value(depth)]));
        }
        pairs
    }
}

fn variable(name: &str) -> Expr {
    let head = Head::Variable(name.to_owned());
    Expr::Path(Box::new(Path { head, steps: Vec::new(), braces: None }))
}

fn is_lone_key(path: &Path) -> bool {
    matches!(path.head, Head::Key(_))
        && path.steps.iter().all(|step| matches!(step, Step::Question))
}
