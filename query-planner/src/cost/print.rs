//! Prints a formula.
//!
//! **In:** a formula, made readable. **Out:** one line: `$first * (1 + 10 * 2)`.
//!
//! **Never here:** what it means (`cost`).
//!
//! **Holds:** a part that stands at many places is printed at each, so a text ends after [`MAX_LENGTH`].

use super::{
    CostFormula, Node, Operand,
    input::{Part, Weighed},
    size::{Size, Slice},
};
use std::fmt::{self, Write};

/// Nobody reads further.
const MAX_LENGTH: usize = 4_096;

impl fmt::Display for CostFormula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line { formula: self, text: String::new() };
        match line.operand(self.total, Place::Alone) {
            Ok(()) => f.write_str(&line.text),
            Err(_) => write!(f, "{} …", line.text),
        }
    }
}

struct Line<'a> {
    formula: &'a CostFormula,
    text: String,
}

/// Where a part stands: whether it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    Factor,
}

impl Line<'_> {
    fn operand(&mut self, operand: Operand, place: Place) -> fmt::Result {
        let formula = self.formula;
        match operand {
            Operand::Number(number) => write!(self, "{number}"),
            Operand::Node(node) => match &formula.nodes[node as usize] {
                Node::Sum { constant, of } => {
                    let close = self.open(place)?;
                    let constant = (*constant > 0).then_some(Operand::Number(*constant));
                    let parts = constant.into_iter().chain(of.iter().map(|it| Operand::Node(*it)));
                    self.list(parts, " + ")?;
                    self.write_str(close)
                }
                Node::Max { least, of } => {
                    let least = (*least > 0).then_some(Operand::Number(*least));
                    self.write_str("max(")?;
                    self.list(
                        least.into_iter().chain(of.iter().map(|it| Operand::Node(*it))),
                        ", ",
                    )?;
                    self.write_str(")")
                }
                Node::Times { size, of } => {
                    self.size(size)?;
                    self.write_str(" * ")?;
                    self.operand(*of, Place::Factor)
                }
                Node::Weight(weighed) => self.weighed(weighed, place),
            },
        }
    }

    fn list(&mut self, of: impl Iterator<Item = Operand>, separator: &str) -> fmt::Result {
        for (i, operand) in of.enumerate() {
            if i > 0 {
                self.write_str(separator)?;
            }
            self.operand(operand, Place::Alone)?;
        }
        Ok(())
    }

    fn open(&mut self, place: Place) -> Result<&'static str, fmt::Error> {
        match place {
            Place::Alone => Ok(""),
            Place::Factor => self.write_str("(").map(|()| ")"),
        }
    }

    fn size(&mut self, size: &Size) -> fmt::Result {
        let Size::Sliced { slices, otherwise, .. } = size else {
            let Size::Fixed(size) = size else { return Ok(()) };
            return write!(self, "{size}");
        };
        let many = slices.len() > 1;
        self.write_str(if many { "(max(" } else { "(" })?;
        for (i, slice) in slices.iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            match slice {
                Slice::Fixed(size) => write!(self, "{separator}{size}")?,
                Slice::Variable { name, path, absent } => {
                    write!(self, "{separator}${name}")?;
                    path.iter().try_for_each(|step| write!(self, ".{step}"))?;
                    if let Some(absent) = absent {
                        write!(self, " or {absent}")?;
                    }
                }
            }
        }
        match many {
            true => write!(self, ") or {otherwise})"),
            // What stands for an absent variable stands for all of it.
            false if matches!(slices[0], Slice::Variable { absent: Some(_), .. }) => {
                self.write_str(")")
            }
            false => write!(self, " or {otherwise})"),
        }
    }

    fn weighed(&mut self, weighed: &Weighed, place: Place) -> fmt::Result {
        let may_be_less = |part: &Part| part.weight < 0 || part.absent < 0 || part.input.is_some();
        let bounded = weighed.base < 0 || weighed.parts.iter().any(may_be_less);
        let close = match bounded {
            true => self.write_str("max(0, ").map(|()| ")")?,
            false => self.open(place)?,
        };
        if weighed.base != 0 {
            write!(self, "{} + ", weighed.base)?;
        }
        for (i, part) in weighed.parts.iter().enumerate() {
            self.write_str(if i > 0 { " + (" } else { "(" })?;
            match (part.weight, part.input) {
                (weight, None) => write!(self, "{weight}")?,
                (0, Some(_)) => write!(self, "weight of ${}", part.variable)?,
                (weight, Some(_)) => write!(self, "{weight} + weight of ${}", part.variable)?,
            }
            write!(self, " if ${}", part.variable)?;
            if part.absent != 0 {
                write!(self, ", else {}", part.absent)?;
            }
            self.write_str(")")?;
        }
        self.write_str(close)
    }
}

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > MAX_LENGTH {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}
