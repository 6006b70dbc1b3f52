//! Makes a consumer of verified claims.
//!
//! **In:** claims, and which of them mean what. **Out:** a [`Consumer`].
//!
//! **Never here:** whether the claims are true.
//!
//! **Holds:** ids of different providers never meet: each begins with its provider's name.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::IdentityErrorKind;
use crate::config::ClaimNames;
use crate::consumer::Consumer;

/// The consumer that the claims speak of.
pub(super) fn consumer(
    provider: &Arc<str>,
    claims: Map<String, Value>,
    names: &ClaimNames,
) -> Result<Consumer, IdentityErrorKind> {
    let id = match find(&claims, &names.id) {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(IdentityErrorKind::NoId(names.id.clone())),
    };
    let name = find(&claims, &names.name).and_then(Value::as_str).unwrap_or(&id);
    let scopes = names.scopes.iter().find_map(|claim| find(&claims, claim));
    let plan = names.plan.as_ref().and_then(|claim| find(&claims, claim)).and_then(Value::as_str);
    Ok(Consumer {
        id: format!("{provider}:{id}").into(),
        name: name.into(),
        scopes: words(scopes),
        roles: words(find(&claims, &names.roles)),
        plan: plan.map(Into::into),
        provider: Some(Arc::clone(provider)),
        claims,
    })
}

/// A claim by name; by a path with dots if no claim has the whole as its name.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        find(claims.get(first)?.as_object()?, rest)
    })
}

/// The words of a list, or of a text with spaces (RFC 6749, section 3.3); sorted, each once.
pub(super) fn words(value: Option<&Value>) -> Vec<Arc<str>> {
    let mut words: Vec<Arc<str>> = match value {
        Some(Value::String(text)) => text.split_ascii_whitespace().map(Into::into).collect(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(Into::into).collect(),
        _ => Vec::new(),
    };
    words.sort_unstable();
    words.dedup();
    words
}
