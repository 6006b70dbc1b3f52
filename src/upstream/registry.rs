//! All upstreams of a gateway: the named ones, and one for each address that subgraphs name.
//!
//! **In:** `upstreams` of the configuration; later, URLs of subgraphs as graphs are loaded.
//! **Out:** the same [`Upstream`] for the same address, so that a reload keeps its connections.
//!
//! **Never here:** requests.
//!
//! **Read first:** [`Upstreams::by_url`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use indexmap::IndexMap;
use url::Url;

use super::Upstream;
use super::connect::SystemRoots;
use crate::config::UpstreamSettings;

/// Finds upstreams by name or by address.
pub struct Upstreams {
    roots: Arc<SystemRoots>,
    n_workers: usize,
    named: IndexMap<String, (UpstreamSettings, Arc<Upstream>)>,
    by_origin: Mutex<HashMap<(String, String), Weak<Upstream>>>,
}

impl Upstreams {
    /// Pools for the named upstreams, with a share for each worker; nothing is connected yet.
    pub fn new(settings: &IndexMap<String, UpstreamSettings>, n_workers: usize) -> Self {
        let none = Self {
            roots: Arc::default(),
            n_workers,
            named: IndexMap::new(),
            by_origin: Mutex::default(),
        };
        none.renewed(settings)
    }

    /// Pools for other settings. Those that are described as before are the same, with their connections.
    #[must_use]
    pub fn renewed(&self, settings: &IndexMap<String, UpstreamSettings>) -> Self {
        let pool = |name: &String, settings: &UpstreamSettings| match self.named.get(name) {
            Some((known, upstream)) if known == settings => Arc::clone(upstream),
            _ => Arc::new(Upstream::new(name, settings, &self.roots, self.n_workers)),
        };
        let named = settings
            .iter()
            .map(|(name, settings)| (name.clone(), (settings.clone(), pool(name, settings))))
            .collect();
        let by_origin = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            roots: Arc::clone(&self.roots),
            n_workers: self.n_workers,
            named,
            by_origin: Mutex::new(by_origin),
        }
    }

    /// The upstream of that name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.named.get(name).map(|(_, upstream)| upstream)
    }

    /// An upstream that nobody stands behind.
    pub fn nobody(&self, name: &str) -> Arc<Upstream> {
        let settings = UpstreamSettings::to(Vec::new());
        Arc::new(Upstream::new(name, &settings, &self.roots, self.n_workers))
    }

    /// The upstream for the address of a URL (its path is the request's affair), under a subgraph's name.
    pub fn by_url(&self, url: &Url, name: &str) -> Arc<Upstream> {
        let mut origin = url.clone();
        origin.set_path("/");
        origin.set_query(None);
        let key = (origin.to_string(), name.to_owned());
        let mut by_origin = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(upstream) = by_origin.get(&key).and_then(Weak::upgrade) {
            return upstream;
        }
        by_origin.retain(|_, upstream| upstream.strong_count() > 0);
        let settings = UpstreamSettings::to(vec![origin]);
        let upstream = Arc::new(Upstream::new(name, &settings, &self.roots, self.n_workers));
        by_origin.insert(key, Arc::downgrade(&upstream));
        upstream
    }
}

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.named.keys()).finish()
    }
}
