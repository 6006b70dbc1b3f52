//! Reads the texts of one connector or source, and checks each where it stands.
//!
//! **In:** strings of a directive. **Out:** parsed mappings and templates, what they read of the
//! variables, and problems at the byte where they are.
//!
//! **Never here:** which arguments there are (`source`, `request`), what the reads mean (`key`).
//!
//! **Holds:** a text that does not parse is one problem, and nothing else is said of it.
//!
//! **Read first:** [`Texts`].

use mapping::{
    Checked, FindingKind, Given, HeaderTemplate, Mapping, Need, ParseError, Place as Where, Shape,
    Source as ReadSource, Span, TemplateError, TemplateErrorKind, UrlKind, UrlTemplate, Variable,
    Version,
};

use super::arguments::Text;
use super::problem::{Place, Problem};
use crate::codes::ErrorCode;

/// The texts of one connector or source while they are read.
pub(super) struct Texts<'a> {
    pub(super) version: Version,
    pub(super) coordinate: String,
    /// The shapes of `$args`, `$this`, `$batch`.
    pub(super) variables: Vec<(Variable, Shape)>,
    pub(super) reads: Vec<Read>,
    pub(super) problems: &'a mut Vec<Problem>,
}

/// Something that a text reads of a variable.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) variable: Variable,
    pub(super) path: Vec<(Box<str>, Place)>,
    pub(super) place: Place,
}

/// What a text is for.
#[derive(Clone, Copy)]
pub(super) struct Use {
    pub(super) at: Where,
    pub(super) code: ErrorCode,
    pub(super) name: &'static str,
    /// What its result has to be.
    pub(super) need: Option<Need>,
}

impl<'a> Texts<'a> {
    /// Reads and checks a mapping.
    pub(super) fn mapping(&mut self, text: Text<'_>, used: Use) -> Option<(Mapping, Checked)> {
        let mapping = match Mapping::parse(text.text, self.version) {
            Ok(mapping) => mapping,
            Err(error) => {
                self.not_parsed(text, used, &error);
                return None;
            }
        };
        let checked = self.check(&mapping, text, 0, used);
        Some((mapping, checked))
    }

    /// Reads and checks a URL.
    pub(super) fn url(&mut self, text: Text<'_>, kind: UrlKind, at: Where) -> Option<UrlTemplate> {
        let used =
            Use { at, code: ErrorCode::InvalidUrl, name: "the URL", need: Some(Need::Scalar) };
        let url = match UrlTemplate::parse(text.text, kind, self.version) {
            Ok(url) => url,
            Err(error) => {
                let code = match error.kind {
                    TemplateErrorKind::Scheme { .. } => ErrorCode::InvalidUrlScheme,
                    _ => ErrorCode::InvalidUrl,
                };
                self.bad_template(text, Use { code, ..used }, &error);
                return None;
            }
        };
        let parts = url.expressions().map(|(mapping, span)| (mapping.clone(), span));
        self.check_expressions(parts.collect(), text, used);
        Some(url)
    }

    /// Reads and checks the value of a header.
    pub(super) fn header(&mut self, text: Text<'_>, at: Where) -> Option<HeaderTemplate> {
        let used =
            Use { at, code: ErrorCode::InvalidHeader, name: "`value`", need: Some(Need::Scalar) };
        let template = match HeaderTemplate::parse(text.text, self.version) {
            Ok(template) => template,
            Err(error) => {
                self.bad_template(text, used, &error);
                return None;
            }
        };
        let parts = template.expressions().map(|(mapping, span)| (mapping.clone(), span));
        self.check_expressions(parts.collect(), text, used);
        Some(template)
    }

    fn check_expressions(&mut self, parts: Vec<(Mapping, Span)>, text: Text<'_>, used: Use) {
        for (mapping, span) in parts {
            self.check(&mapping, text, span.start as usize, used);
        }
    }

    fn check(&mut self, mapping: &Mapping, text: Text<'_>, base: usize, used: Use) -> Checked {
        let mut given = Given::at(used.at);
        for (variable, shape) in &self.variables {
            given = given.with(*variable, shape.clone());
        }
        let checked = mapping.check(&given);
        let place = |span: Span| Place::inside(text.node, base + span.start as usize);
        for finding in &checked.findings {
            let code = code_of(&finding.kind, used);
            let message = format!("{} of `{}`: {finding}", used.name, self.coordinate);
            let mut problem = Problem::new(code, &self.coordinate, place(finding.span), message);
            problem.fix = finding.kind.fix();
            self.problems.push(problem);
        }
        for read in &checked.reads {
            let ReadSource::Variable(variable) = read.source else { continue };
            let path = read.path.iter().map(|key| (key.name.clone(), place(key.span)));
            self.reads.push(Read { variable, path: path.collect(), place: place(read.span) });
        }
        if let Some(need) = used.need
            && checked.findings.is_empty()
            && !checked.output.fits(need)
        {
            let message = format!(
                "{} of `{}` has to be {}, and is {}",
                used.name,
                self.coordinate,
                words_of(need),
                checked.output
            );
            let place = Place::inside(text.node, base);
            let problem = Problem::new(used.code, &self.coordinate, place, message);
            self.problems.push(problem.fix(example_of(need)));
        }
        checked
    }

    fn not_parsed(&mut self, text: Text<'_>, used: Use, error: &ParseError) {
        let message = format!("{} of `{}`: {error}", used.name, self.coordinate);
        let place = Place::inside(text.node, error.span.start as usize);
        let mut problem = Problem::new(used.code, &self.coordinate, place, message);
        problem.fix.clone_from(&error.fix);
        self.problems.push(problem);
    }

    fn bad_template(&mut self, text: Text<'_>, used: Use, error: &TemplateError) {
        let message = format!("{} of `{}`: {error}", used.name, self.coordinate);
        let place = Place::inside(text.node, error.span.start as usize);
        let mut problem = Problem::new(used.code, &self.coordinate, place, message);
        problem.fix.clone_from(&error.fix);
        self.problems.push(problem);
    }
}

fn code_of(kind: &FindingKind, used: Use) -> ErrorCode {
    match kind {
        FindingKind::NoBody { .. }
        | FindingKind::VariableOutOfPlace {
            variable: Variable::Status | Variable::Response, ..
        } if matches!(used.at, Where::SelectionWithoutRequest(_)) => {
            ErrorCode::RequestlessSelectionUsesRequestData
        }
        _ => used.code,
    }
}

fn words_of(need: Need) -> &'static str {
    match need {
        Need::Scalar => "a scalar",
        Need::ScalarList => "a list of scalars",
        Need::Object => "an object",
        Need::String => "a string",
        Need::Boolean => "`true` or `false`",
    }
}

fn example_of(need: Need) -> &'static str {
    match need {
        Need::Scalar => "name one of its fields, or make a string of it with `->jsonStringify`",
        Need::ScalarList => "write a list such as `$([\"orders\", $args.id])`",
        Need::Object => "write an object such as `limit: $args.first`",
        Need::String => "write a string such as `$.error.message`",
        Need::Boolean => "write a condition such as `$status->eq(202)`",
    }
}
