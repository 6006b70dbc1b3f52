//! Reads a response, and makes of it what the mapping says.
//!
//! **In:** an HTTP response, and the values of the variables. **Out:** what the caller makes of the mapping's
//! value, or a [`Failure`].
//!
//! **Never here:** the mapping language (`mapping`), types of the schema (`form`, the executor).
//!
//! **Holds:** only the part of a body is read that the wanted part of the selection reads; the rest has to be
//! JSON, too. A response that is no success never reaches the selection.
//!
//! **Read first:** [`read`].
//!
//! Spec: <https://www.apollographql.com/docs/graphos/connectors/responses>

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mapping::{Evaluated, Inputs, Json, Level, Mapping, Value, Variable, View, Wanted};

use super::failure::Failure;
use super::program::Reading;
use super::seen::Notes;
use super::source::RestSource;
use crate::upstream::Collected;

/// What a caller makes of a value.
pub(super) type Use<'u, T> = &'u mut (dyn FnMut(Option<&Value<'_>>, &mut Notes) -> T + Send);

/// Reads a response.
pub(super) fn read<T>(
    source: &RestSource,
    inputs: &Inputs<'_>,
    response: &Collected,
    reading: &Reading,
    notes: &mut Notes,
    make: Use<'_, T>,
) -> Result<T, Failure> {
    let connector = &source.connector;
    let status = response.status.as_u16();
    let is_plain = connector.is_success.is_none() && response.status.is_success();
    let is_plain = is_plain && !notes.is_wanted;
    let wanted = if is_plain { &reading.body } else { &Wanted::All };
    let body = body(&response.headers, &response.body, wanted);
    let status_value = Json::Number(status.into());
    let headers = source.reads.response.then(|| of_headers(&response.headers));
    let mut inputs = inputs.with(Variable::Status, &status_value);
    if let Some(headers) = &headers {
        inputs = inputs.with(Variable::Response, headers);
    }
    inputs.body = Some(body.as_ref().unwrap_or(&Json::Null));
    if !is_success(source, &inputs, response)? {
        return Err(refused(source, &inputs, status)?);
    }
    let Some(read) = &body else { return Err(Failure::unreadable(source, status)) };
    notes.body(source, read);
    evaluate(source, &inputs, &reading.wanted, notes, make)
}

/// Makes a value of inputs alone.
pub(super) fn evaluate<T>(
    source: &RestSource,
    inputs: &Inputs<'_>,
    wanted: &Wanted,
    notes: &mut Notes,
    make: Use<'_, T>,
) -> Result<T, Failure> {
    let selection = &source.connector.selection;
    let evaluated = selection.evaluate(inputs, wanted, source.terms.limits);
    let evaluated = evaluated.map_err(|exceeded| Failure::exceeded(source, exceeded))?;
    tell(source, &evaluated);
    notes.result(source, evaluated.value.as_ref());
    let made = make(evaluated.value.as_ref(), notes);
    if notes.is_wanted {
        notes.problems.extend(evaluated.problems);
    }
    Ok(made)
}

/// Writes into the log what `->withError` and `->withWarning` say.
fn tell(source: &RestSource, evaluated: &Evaluated<'_>) {
    for report in &evaluated.reports {
        let (connector, message, path) = (&*source.coordinate, &*report.message, &*report.path);
        match report.level {
            Level::Warning => tracing::warn!(connector, path, "{message}"),
            Level::Error => tracing::error!(connector, path, "{message}"),
        }
    }
}

/// The body as its content type says; none if it is not what that says.
fn body<'b>(headers: &HeaderMap, bytes: &'b [u8], wanted: &Wanted) -> Option<Json<'b>> {
    if bytes.is_empty() {
        return Some(Json::Null);
    }
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return Json::read_only(bytes, wanted).ok();
    };
    let content_type = content_type.to_str().ok()?;
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let essence = essence.trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Json::read_only(bytes, wanted).ok();
    }
    if essence == "text/plain" {
        return text(bytes, parameters).map(Json::String);
    }
    Some(Json::Null)
}

/// A text by its charset; none if it cannot be read, or not by us.
fn text<'b>(bytes: &'b [u8], parameters: &str) -> Option<Cow<'b, str>> {
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    match charset.unwrap_or("utf-8").to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => {
            std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
        }
        // Each byte is the code point of its character.
        "iso-8859-1" | "latin1" => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => None,
    }
}

/// The value of `$request` or `$response`.
pub(super) fn of_headers(headers: &HeaderMap) -> Json<'_> {
    let names = headers.keys().map(|name| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let values = values.map(|value| Json::String(Cow::Borrowed(value))).collect();
        (Cow::Borrowed(name.as_str()), Json::Array(values))
    });
    Json::Object(vec![(Cow::Borrowed("headers"), Json::Object(names.collect()))])
}

fn is_success(
    source: &RestSource,
    inputs: &Inputs<'_>,
    response: &Collected,
) -> Result<bool, Failure> {
    let Some(condition) = &source.connector.is_success else {
        return Ok(response.status.is_success());
    };
    let value = value_of(source, condition, inputs)?;
    Ok(value.is_some_and(|value| matches!(value.view(), View::Boolean(true))))
}

/// What is said of a response that is no success.
fn refused(source: &RestSource, inputs: &Inputs<'_>, status: u16) -> Result<Failure, Failure> {
    let errors = &source.connector.errors;
    let message = match &errors.message {
        None => None,
        Some(mapping) => {
            let value = value_of(source, mapping, inputs)?;
            Some(value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default())
        }
    };
    let mut more = Vec::new();
    for mapping in &errors.extensions {
        if let Some(serde_json::Value::Object(members)) =
            value_of(source, mapping, inputs)?.map(|value| value.to_tree())
        {
            more.extend(members);
        }
    }
    Ok(Failure::refused(source, status, message, more))
}

fn value_of<'a>(
    source: &RestSource,
    mapping: &'a Mapping,
    inputs: &Inputs<'a>,
) -> Result<Option<Value<'a>>, Failure> {
    let evaluated = mapping.evaluate(inputs, &Wanted::All, source.terms.limits);
    evaluated
        .map(|evaluated| evaluated.value)
        .map_err(|exceeded| Failure::exceeded(source, exceeded))
}
