//! Does the methods over lists: `map`, `filter`, `find`, `first`, `last`, `slice`, `get`, `size`,
//! `entries`, `in`, `contains`.
//!
//! **Never here:** `joinNotNull` and `split` (`texts`).
//!
//! **Holds:** strings are counted in characters. What is no list is a list of one where a method
//! takes lists alone, as the language has it.

use super::{Evaluator, Outcome, Site};
use crate::limits::Exceeded;
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::value::{Numbers, Text, Value, View};
use crate::wanted::Wanted;

impl<'a> Evaluator<'a> {
    pub(super) fn map(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let elements = elements_of(input);
        let mut list = Vec::with_capacity(elements.len());
        for element in &elements {
            let mapped = self.argument_for(site, element, site.wanted)?;
            list.push(mapped.unwrap_or(Value::NULL));
        }
        self.array(list).map(Some)
    }

    pub(super) fn filter(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let mut list = Vec::new();
        for element in elements_of(input) {
            match self.condition(site, &element)? {
                Some(true) => list.push(element),
                Some(false) => {}
                None => return Ok(None),
            }
        }
        self.array(list).map(Some)
    }

    pub(super) fn find(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        for element in elements_of(input) {
            match self.condition(site, &element)? {
                Some(true) => return Ok(Some(element)),
                Some(false) => {}
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The condition for one element; `None`: it is no boolean.
    fn condition(
        &mut self,
        site: Site<'_, 'a>,
        element: &Value<'a>,
    ) -> Result<Option<bool>, Exceeded> {
        let Some(condition) = self.argument_for(site, element, &Wanted::All)? else {
            return Ok(None);
        };
        if let View::Boolean(condition) = condition.view() {
            return Ok(Some(condition));
        }
        self.wrong_argument(site, 0, &condition, "a boolean")?;
        Ok(None)
    }

    pub(super) fn first_or_last(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let is_first = site.method == Method::First;
        match input.view() {
            View::Array(elements) if is_first => Ok(elements.get(0)),
            View::Array(elements) => {
                Ok(elements.len().checked_sub(1).and_then(|i| elements.get(i)))
            }
            View::String(text) => {
                let mut chars = text.chars();
                let found = if is_first { chars.next() } else { chars.next_back() };
                Ok(found.map(|c| Value::string(c.to_string())))
            }
            // The language has it so: what has no first element is its own.
            _ => {
                self.wrong_input(site, input, "an array or a string")?;
                Ok(Some(input.clone()))
            }
        }
    }

    pub(super) fn slice(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let length = match input.view() {
            View::Array(elements) => elements.len(),
            View::String(text) => {
                self.charge(text.len() as u64 / 16)?;
                text.chars().count()
            }
            _ => return self.wrong_input(site, input, "an array or a string"),
        };
        let mut bounds = [0, length];
        for (index, bound) in bounds.iter_mut().enumerate().take(site.arguments.len()) {
            let Some(argument) = self.argument(site, index)? else { return Ok(None) };
            if let Some(whole) = whole_number(&argument) {
                *bound = usize::try_from(whole.max(0)).unwrap_or(length).min(length);
            }
        }
        let [start, end] = bounds;
        let n_taken = end.saturating_sub(start);
        match input.view() {
            View::Array(elements) => {
                let list = (start..start + n_taken).filter_map(|index| elements.get(index));
                let list = list.collect();
                self.array(list).map(Some)
            }
            View::String(text) => {
                let taken: String = text.chars().skip(start).take(n_taken).collect();
                self.charge_text(taken.len())?;
                Ok(Some(Value::string(taken)))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn get(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let Some(argument) = self.argument(site, 0)? else { return Ok(None) };
        let found = match (input.view(), argument.view()) {
            (View::Object(fields), View::String(name)) => fields.get(name),
            (View::Object(_), _) => return self.wrong_argument(site, 0, &argument, "a string"),
            (View::Array(elements), View::Number(_)) => {
                place_of(&argument, elements.len()).and_then(|index| elements.get(index))
            }
            (View::String(text), View::Number(_)) => {
                self.charge(text.len() as u64 / 16)?;
                let index = place_of(&argument, text.chars().count());
                let found = index.and_then(|index| text.chars().nth(index));
                found.map(|c| Value::string(c.to_string()))
            }
            (View::Array(_) | View::String(_), _) => {
                return self.wrong_argument(site, 0, &argument, "a whole number");
            }
            _ => return self.wrong_input(site, input, "an array, a string or an object"),
        };
        match found {
            Some(found) => Ok(Some(found)),
            None if !input_takes(input, &argument) => {
                self.wrong_argument(site, 0, &argument, "a whole number")
            }
            None => self.refuse(site, ProblemKind::OutOfRange),
        }
    }

    pub(super) fn size(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let size = match input.view() {
            View::Array(elements) => elements.len(),
            View::Object(fields) => fields.len(),
            View::String(text) => {
                self.charge(text.len() as u64 / 16)?;
                text.chars().count()
            }
            _ => return self.wrong_input(site, input, "an array, a string or an object"),
        };
        Ok(Some(Value::number(size.into())))
    }

    pub(super) fn entries(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let View::Object(fields) = input.view() else {
            return self.wrong_input(site, input, "an object");
        };
        let mut list = Vec::with_capacity(fields.len());
        for (name, value) in fields.members() {
            let key = (Text::Borrowed("key"), Value::string(name));
            let value = (Text::Borrowed("value"), value);
            list.push(self.object(vec![key, value])?);
        }
        self.array(list).map(Some)
    }

    /// `->in(list)` and `->contains(element)`.
    pub(super) fn in_list(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        if site.method == Method::Contains && !matches!(input.view(), View::Array(_)) {
            return self.wrong_input(site, input, "an array");
        }
        let Some(argument) = self.argument(site, 0)? else { return Ok(None) };
        let (list, sought) = match site.method {
            Method::In => (&argument, input),
            _ => (input, &argument),
        };
        let View::Array(elements) = list.view() else {
            return self.wrong_argument(site, 0, &argument, "an array");
        };
        for element in elements.iter() {
            if self.are_equal(&element, sought, numbers_of(&element, sought))? {
                return Ok(Some(Value::boolean(true)));
            }
        }
        Ok(Some(Value::boolean(false)))
    }
}

/// What is no list is a list of one.
fn elements_of<'a>(input: &Value<'a>) -> Vec<Value<'a>> {
    match input.view() {
        View::Array(elements) => elements.iter().collect(),
        _ => vec![input.clone()],
    }
}

/// Two numbers are compared by value; numbers inside lists and objects exactly.
pub(super) fn numbers_of(left: &Value<'_>, right: &Value<'_>) -> Numbers {
    match (left.view(), right.view()) {
        (View::Number(_), View::Number(_)) => Numbers::ByValue,
        _ => Numbers::Exact,
    }
}

/// A number without a point that fits.
pub(super) fn whole_number(value: &Value<'_>) -> Option<i64> {
    match value.view() {
        View::Number(number) if number.is_u64() => Some(number.as_i64().unwrap_or(i64::MAX)),
        View::Number(number) => number.as_i64(),
        _ => None,
    }
}

/// An index, counted from the end if it is negative.
fn place_of(argument: &Value<'_>, length: usize) -> Option<usize> {
    let index = whole_number(argument)?;
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn input_takes(input: &Value<'_>, argument: &Value<'_>) -> bool {
    matches!(input.view(), View::Object(_)) || whole_number(argument).is_some()
}
