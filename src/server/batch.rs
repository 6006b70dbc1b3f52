//! Several operations in one request: a JSON array of what a request may be.
//!
//! **In:** a body that is an array. **Out:** one array, with the response to each operation in its place.
//!
//! **Never here:** executing one (`graphql_http`, `pipeline`).
//!
//! **Holds:** no more operations are read than the limit allows. They run at the same time, each as if it had
//! come alone: with its own limits, its own cost, its own debit. One that fails has its errors in its place.
//!
//! **Read first:** [`answer`].

use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use http::HeaderMap;
use http::header::SET_COOKIE;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::graphql_http::respond;
use super::observe::Observation;
use super::reply::{GraphqlResult, Refusal};
use crate::pipeline::{Envelope, Facts, GraphqlRequest, Manner, Rooms, Transport, execute_request};

/// Whether a body is an array. What is no JSON at all is left to whoever reads one operation.
pub(super) fn is_batch(content: &[u8]) -> bool {
    content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

/// Runs all operations of an array.
pub(super) async fn answer(
    rooms: &Arc<Rooms>,
    facts: &Facts,
    content: &[u8],
    manner: Manner,
    observation: &mut Observation,
) -> Result<GraphqlResult, Refusal> {
    let requests = read(content, rooms.settings.graphql_limits.batch)?;
    let running = requests.into_iter().map(|request| {
        // Boxed: there are many, and each is large.
        Box::pin(execute_request(rooms, facts, request, manner))
    });
    let mut body = vec![b'['];
    let mut headers = HeaderMap::new();
    for result in join_all(running).await {
        let (one, of_one) = respond(rooms, facts, result, observation).into_parts();
        if body.len() > 1 {
            body.push(b',');
        }
        body.extend_from_slice(&one);
        add_headers(&mut headers, of_one);
    }
    body.push(b']');
    Ok(GraphqlResult::Executed { body: body.into(), headers })
}

/// All cookies; of what else several say, what the last says.
fn add_headers(headers: &mut HeaderMap, of_one: HeaderMap) {
    let mut last = None;
    for (name, value) in of_one {
        // The name of a second value is that of the first.
        let is_first = name.is_some();
        let Some(name) = name.or_else(|| last.take()) else { continue };
        match is_first && name != SET_COOKIE {
            true => drop(headers.insert(&name, value)),
            false => drop(headers.append(&name, value)),
        }
        last = Some(name);
    }
}

fn read(content: &[u8], limit: u32) -> Result<Vec<GraphqlRequest<'_>>, Refusal> {
    let limit = limit as usize;
    if limit < 2 {
        return Err(Refusal::Batch { limit });
    }
    let malformed =
        |error| Refusal::Malformed(format!("the body is not a list of requests: {error}"));
    let text = std::str::from_utf8(content).map_err(|error| malformed(error.to_string()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let envelopes = reader.deserialize_seq(Envelopes { limit });
    let envelopes = envelopes.map_err(|error| malformed(error.to_string()))?;
    let Some(envelopes) = envelopes else { return Err(Refusal::Batch { limit }) };
    reader.end().map_err(|error| malformed(error.to_string()))?;
    let requests = envelopes.into_iter().enumerate().map(|(i, envelope)| {
        envelope.into_request(Transport::Post).ok_or_else(|| {
            Refusal::Malformed(format!("request {} of the list has no `query`", i + 1))
        })
    });
    let requests: Vec<_> = requests.collect::<Result<_, _>>()?;
    match requests.is_empty() {
        true => Err(Refusal::Malformed("the list has no request".to_owned())),
        false => Ok(requests),
    }
}

/// Reads so many, and none if there are more.
struct Envelopes {
    limit: usize,
}

impl<'de> Visitor<'de> for Envelopes {
    type Value = Option<Vec<Envelope<'de>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut envelopes = Vec::new();
        while let Some(envelope) = items.next_element::<Envelope<'de>>()? {
            if envelopes.len() == self.limit {
                // What follows is still JSON, or the body is not; it is not kept.
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            envelopes.push(envelope);
        }
        Ok(Some(envelopes))
    }
}
