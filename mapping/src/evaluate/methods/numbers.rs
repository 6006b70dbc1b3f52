//! Does the methods that calculate: `add`, `sub`, `mul`, `div`, `mod`, `parseInt`.
//!
//! **Never here:** comparing (`logic`).
//!
//! **Holds:** whole numbers stay whole and exact; what does not fit is a problem, never another
//! number. `div` always gives a float.

use super::lists::whole_number;
use super::{Evaluator, Outcome, Site};
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::value::{Value, View, whole};
use serde_json::Number;

impl<'a> Evaluator<'a> {
    pub(super) fn calculate(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let View::Number(first) = input.view() else {
            return self.wrong_input(site, input, "a number");
        };
        let mut result = first.clone();
        for index in 0..site.arguments.len() {
            let Some(argument) = self.argument(site, index)? else { return Ok(None) };
            let View::Number(number) = argument.view() else {
                return self.wrong_argument(site, index, &argument, "a number");
            };
            match calculated(site.method, &result, number) {
                Ok(number) => result = number,
                Err(kind) => return self.refuse(site, kind),
            }
        }
        Ok(Some(Value::number(result)))
    }

    pub(super) fn parse_int(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let text = match input.view() {
            View::String(text) => text.to_owned(),
            View::Number(number) => match (whole(number), number.as_f64()) {
                (Some(whole), _) => whole.to_string(),
                (None, float) => format!("{}", float.unwrap_or_default().trunc()),
            },
            _ => return self.wrong_input(site, input, "a string or a number"),
        };
        let mut base = 10;
        if !site.arguments.is_empty() {
            let Some(argument) = self.argument(site, 0)? else { return Ok(None) };
            let told = whole_number(&argument).and_then(|base| u32::try_from(base).ok());
            match told {
                Some(told @ 2..=36) => base = told,
                _ => return self.wrong_argument(site, 0, &argument, "a whole number from 2 to 36"),
            }
        }
        match i64::from_str_radix(&text, base) {
            Ok(number) => Ok(Some(Value::number(number.into()))),
            Err(_) => self.refuse(site, ProblemKind::NoWholeNumber { base }),
        }
    }
}

fn calculated(method: Method, left: &Number, right: &Number) -> Result<Number, ProblemKind> {
    let overflow = || ProblemKind::Overflow { method };
    if method != Method::Div
        && let (Some(left), Some(right)) = (whole(left), whole(right))
    {
        let result = match method {
            Method::Add => left.checked_add(right),
            Method::Sub => left.checked_sub(right),
            Method::Mul => left.checked_mul(right),
            _ if right == 0 => return Err(ProblemKind::DivisionByZero { method }),
            _ => left.checked_rem(right),
        };
        return result.and_then(number_of_whole).ok_or_else(overflow);
    }
    let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else {
        return Err(overflow());
    };
    let result = match method {
        Method::Add => left + right,
        Method::Sub => left - right,
        Method::Mul => left * right,
        _ if right == 0.0 => return Err(ProblemKind::DivisionByZero { method }),
        Method::Div => left / right,
        _ => left % right,
    };
    Number::from_f64(result).ok_or_else(overflow)
}

fn number_of_whole(whole: i128) -> Option<Number> {
    let signed = i64::try_from(whole).ok().map(Number::from);
    signed.or_else(|| u64::try_from(whole).ok().map(Number::from))
}
