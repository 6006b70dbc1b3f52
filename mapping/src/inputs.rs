//! Brings the values that a mapping reads.
//!
//! **In:** the body of a response, and a value for each variable there is. **Out:** [`Inputs`].
//!
//! **Never here:** which variables a place may use (`variables`).

use crate::json::Json;
use crate::variables::Variable;

/// What a mapping reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs<'a> {
    /// `$`; without it `$` is an empty object.
    pub body: Option<&'a Json<'a>>,
    variables: [Option<&'a Json<'a>>; Variable::ALL.len()],
}

impl<'a> Inputs<'a> {
    /// Nothing but the body of a response.
    pub fn of_body(body: &'a Json<'a>) -> Self {
        Self { body: Some(body), ..Self::default() }
    }

    /// The same with a value for a variable.
    #[must_use]
    pub fn with(mut self, variable: Variable, value: &'a Json<'a>) -> Self {
        self.variables[variable as usize] = Some(value);
        self
    }

    pub(crate) fn get(&self, variable: Variable) -> Option<&'a Json<'a>> {
        self.variables[variable as usize]
    }
}
