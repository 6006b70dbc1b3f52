//! Keeps the keys of an issuer fresh.
//!
//! **In:** where the keys are. **Out:** the newest [`KeySet`] that could be had; its generation.
//!
//! **Never here:** reading keys (`jwk`), using them (`jwt`).
//!
//! **Holds:** one task asks, whoever waits. It asks again at intervals, and when a token names a key that is
//! not known; that at most once in [`BETWEEN_DEMANDS`], so that no flood of tokens becomes one of questions.
//! When nothing newer can be had, the last keys count for a while, and then none. A file is looked at twice a
//! second. A generation ends when a key is taken back: what it vouched for is checked anew.
//!
//! **Read first:** [`Source::follow`].
//!
//! Spec: <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig>

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

use super::jwk::KeySet;
use crate::config::{JwtKeys, JwtSettings, Refresh};
use crate::control;

/// The keys of an issuer, as they are now.
#[derive(Debug)]
pub(super) struct Keys {
    state: watch::Receiver<State>,
    demand: Arc<Notify>,
    generation: Arc<AtomicU64>,
    patience: Duration,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    /// How often the issuer was asked.
    n_asked: u64,
    demanded: Option<Instant>,
}

/// Where keys come from.
#[derive(Debug, Clone)]
enum Origin {
    File(std::path::PathBuf),
    Url(Url),
    /// By the word of an issuer, with the name that it must have.
    Discovery(Url, String),
}

struct Source {
    provider: Arc<str>,
    origin: Origin,
    refresh: Refresh,
    state: watch::Sender<State>,
    demand: Arc<Notify>,
    generation: Arc<AtomicU64>,
    /// When the keys in force were had.
    had: Option<Instant>,
    /// How many attempts in a row have failed.
    n_failed: u32,
    /// The file as it was read, by which a change is told.
    text: Vec<u8>,
}

/// How long after a demand the next one is heeded.
const BETWEEN_DEMANDS: Duration = Duration::from_secs(30);

/// How often a file is looked at.
const LOOK: Duration = Duration::from_millis(500);

impl Keys {
    /// Starts to ask for keys; none for a secret.
    pub(super) fn start(provider: &Arc<str>, settings: &JwtSettings) -> Option<Self> {
        let (origin, refresh) = match &settings.keys {
            JwtKeys::Secret(_) => return None,
            JwtKeys::File(file, refresh) => (Origin::File(file.clone()), *refresh),
            JwtKeys::Url(url, refresh) => (Origin::Url(url.clone()), *refresh),
            JwtKeys::Discovery(url, refresh) => {
                let issuer = settings.issuers.first().cloned().unwrap_or_default();
                (Origin::Discovery(url.clone(), issuer), *refresh)
            }
        };
        let (sender, state) = watch::channel(State::default());
        let (demand, generation) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
        let source = Source {
            provider: Arc::clone(provider),
            origin,
            refresh,
            state: sender,
            demand: Arc::clone(&demand),
            generation: Arc::clone(&generation),
            had: None,
            n_failed: 0,
            text: Vec::new(),
        };
        // A discovery asks twice.
        let patience = refresh.timeout * 2 + Duration::from_millis(500);
        let task = tokio::spawn(source.follow());
        Some(Self { state, demand, generation, patience, task })
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The keys in force. Waits for the first answer of the issuer, and no longer.
    pub(super) async fn current(&self) -> Option<Arc<KeySet>> {
        let mut state = self.state.clone();
        let answered = timeout(self.patience, state.wait_for(|state| state.n_asked > 0)).await;
        answered.ok()?.ok()?.keys.clone()
    }

    /// Newer keys than those in force, if the issuer may be asked now and has some.
    pub(super) async fn newer(&self) -> Option<Arc<KeySet>> {
        let mut state = self.state.clone();
        let (n_asked, demanded) = {
            let state = state.borrow();
            (state.n_asked, state.demanded)
        };
        if is_recent(demanded) {
            return self.state.borrow().keys.clone();
        }
        self.demand.notify_one();
        let answered =
            timeout(self.patience, state.wait_for(|state| state.n_asked > n_asked)).await;
        answered.ok()?.ok()?.keys.clone()
    }
}

fn is_recent(demanded: Option<Instant>) -> bool {
    demanded.is_some_and(|demanded| demanded.elapsed() < BETWEEN_DEMANDS)
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Source {
    /// Asks for ever.
    async fn follow(mut self) {
        let mut is_demanded = false;
        loop {
            self.ask(is_demanded).await;
            is_demanded = self.wait().await;
            self.forget_what_is_too_old();
        }
    }

    /// Waits until the issuer should be asked again; tells whether a token demands it.
    async fn wait(&self) -> bool {
        let next = Instant::now() + self.pause();
        // Which end the keys come to if nothing newer can be had.
        let end = self.had.map(|had| had + self.refresh.keep_for);
        let next = end.map_or(next, |end| end.min(next));
        loop {
            tokio::select! {
                () = sleep_until(next) => return false,
                () = self.demand.notified() => {}
            }
            // Demands that came while one was heeded.
            if !is_recent(self.state.borrow().demanded) {
                return true;
            }
        }
    }

    async fn ask(&mut self, is_demanded: bool) {
        let keys = self.fetch().await;
        match &keys {
            Ok(Some(keys)) => {
                let n_keys = keys.len();
                tracing::info!(provider = %self.provider, n_keys, "keys of an issuer read");
            }
            Ok(None) => {}
            Err(why) if self.n_failed == 0 => {
                tracing::error!(provider = %self.provider, %why, "keys of an issuer cannot be had");
            }
            Err(why) => {
                tracing::debug!(provider = %self.provider, %why, "keys of an issuer cannot be had");
            }
        }
        match &keys {
            Ok(_) => (self.had, self.n_failed) = (Some(Instant::now()), 0),
            Err(_) => self.n_failed += 1,
        }
        self.state.send_modify(|state| {
            if let Ok(Some(keys)) = keys {
                let is_taken_back = |known: &Arc<KeySet>| keys.lacks_one_of(known);
                if state.keys.as_ref().is_some_and(is_taken_back) {
                    self.generation.fetch_add(1, Ordering::Release);
                }
                state.keys = Some(Arc::new(keys));
            }
            state.n_asked += 1;
            if is_demanded {
                state.demanded = Some(Instant::now());
            }
        });
    }

    /// How long until the next attempt: sooner after a failure, but less and less so.
    fn pause(&self) -> Duration {
        let every = match &self.origin {
            Origin::File(_) => LOOK.min(self.refresh.every),
            _ => self.refresh.every,
        };
        match self.n_failed {
            0 => every,
            n => Duration::from_millis(500 << n.min(7)).min(every),
        }
    }

    fn forget_what_is_too_old(&mut self) {
        let too_old = self.had.is_some_and(|had| had.elapsed() >= self.refresh.keep_for);
        if too_old && self.state.borrow().keys.is_some() {
            self.state.send_modify(|state| state.keys = None);
            self.generation.fetch_add(1, Ordering::Release);
            self.text.clear();
            self.had = None;
            tracing::error!(
                provider = %self.provider,
                "the keys of an issuer are older than `keep_for`: its tokens are refused",
            );
        }
    }

    /// A key set; none if the file has not changed.
    async fn fetch(&mut self) -> Result<Option<KeySet>, String> {
        let within = self.refresh.timeout;
        let text = match &self.origin {
            Origin::File(file) => {
                let text = tokio::fs::read(file).await;
                let text = text.map_err(|error| format!("`{}`: {error}", file.display()))?;
                if text == self.text {
                    return Ok(None);
                }
                text
            }
            Origin::Url(url) => {
                control::get(url, within).await.map_err(|error| error.to_string())?
            }
            Origin::Discovery(url, issuer) => {
                let url = discover(url, issuer, self.refresh).await?;
                control::get(&url, within).await.map_err(|error| error.to_string())?
            }
        };
        let keys = KeySet::read(&text)?;
        if matches!(self.origin, Origin::File(_)) {
            self.text = text;
        }
        Ok(Some(keys))
    }
}

/// What an issuer says of itself, as far as we need it.
#[derive(Deserialize)]
struct IssuerConfiguration {
    issuer: String,
    jwks_uri: String,
}

/// Where the keys of an issuer are, by its own word.
async fn discover(address: &Url, issuer: &str, refresh: Refresh) -> Result<Url, String> {
    let mut url = address.clone();
    let path = format!("{}/.well-known/openid-configuration", address.path().trim_end_matches('/'));
    url.set_path(&path);
    let text = control::get(&url, refresh.timeout).await.map_err(|error| error.to_string())?;
    let said: IssuerConfiguration =
        serde_json::from_slice(&text).map_err(|error| format!("`{url}`: {error}"))?;
    // Section 4.3: whoever answers must be the one who was asked, to the letter: so it stands in tokens.
    if said.issuer != issuer {
        let named: String = said.issuer.chars().take(200).collect();
        return Err(format!("`{url}` speaks for the issuer `{named}`, not for `{issuer}`"));
    }
    let keys = Url::parse(&said.jwks_uri).map_err(|error| format!("`jwks_uri`: {error}"))?;
    // Keys come no less safely than the issuer's configuration did.
    if keys.scheme() != "https" && keys.scheme() != address.scheme() {
        return Err(format!("`{url}` names keys at an address without `https`"));
    }
    Ok(keys)
}
