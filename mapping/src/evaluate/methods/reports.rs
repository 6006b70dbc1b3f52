//! Does `withError` and `withWarning`: the value goes on, and something is said about it.
//!
//! **Never here:** who hears it (the gateway).
//!
//! **Holds:** when the argument fails, only what it would have said is lost.

use super::{Evaluator, Outcome, Site};
use crate::evaluate::log::{Level, Report, path_of};
use crate::limits::Exceeded;
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::value::{Kind, Value, View};

impl<'a> Evaluator<'a> {
    pub(super) fn report(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        let Some(argument) = self.argument(site, 0)? else { return Ok(Some(input.clone())) };
        let is_error = site.method == Method::WithError;
        let (message, extensions) = match argument.view() {
            View::Object(fields) if is_error => {
                let extensions = fields.get("extensions");
                (fields.get("message"), extensions.filter(|it| it.kind() == Kind::Object))
            }
            _ => (Some(argument.clone()), None),
        };
        let Some(message) = message.as_ref().and_then(Value::as_str) else {
            self.problem(ProblemKind::NoMessage { method: site.method }, site.span);
            return Ok(Some(input.clone()));
        };
        self.charge_text(message.len())?;
        let limit = self.limits.size;
        if extensions.as_ref().is_some_and(|it| it.measure(limit).is_none()) {
            return Err(Exceeded::Size { limit });
        }
        self.log.report(Report {
            level: if is_error { Level::Error } else { Level::Warning },
            message: message.to_owned(),
            extensions,
            path: path_of(&self.trail),
            span: site.span,
        });
        Ok(Some(input.clone()))
    }
}
