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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{IdentityErrorKind, consumer};
    use crate::config::ClaimNames;
    use crate::consumer::Consumer;

    fn of(claims: Value) -> Result<Consumer, IdentityErrorKind> {
        let names = ClaimNames {
            id: "sub".to_owned(),
            name: "name".to_owned(),
            scopes: vec!["scope".to_owned(), "scp".to_owned()],
            roles: "realm_access.roles".to_owned(),
            plan: Some("https://example.com/plan".to_owned()),
        };
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        consumer(&"corp".into(), claims, &names)
    }

    #[test]
    fn claims_say_who_it_is_and_what_it_may_do() {
        let alice = of(json!({
            "sub": "alice", "name": "Alice", "scope": "write  read write",
            "realm_access": { "roles": ["user", 7, "admin"] }, "https://example.com/plan": "gold",
        }));
        let alice = alice.unwrap();
        assert_eq!(
            (&*alice.id, &*alice.name, alice.plan.as_deref()),
            ("corp:alice", "Alice", Some("gold"))
        );
        assert!(alice.has_scope("read") && alice.has_scope("write") && !alice.has_scope("wri"));
        let roles: Vec<&str> = alice.roles.iter().map(|role| &**role).collect();
        assert_eq!(roles, ["admin", "user"]);
        let job = of(json!({ "sub": 7, "scp": ["run"], "realm_access": "admin", "plan": "gold" }))
            .unwrap();
        assert_eq!((&*job.id, &*job.name, job.plan.is_none()), ("corp:7", "7", true));
        assert!(job.has_scope("run") && job.roles.is_empty());
    }

    #[test]
    fn a_claim_that_is_no_text_names_nobody() {
        for sub in [json!(""), json!(["alice"]), json!(null), json!({ "id": 1 }), json!(true)] {
            assert!(of(json!({ "sub": sub })).is_err(), "{sub}");
        }
    }
}
