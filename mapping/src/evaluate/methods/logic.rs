//! Does the methods that compare and decide: `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `and`, `or`,
//! `not`, `match`.
//!
//! **Never here:** `in` and `contains` (`lists`).
//!
//! **Holds:** nothing but `true` and `false` is taken for a boolean.

use super::lists::numbers_of;
use super::{Evaluator, Outcome, Site};
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::syntax::{Expression, ExpressionKind, Head};
use crate::value::{Numbers, Value, View, compare_numbers};
use std::cmp::Ordering;

impl<'a> Evaluator<'a> {
    pub(super) fn equal(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let Some(argument) = self.argument(site, 0)? else { return Ok(None) };
        let is_equal = self.are_equal(input, &argument, numbers_of(input, &argument))?;
        Ok(Some(Value::boolean(is_equal == (site.method == Method::Eq))))
    }

    pub(super) fn ordered(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        if !matches!(input.view(), View::Number(_) | View::String(_)) {
            return self.wrong_input(site, input, "a number or a string");
        }
        let Some(argument) = self.argument(site, 0)? else { return Ok(None) };
        let order = match (input.view(), argument.view()) {
            (View::Number(left), View::Number(right)) => compare_numbers(left, right),
            (View::String(left), View::String(right)) => Some(left.cmp(right)),
            (View::Number(_), _) => return self.wrong_argument(site, 0, &argument, "a number"),
            _ => return self.wrong_argument(site, 0, &argument, "a string"),
        };
        Ok(order.map(|order| {
            Value::boolean(match site.method {
                Method::Gt => order == Ordering::Greater,
                Method::Gte => order != Ordering::Less,
                Method::Lt => order == Ordering::Less,
                _ => order != Ordering::Greater,
            })
        }))
    }

    /// `and`, `or`: the first argument that decides ends it.
    pub(super) fn junction(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let View::Boolean(first) = input.view() else {
            return self.wrong_input(site, input, "a boolean");
        };
        let decisive = site.method == Method::Or;
        let mut result = first;
        for index in 0..site.arguments.len() {
            if result == decisive {
                break;
            }
            let Some(argument) = self.argument(site, index)? else { return Ok(None) };
            match argument.view() {
                View::Boolean(value) => result = value,
                // The language has it so: the others decide.
                _ => drop(self.wrong_argument(site, index, &argument, "a boolean")?),
            }
        }
        Ok(Some(Value::boolean(result)))
    }

    pub(super) fn not(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        match input.view() {
            View::Boolean(value) => Ok(Some(Value::boolean(!value))),
            _ => self.wrong_input(site, input, "a boolean"),
        }
    }

    /// The value of the first pair whose case equals the input.
    pub(super) fn match_cases(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        for argument in site.arguments {
            let Some([case, value]) = pair_of(argument) else { continue };
            let case = self.expression(case, site.scope, &crate::wanted::Wanted::All)?;
            let fits = match case {
                Some(case) => self.are_equal(input, &case, Numbers::Exact)?,
                None => false,
            };
            if fits {
                return self.expression(value, site.scope, site.wanted);
            }
        }
        self.refuse(site, ProblemKind::NoCase)
    }
}

/// `[case, value]`, in parentheses or not.
pub(crate) fn pair_of(argument: &Expression) -> Option<&[Expression; 2]> {
    match &argument.kind {
        ExpressionKind::Array(elements) => elements.as_slice().try_into().ok(),
        ExpressionKind::Path(path) if path.steps.is_empty() && path.braces.is_none() => {
            match &path.head {
                Head::Parentheses(inner) => pair_of(inner),
                _ => None,
            }
        }
        _ => None,
    }
}
