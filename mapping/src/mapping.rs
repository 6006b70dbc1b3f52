//! Shows a mapping to others: read it, print it, evaluate it.
//!
//! **In:** a text. **Out:** [`Mapping`].
//!
//! **Never here:** how any of it is done; each method names its room.

use crate::check::{self, Checked, Given};
use crate::evaluate::{self, Evaluated};
use crate::inputs::Inputs;
use crate::limits::{Exceeded, Limits};
use crate::syntax::{self, ParseError, Root};
use crate::variables::{Connector, Place};
use crate::version::Version;
use crate::wanted::Wanted;

/// A mapping that was read: a selection, a body, a condition, or what stands in a template.
#[derive(Clone, Debug)]
pub struct Mapping {
    root: Root,
    version: Version,
}

impl Mapping {
    /// Reads a text. The text of a GraphQL block string has to be un-indented already.
    ///
    /// # Errors
    /// The first place at which the text is no mapping, with what to write instead.
    pub fn parse(text: &str, version: Version) -> Result<Self, ParseError> {
        Ok(Self { root: syntax::parse::parse(text, version)?, version })
    }

    /// Its text in the canonical form: one line, no comments, quotes where they are needed.
    pub fn text(&self) -> String {
        syntax::print(&self.root, self.version)
    }

    /// Evaluates it. The result borrows from the inputs and from the mapping.
    ///
    /// # Errors
    /// When a limit is exceeded. Whatever the inputs are, nothing else is an error.
    pub fn evaluate<'a>(
        &'a self,
        inputs: &Inputs<'a>,
        wanted: &Wanted,
        limits: Limits,
    ) -> Result<Evaluated<'a>, Exceeded> {
        evaluate::evaluate(&self.root, inputs, wanted, limits)
    }

    /// Checks it before there are data: what it reads, what it gives, what cannot work.
    ///
    /// ```
    /// use mapping::{Connector, Given, Mapping, Place, Shape, Variable, Version};
    ///
    /// let given = Given::at(Place::Selection(Connector::RootField))
    ///     .with(Variable::Args, Shape::object([("id", Shape::String(None))]));
    /// let selection = Mapping::parse("id: $args.idd author { name }", Version::V0_3)?;
    /// let checked = selection.check(&given);
    ///
    /// assert_eq!(checked.output.to_string(), "{ id: unknown, author: { name: unknown } }");
    /// let finding = &checked.findings[0];
    /// assert_eq!(finding.to_string(), "there is no property `idd`, only `id`");
    /// assert_eq!(finding.kind.fix().as_deref(), Some("write `id`"));
    /// # Ok::<(), mapping::ParseError>(())
    /// ```
    pub fn check(&self, given: &Given) -> Checked {
        check::check(&self.root, given, &Wanted::All)
    }

    /// The part of the response that it reads for what is wanted of its result: a body that holds no
    /// more ([`Json::read_only`](crate::Json::read_only)) gives the same.
    pub fn body_read(&self, wanted: &Wanted) -> Wanted {
        let given = Given::at(Place::Selection(Connector::Field));
        check::check(&self.root, &given, wanted).body_read()
    }

    /// Whether its text says nothing at all.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Root::List(items) if items.items.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::Mapping;
    use crate::request::{HeaderTemplate, UrlTemplate};

    #[test]
    fn what_was_read_can_be_shared_between_threads() {
        fn is_shared<T: Send + Sync + 'static>() {}
        is_shared::<Mapping>();
        is_shared::<UrlTemplate>();
        is_shared::<HeaderTemplate>();
    }
}
