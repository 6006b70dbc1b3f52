//! Writes a tree as text, in the one form we call canonical.
//!
//! **In:** a [`Root`] and a [`Version`]. **Out:** its text: one line, single blanks, no comments,
//! quotes only where they are needed.
//!
//! **Never here:** the meaning of a text in another version (`migration`).
//!
//! **Holds:** reading what was printed gives the same tree.
//!
//! **Read first:** [`print()`].

use super::scan::is_name;
use super::{
    Call, Expression, ExpressionKind, Head, Item, Items, Output, Path, Root, Step, StepKind,
};
use crate::version::Version;
use std::fmt::{self, Write};

/// The text of a tree.
pub(crate) fn print(root: &Root, version: Version) -> String {
    let mut text = String::new();
    let mut printer = Printer { out: &mut text, version };
    // Writing to a `String` cannot fail.
    let _ = match root {
        Root::Value(value) => printer.expression(value),
        Root::List(items) => printer.items(items),
    };
    // Without a comma behind it, a string or word that begins a mapping would be read as that value.
    if version.is_unified() && path_at_top(root).is_some_and(needs_comma) {
        text.push(',');
    }
    text
}

/// The path that is all of a mapping.
fn path_at_top(root: &Root) -> Option<&Path> {
    let value = match root {
        Root::Value(value) => value,
        Root::List(Items { items, .. }) => match items.as_slice() {
            [Item { output: Output::Own(..), value }] => value,
            _ => return None,
        },
    };
    match &value.kind {
        ExpressionKind::Path(path) => Some(path),
        _ => None,
    }
}

fn needs_comma(path: &Path) -> bool {
    let Head::Key(name) = &path.head else { return false };
    path.braces.is_none() && (!is_name(name) || is_word(name))
}

struct Printer<'o> {
    out: &'o mut String,
    version: Version,
}

impl Printer<'_> {
    fn items(&mut self, items: &Items) -> fmt::Result {
        for (i, item) in items.items.iter().enumerate() {
            if i > 0 {
                self.out.write_char(' ')?;
            }
            match &item.output {
                Output::Alias(name, _) => {
                    self.key(name)?;
                    self.out.write_str(": ")?;
                }
                Output::Spread => self.out.write_str("... ")?,
                Output::Own(..) | Output::Merge | Output::Whole => {}
            }
            match &item.value.kind {
                ExpressionKind::Object(inner) => self.braces(inner)?,
                _ => self.expression(&item.value)?,
            }
        }
        Ok(())
    }

    fn braces(&mut self, items: &Items) -> fmt::Result {
        if items.items.is_empty() {
            return self.out.write_str("{}");
        }
        self.out.write_str("{ ")?;
        self.items(items)?;
        self.out.write_str(" }")
    }

    fn expression(&mut self, value: &Expression) -> fmt::Result {
        match &value.kind {
            ExpressionKind::Null => self.out.write_str("null"),
            ExpressionKind::Boolean(value) => write!(self.out, "{value}"),
            ExpressionKind::Number(number) => self.number(number),
            ExpressionKind::String(value) => self.string(value),
            ExpressionKind::Array(elements) => {
                self.out.write_char('[')?;
                self.comma_separated(elements)?;
                self.out.write_char(']')
            }
            ExpressionKind::Object(items) if self.version.is_unified() => self.braces(items),
            ExpressionKind::Object(items) => self.object_of_pairs(items),
            ExpressionKind::Chain(operator, operands) => {
                for (i, operand) in operands.iter().enumerate() {
                    if i > 0 {
                        write!(self.out, " {} ", operator.text())?;
                    }
                    self.expression(operand)?;
                }
                Ok(())
            }
            ExpressionKind::Path(path) => self.path(path),
        }
    }

    fn object_of_pairs(&mut self, items: &Items) -> fmt::Result {
        self.out.write_char('{')?;
        for (i, item) in items.items.iter().enumerate() {
            self.out.write_str(if i > 0 { ", " } else { " " })?;
            self.key(item.output.name().unwrap_or_default())?;
            self.out.write_str(": ")?;
            self.expression(&item.value)?;
        }
        self.out.write_str(if items.items.is_empty() { "}" } else { " }" })
    }

    fn comma_separated(&mut self, values: &[Expression]) -> fmt::Result {
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                self.out.write_str(", ")?;
            }
            self.expression(value)?;
        }
        Ok(())
    }

    fn path(&mut self, path: &Path) -> fmt::Result {
        match &path.head {
            Head::Dollar => self.out.write_char('$')?,
            Head::At => self.out.write_char('@')?,
            Head::Variable(name) => write!(self.out, "${name}")?,
            Head::Key(name) => self.key(name)?,
            Head::Parentheses(inner) => {
                self.out.write_str("$(")?;
                self.expression(inner)?;
                self.out.write_char(')')?;
            }
            Head::Literal(literal) => {
                self.expression(literal)?;
                // `5.a` would be read as the number `5.` and a name.
                let is_whole = matches!(&literal.kind, ExpressionKind::Number(it) if !it.is_f64());
                let is_key =
                    matches!(path.steps.first().map(|it| &it.kind), Some(StepKind::Key(_)));
                if is_whole && is_key {
                    self.out.write_char(' ')?;
                }
            }
        }
        for step in &path.steps {
            self.step(step)?;
        }
        match &path.braces {
            Some(items) => {
                self.out.write_char(' ')?;
                self.braces(items)
            }
            None => Ok(()),
        }
    }

    fn step(&mut self, step: &Step) -> fmt::Result {
        match &step.kind {
            StepKind::Key(name) => {
                self.out.write_char('.')?;
                self.key(name)
            }
            StepKind::Question => self.out.write_char('?'),
            StepKind::Call(Call { name, arguments, .. }) => {
                write!(self.out, "->{name}")?;
                let Some(arguments) = arguments else { return Ok(()) };
                self.out.write_char('(')?;
                self.comma_separated(arguments)?;
                self.out.write_char(')')
            }
        }
    }

    fn key(&mut self, name: &str) -> fmt::Result {
        if is_name(name) { self.out.write_str(name) } else { self.string(name) }
    }

    fn string(&mut self, value: &str) -> fmt::Result {
        write_string(self.out, value)
    }

    /// Without exponents, which the language does not read.
    fn number(&mut self, number: &serde_json::Number) -> fmt::Result {
        match number.as_f64() {
            Some(float) if number.is_f64() => {
                let text = format!("{float}");
                let point = if text.contains('.') { "" } else { ".0" };
                write!(self.out, "{text}{point}")
            }
            _ => write!(self.out, "{number}"),
        }
    }
}

/// A string in double quotes.
pub(crate) fn write_string(out: &mut String, value: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in value.chars() {
        match c {
            '\n' => out.write_str("\\n")?,
            '"' | '\\' => write!(out, "\\{c}")?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

/// `true`, `false` and `null` are names, but alone they are values.
pub(super) fn is_word(name: &str) -> bool {
    matches!(name, "true" | "false" | "null")
}
