//! Reads the headers of `@source` and `@connect`.
//!
//! **In:** `headers` of an `http` argument. **Out:** [`Header`]s; problems.
//!
//! **Never here:** what the gateway's configuration adds or takes away.
//!
//! **Holds:** a name stands once; those that belong to the connection stand nowhere.

use mapping::{HeaderUse, Place as Where};

use super::arguments::Arguments;
use super::connector::{Header, HeaderValue};
use super::problem::Place;
use super::texts::Texts;
use crate::codes::ErrorCode;

/// Reads `headers`.
pub(super) fn headers(http: &Arguments<'_>, at: Where, texts: &mut Texts<'_>) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    for item in http.list("headers", texts.problems) {
        let what = format!("`headers` of {}", http.what);
        let Some(arguments) = http.nested(item, what, texts.problems) else { continue };
        let Some(header) = header(&arguments, at, texts) else { continue };
        if headers.iter().any(|known| known.name == header.name) {
            let message = format!("{} set `{}` twice", arguments.what, header.name);
            let code = ErrorCode::HttpHeaderNameCollision;
            let problem = arguments.problem(code, arguments.place(), message);
            texts.problems.push(problem.fix("keep one of them"));
            continue;
        }
        headers.push(header);
    }
    headers
}

fn header(arguments: &Arguments<'_>, at: Where, texts: &mut Texts<'_>) -> Option<Header> {
    arguments.only(&["name", "from", "value"], texts.problems);
    let name = arguments.text("name", texts.problems);
    let from = arguments.text("from", texts.problems);
    let value = arguments.text("value", texts.problems);
    let mut wrong = |place: Place, message: String, fix: String| {
        let problem = arguments.problem(ErrorCode::InvalidHeader, place, message);
        texts.problems.push(problem.fix(fix));
        None
    };
    let Some(name) = name else {
        let message = format!("{} have an item without a name", arguments.what);
        return wrong(arguments.place(), message, "write `name: \"x-api-key\"`".to_owned());
    };
    let (place, written) = (Place::node(name.node), name.text);
    if !is_token(written) {
        let message = format!("`{written}` is no name for a header");
        let fix = "use letters, digits and hyphens".to_owned();
        return wrong(place, message, fix);
    }
    match HeaderUse::of(written) {
        HeaderUse::Refused => {
            let message = format!("the header `{written}` belongs to the connection");
            return wrong(place, message, "take it out: the gateway sets it".to_owned());
        }
        HeaderUse::OnlyValue if from.is_some() => {
            let message = format!("the header `{written}` cannot be copied from the client");
            return wrong(place, message, "set it by `value`".to_owned());
        }
        _ => {}
    }
    let name = written.to_ascii_lowercase();
    let value = match (from, value) {
        (Some(from), None) if is_token(from.text) => {
            HeaderValue::From(from.text.to_ascii_lowercase())
        }
        (Some(from), None) => {
            let message = format!("`{}` is no name for a header", from.text);
            let fix = "name the client's header".to_owned();
            return wrong(Place::node(from.node), message, fix);
        }
        (None, Some(value)) => HeaderValue::Template(texts.header(value, at)?),
        (from, _) => {
            let both = if from.is_some() {
                "both `from` and `value`"
            } else {
                "neither `from` nor `value`"
            };
            let message = format!("the header `{written}` has {both}");
            let fix = "write `from` to copy the client's header, or `value` to set it".to_owned();
            return wrong(place, message, fix);
        }
    };
    Some(Header { name, value })
}

/// Whether a text can be the name of a header.
///
/// Spec: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
fn is_token(text: &str) -> bool {
    let is_right = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_right)
}
