//! Writes a mapping as text: in the canonical form, or as a person in a hurry would.
//!
//! **In:** a [`Root`]. **Out:** its text.
//!
//! **Never here:** anything of the crate `mapping`; its printer is compared with this one.
//!
//! **Holds:** both texts read the same in the given flavor.

use crate::model::{Expr, Flavor, Head, Item, Path, Root, Step};
use oracle::Chance;

/// The one text that the printer should give.
pub(crate) fn canonical(root: &Root, flavor: Flavor) -> String {
    let mut writer = Writer { out: String::new(), noise: None, flavor };
    writer.root(root);
    writer.out
}

/// Some text that reads the same.
pub(crate) fn noisy(root: &Root, flavor: Flavor, chance: &mut Chance) -> String {
    let mut writer = Writer { out: String::new(), noise: Some(chance.fork()), flavor };
    writer.gap("");
    writer.root(root);
    writer.gap("");
    writer.out
}

struct Writer {
    out: String,
    noise: Option<Chance>,
    flavor: Flavor,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.noise.as_mut().is_some_and(|chance| chance.percent(percent))
    }

    /// What stands between two tokens; with noise it is at least as much.
    fn gap(&mut self, canonical: &str) {
        self.push(canonical);
        if let Some(chance) = &mut self.noise
            && chance.percent(20)
        {
            let more = *chance.pick(&[" ", "\n", "\t ", "  # a ?? } comment\n", "\r\n", "#\n"]);
            self.push(more);
        }
    }

    fn root(&mut self, root: &Root) {
        match root {
            Root::Value(value) => self.value(value),
            Root::List(items) => {
                self.items(items, true);
                if let [Item::Own(Path { head: Head::Key(name), braces: None, .. })] =
                    items.as_slice()
                    && self.flavor == Flavor::Unified
                    && !self.out.trim_end().ends_with(',')
                    && (!is_name(name) || is_word(name))
                {
                    self.gap("");
                    self.push(",");
                }
            }
        }
    }

    fn items(&mut self, items: &[Item], at_top: bool) {
        let with_commas = self.flavor == Flavor::Unified && items.len() > 1 && self.percent(30);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.gap(if with_commas { "," } else { " " });
            }
            let is_alone = at_top && items.len() == 1;
            self.item(item, is_alone);
        }
        if with_commas && self.percent(50) {
            self.gap("");
            self.push(",");
        }
    }

    fn item(&mut self, item: &Item, is_alone: bool) {
        match item {
            Item::Alias(name, value) => {
                self.key(name);
                self.gap("");
                self.push(":");
                self.gap(" ");
                match value {
                    Expr::Object(items) => self.braces(items),
                    value => self.value(value),
                }
            }
            Item::Spread(value) => {
                self.push("...");
                self.gap(" ");
                match value {
                    Expr::Object(items) => self.braces(items),
                    value => self.value(value),
                }
            }
            Item::Own(path) => {
                let Head::Key(name) = &path.head else { return };
                // Alone and in quotes it would be a string.
                let may_quote = self.flavor != Flavor::Unified || !is_alone;
                self.head_key(name, may_quote);
                self.rest(path);
            }
            Item::Merge(path) | Item::Whole(path) => self.path(path),
        }
    }

    fn braces(&mut self, items: &[Item]) {
        self.push("{");
        if items.is_empty() {
            self.gap("");
        } else {
            self.gap(" ");
            self.items(items, false);
            self.gap(" ");
        }
        self.push("}");
    }

    fn value(&mut self, value: &Expr) {
        match value {
            Expr::Null => self.push("null"),
            Expr::Bool(value) => self.push(&value.to_string()),
            Expr::Num(number) => self.push(&number.to_string()),
            Expr::Str(text) => self.string(text),
            Expr::List(values) => {
                self.push("[");
                self.values(values);
                self.push("]");
            }
            Expr::Object(items) if self.flavor == Flavor::Unified => self.braces(items),
            Expr::Object(items) => self.pairs(items),
            Expr::Chain(keeps_null, operands) => {
                for (i, operand) in operands.iter().enumerate() {
                    if i > 0 {
                        self.gap(" ");
                        self.push(if *keeps_null { "?!" } else { "??" });
                        self.gap(" ");
                    }
                    self.value(operand);
                }
            }
            Expr::Path(path) => self.path(path),
        }
    }

    fn pairs(&mut self, items: &[Item]) {
        self.push("{");
        for (i, item) in items.iter().enumerate() {
            self.gap(if i > 0 { ", " } else { " " });
            let Item::Alias(name, value) = item else { continue };
            self.key(name);
            self.gap("");
            self.push(":");
            self.gap(" ");
            self.value(value);
        }
        self.gap(if items.is_empty() { "" } else { " " });
        self.push("}");
    }

    fn values(&mut self, values: &[Expr]) {
        for (i, value) in values.iter().enumerate() {
            self.gap(if i > 0 { ", " } else { "" });
            self.value(value);
        }
        if !values.is_empty() && self.percent(20) {
            self.push(",");
        }
        self.gap("");
    }

    fn path(&mut self, path: &Path) {
        match &path.head {
            Head::Dollar => self.push("$"),
            Head::At => self.push("@"),
            Head::Variable(name) => self.push(&format!("${name}")),
            Head::Key(name) => self.head_key(name, false),
            Head::Parens(inner) => {
                self.push("$(");
                self.gap("");
                self.value(inner);
                self.gap("");
                self.push(")");
            }
            Head::Literal(literal) => {
                self.value(literal);
                let is_whole = matches!(literal, Expr::Num(number) if !number.is_f64());
                if is_whole && matches!(path.steps.first(), Some(Step::Key(_))) {
                    self.push(" ");
                }
            }
        }
        self.rest(path);
    }

    fn rest(&mut self, path: &Path) {
        for step in &path.steps {
            self.gap("");
            match step {
                Step::Key(name) => {
                    self.push(".");
                    self.gap("");
                    self.key(name);
                }
                Step::Question => self.push("?"),
                Step::Call(name, arguments) => {
                    self.push("->");
                    self.gap("");
                    self.push(name);
                    if let Some(arguments) = arguments {
                        self.gap("");
                        self.push("(");
                        self.values(arguments);
                        self.push(")");
                    }
                }
            }
        }
        if let Some(items) = &path.braces {
            self.gap(" ");
            self.braces(items);
        }
    }

    fn head_key(&mut self, name: &str, may_quote: bool) {
        if may_quote {
            self.key(name)
        } else if is_name(name) {
            self.push(name)
        } else {
            self.string(name)
        }
    }

    fn key(&mut self, name: &str) {
        if is_name(name) && !self.percent(20) { self.push(name) } else { self.string(name) }
    }

    fn string(&mut self, text: &str) {
        let quote = if self.percent(50) { '\'' } else { '"' };
        self.out.push(quote);
        for c in text.chars() {
            match c {
                '\n' => self.push("\\n"),
                c if c == quote || c == '\\' => self.out.extend(['\\', c]),
                c => self.out.push(c),
            }
        }
        self.out.push(quote);
    }
}

pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(crate) fn is_word(text: &str) -> bool {
    ["true", "false", "null"].contains(&text)
}
