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
        // What is read of arguments and objects is looked up in the schema, which says it better.
        let is_looked_up = |span: Span| {
            let of_schema = |read: &&mapping::Read| {
                let ReadSource::Variable(variable) = read.source else { return false };
                matches!(variable, Variable::Args | Variable::This | Variable::Batch)
            };
            let mut reads = checked.reads.iter().filter(of_schema);
            reads.any(|read| read.path.iter().any(|key| key.span == span))
        };
        let findings = checked.findings.iter().filter(|finding| {
            !matches!(finding.kind, FindingKind::NoProperty { .. } | FindingKind::NoObject { .. })
                || !is_looked_up(finding.span)
        });
        for finding in findings {
            let code = code_of(&finding.kind, used);
            let message = format!("{} of `{}`: {finding}", used.name, self.coordinate);
            let mut problem = Problem::new(code, &self.coordinate, place(finding.span), message);
            problem.fix = Some(finding.kind.fix().unwrap_or_else(|| fix_of(&finding.kind)));
            self.problems.push(problem);
        }
        for read in &checked.reads {
            let ReadSource::Variable(variable) = read.source else { continue };
            let path = read.path.iter().map(|key| (key.name.clone(), place(key.span)));
            self.reads.push(Read { variable, path: path.collect(), place: place(read.span) });
        }
        if let Some(need) = used.need
            && checked.findings.is_empty()
            && !fits(&checked.output, need)
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
        problem.fix =
            Some(error.fix.clone().unwrap_or_else(|| "correct it at this place".to_owned()));
        self.problems.push(problem);
    }

    fn bad_template(&mut self, text: Text<'_>, used: Use, error: &TemplateError) {
        let message = format!("{} of `{}`: {error}", used.name, self.coordinate);
        let place = Place::inside(text.node, error.span.start as usize);
        let mut problem = Problem::new(used.code, &self.coordinate, place, message);
        problem.fix =
            Some(error.fix.clone().unwrap_or_else(|| "correct it at this place".to_owned()));
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

/// Whether what is there may be what is needed: that it may be null says nothing.
fn fits(output: &Shape, need: Need) -> bool {
    let there = output.branches().iter();
    let there = there.filter(|branch| !matches!(branch, Shape::Null | Shape::Missing));
    let there = Shape::one_of(there.cloned());
    output.fits(need) && (there == Shape::Missing || there.fits(need))
}

/// What to do where the language has no better advice.
fn fix_of(kind: &FindingKind) -> String {
    match kind {
        FindingKind::Arguments { .. } => "write as many arguments as it takes".to_owned(),
        FindingKind::Input { expected, .. } => format!("put {expected} in front of it"),
        FindingKind::Argument { expected, .. } => format!("write {expected} there"),
        FindingKind::NoObject { key, .. } => format!("stop before `.{key}`"),
        FindingKind::NotMerged { .. } => "give it a name: `field: …`".to_owned(),
        FindingKind::UnknownMethod { .. } => {
            "use a method of the mapping language, such as `->map`, `->first` or `->match`"
                .to_owned()
        }
        _ => "correct it at this place".to_owned(),
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
