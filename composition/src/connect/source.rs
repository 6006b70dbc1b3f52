//! Reads `@source`.
//!
//! **In:** the directive's arguments. **Out:** [`Source`]; problems.
//!
//! **Never here:** who uses it (`connection`).
//!
//! Spec: <https://specs.apollo.dev/connect/v0.4#@source>

use mapping::{Mapping, Need, Place as Where, UrlKind};

use super::arguments::{Arguments, Text};
use super::connector::Source;
use super::headers::headers;
use super::problem::{Place, Problem};
use super::texts::{Texts, Use};
use crate::codes::ErrorCode;

/// The longest name of a source.
const MAX_NAME: usize = 64;

/// Reads one `@source`; nothing where it has no name or no address.
pub(super) fn source(
    subgraph: &str,
    arguments: &Arguments<'_>,
    texts: &mut Texts<'_>,
) -> Option<Source> {
    arguments.only(&["name", "http", "errors", "isSuccess"], texts.problems);
    let name = name(arguments, texts.problems);
    let Some(http) = arguments.object("http", texts.problems) else {
        let message = format!("{} has no `http`", arguments.what);
        missing(arguments, message, "write `http: { baseURL: \"https://…\" }`", texts.problems);
        return None;
    };
    http.only(&["baseURL", "headers", "path", "queryParams"], texts.problems);
    let base_url = match http.text("baseURL", texts.problems) {
        Some(text) => texts.url(text, UrlKind::Base, Where::SourceBaseUrl),
        None if http.get("baseURL").is_some() => None,
        None => {
            let message = format!("{} has no `baseURL`", http.what);
            missing(&http, message, "write `baseURL: \"https://…\"`", texts.problems);
            None
        }
    };
    let (path, query) = segments_and_query(&http, Where::SourceRequest, texts);
    let headers = headers(&http, Where::SourceRequest, texts);
    let responses = Responses::read(arguments, Where::SourceResponse, texts);
    Some(Source {
        subgraph: subgraph.to_owned(),
        name: name?,
        base_url: base_url?,
        path,
        query,
        headers,
        is_success: responses.is_success,
        error_message: responses.message,
        error_extensions: responses.extensions,
    })
}

fn missing(arguments: &Arguments<'_>, message: String, fix: &str, problems: &mut Vec<Problem>) {
    let code = ErrorCode::GraphQlError;
    problems.push(arguments.problem(code, arguments.place(), message).fix(fix));
}

fn name(arguments: &Arguments<'_>, problems: &mut Vec<Problem>) -> Option<String> {
    let Some(value) = arguments.get("name") else {
        let message = format!("{} has no `name`", arguments.what);
        missing(arguments, message, "write `name: \"shop\"`", problems);
        return None;
    };
    let place = Place::node(value);
    let text = value.as_str().unwrap_or_default();
    if value.as_str() == Some("") {
        let message = format!("{} has an empty name", arguments.what);
        let problem = arguments.problem(ErrorCode::EmptySourceName, place, message);
        problems.push(problem.fix("write a name such as `\"shop\"`"));
        return None;
    }
    let is_right = text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_right {
        let written = value.serialize().no_indent();
        let message = format!("{written} is no name for a source");
        let problem = arguments.problem(ErrorCode::InvalidSourceName, place, message);
        problems.push(problem.fix(format!(
            "write a string that begins with a letter and goes on with letters, digits, `_` and \
             `-`, {MAX_NAME} at most"
        )));
        return None;
    }
    Some(text.to_owned())
}

/// `path` and `queryParams`.
pub(super) fn segments_and_query(
    http: &Arguments<'_>,
    at: Where,
    texts: &mut Texts<'_>,
) -> (Option<Mapping>, Option<Mapping>) {
    let code = ErrorCode::InvalidUrlProperty;
    let path = Use { at, code, name: "`path`", need: Some(Need::ScalarList) };
    let query = Use { at, code, name: "`queryParams`", need: Some(Need::Object) };
    let path = optional(http.text("path", texts.problems), path, texts);
    let query = optional(http.text("queryParams", texts.problems), query, texts);
    (path, query)
}

fn optional(text: Option<Text<'_>>, used: Use, texts: &mut Texts<'_>) -> Option<Mapping> {
    Some(texts.mapping(text?, used)?.0)
}

/// What `isSuccess` and `errors` say.
#[derive(Default)]
pub(super) struct Responses {
    pub(super) is_success: Option<Mapping>,
    pub(super) message: Option<Mapping>,
    pub(super) extensions: Option<Mapping>,
}

impl Responses {
    pub(super) fn read(arguments: &Arguments<'_>, at: Where, texts: &mut Texts<'_>) -> Self {
        let condition = Use {
            at,
            code: ErrorCode::InvalidIsSuccess,
            name: "`isSuccess`",
            need: Some(Need::Boolean),
        };
        let is_success = optional(arguments.text("isSuccess", texts.problems), condition, texts);
        let Some(errors) = arguments.object("errors", texts.problems) else {
            return Self { is_success, ..Self::default() };
        };
        errors.only(&["message", "extensions"], texts.problems);
        let code = ErrorCode::InvalidErrorsMessage;
        let message = Use { at, code, name: "`errors.message`", need: Some(Need::String) };
        let extensions = Use { at, code, name: "`errors.extensions`", need: Some(Need::Object) };
        let message = optional(errors.text("message", texts.problems), message, texts);
        let extensions = optional(errors.text("extensions", texts.problems), extensions, texts);
        Self { is_success, message, extensions }
    }
}
