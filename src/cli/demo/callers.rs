//! The callers of the demo: a stranger, a reader and an administrator, each with a tab of the query page.
//!
//! **In:** the configuration. **Out:** [`Callers`]: their tabs, with keys that are made now and end those of the
//! demo before.
//!
//! **Never here:** what they may do (`schemas/graphloom.yaml` and the schemas say it).
//!
//! **Holds:** a configuration without a store of keys has no callers, and the demo runs all the same.
//!
//! **Read first:** [`Callers::introduce`].

use indexmap::IndexMap;

use crate::config::{Place, ProviderKind, Settings, Tab};
use crate::identity::api_key::{KeyStore, NewKey, StoreError};

/// Who calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Callers {
    /// A tab each: the same query, with the headers that say who asks.
    pub(super) tabs: Vec<Tab>,
}

/// One of those who have a key.
struct Caller {
    name: &'static str,
    scopes: &'static [&'static str],
    roles: &'static [&'static str],
    plan: Option<&'static str>,
}

const KNOWN: [Caller; 2] = [
    Caller { name: "Reader", scopes: &["people"], roles: &[], plan: None },
    Caller { name: "Admin", scopes: &["people"], roles: &["admin"], plan: Some("staff") },
];

/// What all of them ask.
pub(super) const LETTERS: &str =
    "{ topProducts(first: 3) { name reviews(first: 2) { rating author { name email } } } }";

/// The same, as people write it.
const LETTERS_IN_LINES: &str = "{
  topProducts(first: 3) {
    name
    reviews(first: 2) {
      rating
      author {
        name
        email
      }
    }
  }
}
";

impl Callers {
    /// Makes the keys.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub(super) fn introduce(settings: &Settings) -> Result<Self, StoreError> {
        let of_keys = settings.identity.values().find_map(|provider| match &provider.kind {
            ProviderKind::ApiKey(keys) => Some((keys, provider.from.first()?)),
            _ => None,
        });
        let Some((keys, Place::Header { name: header, prefix })) = of_keys else {
            return Ok(Self::default());
        };
        let mut store = KeyStore::open(&keys.store, keys.max_keys)?;
        let mut tabs = vec![tab("Anonymous", IndexMap::new())];
        for caller in KNOWN {
            let name = format!("demo {}", caller.name.to_lowercase());
            for old in store.list()? {
                if old.name == name && old.revoked.is_none() {
                    store.revoke(&old.id)?;
                }
            }
            let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
            let (_, key) = store.create(&NewKey {
                name,
                consumer: Some(caller.name.to_lowercase()),
                scopes: texts(caller.scopes),
                roles: texts(caller.roles),
                plan: caller.plan.map(str::to_owned),
                expires_in: None,
            })?;
            let key = match prefix {
                Some(prefix) => format!("{prefix} {}", key.reveal()),
                None => key.reveal().to_owned(),
            };
            tabs.push(tab(caller.name, IndexMap::from([(header.to_string(), key)])));
        }
        Ok(Self { tabs })
    }
}

fn tab(name: &str, headers: IndexMap<String, String>) -> Tab {
    Tab { name: name.to_owned(), query: format!("query {name} {LETTERS_IN_LINES}"), headers }
}

#[cfg(test)]
mod tests {
    use super::{LETTERS, LETTERS_IN_LINES};

    #[test]
    fn the_page_asks_what_the_tour_asks() {
        let words: Vec<&str> = LETTERS_IN_LINES.split_whitespace().collect();
        assert_eq!(words.join(" "), LETTERS);
    }
}
