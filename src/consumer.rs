//! Who asks: what `identity` found out about a caller, for every room.
//!
//! **In:** nothing. **Out:** [`Consumer`], which expressions see as `consumer`.
//!
//! **Never here:** finding it out (`identity`), deciding what it may do (`pipeline`, `routes`).
//!
//! **Holds:** a consumer carries no credentials: what is here may be logged and forwarded.
//!
//! **Read first:** [`Consumer`].

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Consumer {
    /// Who, unique over all providers of the configuration: `corp:alice`. Empty when anonymous.
    pub id: Arc<str>,
    /// A name for people: what the credential carries, else the id.
    pub name: Arc<str>,
    /// What the credential allows, sorted: the scopes of OAuth 2.0 (RFC 6749, section 3.3).
    pub scopes: Vec<Arc<str>>,
    /// The roles that the credential names, sorted.
    pub roles: Vec<Arc<str>>,
    /// The verified claims (RFC 7519, section 4); for other credentials what is known instead.
    pub claims: Map<String, Value>,
    /// Which plan of the configuration it is on.
    pub plan: Option<Arc<str>>,
    /// The entry under `identity` that vouches for it; none when anonymous.
    pub provider: Option<Arc<str>>,
}

impl Consumer {
    /// A caller without credentials.
    pub fn anonymous() -> Arc<Self> {
        static ANONYMOUS: LazyLock<Arc<Consumer>> = LazyLock::new(|| {
            Arc::new(Consumer {
                id: "".into(),
                name: "anonymous".into(),
                scopes: Vec::new(),
                roles: Vec::new(),
                claims: Map::new(),
                plan: None,
                provider: None,
            })
        });
        Arc::clone(&ANONYMOUS)
    }

    /// Whether nobody vouches for it.
    pub fn is_anonymous(&self) -> bool {
        self.provider.is_none()
    }

    /// Whether its credential allows `scope`.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.binary_search_by(|held| (**held).cmp(scope)).is_ok()
    }
}
