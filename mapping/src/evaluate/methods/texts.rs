//! Does the methods that make or take texts: `toString`, `joinNotNull`, `split`, `trim`,
//! `trimStart`, `trimEnd`, `jsonParse`, `jsonStringify`.
//!
//! **Never here:** `first`, `slice`, `size` of strings (`lists`).
//!
//! **Holds:** every text that is made is paid for. The last piece of `split` with a limit holds all
//! that is left, so that nothing is lost.

use super::lists::whole_number;
use super::{Evaluator, Outcome, Site};
use crate::limits::Exceeded;
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::value::{Text, Value, View};

impl<'a> Evaluator<'a> {
    pub(super) fn text_of_scalar(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        match self.text_of(input)? {
            Some(text) => Ok(Some(Value::string(text))),
            None => self.wrong_input(site, input, "a string, a number, a boolean or null"),
        }
    }

    /// The text of a scalar; null has an empty one.
    fn text_of(&mut self, value: &Value<'a>) -> Result<Option<Text<'a>>, Exceeded> {
        let made = match value.view() {
            View::Null => return Ok(Some(Text::Borrowed(""))),
            View::Boolean(true) => return Ok(Some(Text::Borrowed("true"))),
            View::Boolean(false) => return Ok(Some(Text::Borrowed("false"))),
            View::Number(number) => number.to_string(),
            View::String(_) => return Ok(value.text()),
            View::Array(_) | View::Object(_) => return Ok(None),
        };
        self.charge_text(made.len())?;
        Ok(Some(Text::from(made)))
    }

    pub(super) fn join_not_null(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let Some(separator) = self.argument(site, 0)? else { return Ok(None) };
        let View::String(between) = separator.view() else {
            return self.wrong_argument(site, 0, &separator, "a string");
        };
        let expected = "an array of strings, numbers, booleans and nulls";
        let View::Array(elements) = input.view() else {
            return match self.text_of(input)? {
                Some(text) => Ok(Some(Value::string(text))),
                None => self.wrong_input(site, input, expected),
            };
        };
        let mut joined = String::new();
        let mut is_first = true;
        self.charge(elements.len() as u64)?;
        for element in elements.iter().filter(|element| !element.is_null()) {
            let Some(text) = self.text_of(&element)? else {
                return self.wrong_input(site, &element, expected);
            };
            if !std::mem::take(&mut is_first) {
                self.charge_text(between.len())?;
                joined.push_str(between);
            }
            self.charge_text(text.as_str().len())?;
            joined.push_str(text.as_str());
        }
        Ok(Some(Value::string(joined)))
    }

    pub(super) fn split(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let View::String(text) = input.view() else {
            return self.wrong_input(site, input, "a string");
        };
        let Some(separator) = self.argument(site, 0)? else { return Ok(None) };
        let View::String(between) = separator.view() else {
            return self.wrong_argument(site, 0, &separator, "a string");
        };
        let mut limit = usize::MAX;
        if site.arguments.len() > 1 {
            let Some(argument) = self.argument(site, 1)? else { return Ok(None) };
            match whole_number(&argument).and_then(|limit| usize::try_from(limit).ok()) {
                Some(told) if told > 0 => limit = told,
                _ => return self.wrong_argument(site, 1, &argument, "a positive whole number"),
            }
        }
        self.charge_text(text.len())?;
        let mut pieces = Vec::new();
        if between.is_empty() {
            let mut rest = text.chars();
            while pieces.len() + 1 < limit {
                let Some(c) = rest.next() else { break };
                self.charge(1)?;
                pieces.push(Value::string(c.to_string()));
            }
            if !rest.as_str().is_empty() {
                pieces.push(Value::string(rest.as_str().to_owned()));
            }
        } else {
            for piece in text.splitn(limit, between) {
                self.charge(1)?;
                pieces.push(Value::string(piece.to_owned()));
            }
        }
        self.array(pieces).map(Some)
    }

    pub(super) fn trim(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let Some(text) = input.text() else {
            return self.wrong_input(site, input, "a string");
        };
        let trim = |text: &str| match site.method {
            Method::Trim => text.trim().len(),
            Method::TrimStart => text.trim_start().len(),
            _ => text.trim_end().len(),
        };
        let start = match site.method {
            Method::TrimEnd => 0,
            _ => text.as_str().len() - text.as_str().trim_start().len(),
        };
        let length = trim(text.as_str());
        Ok(Some(match text {
            // All of it may be blank, and then `start` is its end.
            Text::Borrowed(text) => Value::string(text.get(start..start + length).unwrap_or("")),
            Text::Shared(text) => {
                self.charge_text(length)?;
                Value::string(text.get(start..start + length).unwrap_or("").to_owned())
            }
        }))
    }

    pub(super) fn json_parse(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let View::String(text) = input.view() else {
            return self.wrong_input(site, input, "a string");
        };
        self.charge_text(text.len())?;
        self.charge(text.len() as u64 / 4)?;
        match serde_json::from_str(text) {
            Ok(json) => Value::of_read(json).map(Some).ok_or(Exceeded::Depth),
            Err(_) => self.refuse(site, ProblemKind::NoJson),
        }
    }

    pub(super) fn json_stringify(&mut self, input: &Value<'a>) -> Outcome<'a> {
        let limit = self.limits.size;
        let left = input.measure(self.text).ok_or(Exceeded::Size { limit })?;
        // What was measured is walked, so it counts as steps too.
        self.charge((self.text - left) / 8)?;
        let text = input.to_json();
        self.charge_text(text.len())?;
        Ok(Some(Value::string(text)))
    }
}
