//! Finds out who calls: which credential a request carries, and who vouches for it.
//!
//! **In:** the headers of a request. **Out:** a [`Consumer`], or why the credential does not count.
//!
//! **Never here:** what a consumer may do (`pipeline`, `routes`), HTTP status codes (`server`).
//!
//! **Holds:** without a credential a caller is anonymous; with one that does not count it is refused,
//! never anonymous. Two credentials are refused, for nobody could say which one counts. What cannot be
//! checked now is refused as well. No credential leaves this room: not in an error, not in a log line, and
//! it is taken from the headers before other rooms see them.
//!
//! **Read first:** [`Identity::at_once`], [`Identity::identify`].

pub mod api_key;

mod certificate;
mod claims;
mod error;
mod introspection;
mod jwk;
mod jwks;
mod jwt;
mod kept;
mod place;
mod provider;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;
use thiserror::Error;

use crate::config::{ApiKeySettings, Place, ProviderKind, ProviderSettings, Require};
use crate::connection::Connection;
use crate::consumer::Consumer;

pub use error::{IdentityError, IdentityErrorKind};

use kept::{Kept, Verdict};
use place::Found;
use provider::{Provider, Question};

/// All providers, and what they have vouched for.
#[derive(Debug)]
pub struct Identity {
    settings: IndexMap<String, ProviderSettings>,
    providers: Vec<Arc<Provider>>,
    lanes: Vec<Lane>,
    /// Who reads certificates, and what was found out about them.
    certificates: Option<(usize, Kept)>,
}

/// A place where credentials stand, and who reads there.
#[derive(Debug)]
struct Lane {
    place: Place,
    /// Indexes of providers, ascending.
    readers: Vec<usize>,
    kept: Kept,
}

/// A credential of a request.
struct Credential<'a> {
    lane: &'a Lane,
    text: &'a [u8],
}

/// Longer than any credential that fits its purpose.
const MAX_CREDENTIAL: usize = 16 * 1024;

impl Identity {
    /// The room for these providers. Those of `previous` that have not changed go on with the keys that they have.
    ///
    /// Must be called where tasks can be spawned: providers keep their keys fresh.
    pub fn new(
        settings: &IndexMap<String, ProviderSettings>,
        previous: Option<&Arc<Self>>,
    ) -> Arc<Self> {
        if let Some(previous) = previous.filter(|previous| previous.settings == *settings) {
            return Arc::clone(previous);
        }
        // A second call finds the first one's, which is the same.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let kept = |name: &String, settings: &ProviderSettings| {
            let known = previous?.providers.iter().find(|provider| *provider.name == **name)?;
            (known.settings == *settings).then(|| Arc::clone(known))
        };
        let mut providers = Vec::new();
        let mut lanes: Vec<Lane> = Vec::new();
        for (i, (name, settings)) in settings.iter().enumerate() {
            let provider = kept(name, settings);
            providers.push(provider.unwrap_or_else(|| Arc::new(Provider::new(name, settings))));
            for place in &settings.from {
                match lanes.iter_mut().find(|lane| lane.place == *place) {
                    Some(lane) => lane.readers.push(i),
                    None => lanes.push(Lane {
                        place: place.clone(),
                        readers: vec![i],
                        kept: Kept::new(),
                    }),
                }
            }
        }
        let certified = |provider: &Arc<Provider>| {
            matches!(provider.settings.kind, ProviderKind::Certificate(_))
        };
        let certificates = providers.iter().position(certified).map(|i| (i, Kept::new()));
        Arc::new(Self { settings: settings.clone(), providers, lanes, certificates })
    }

    /// Who calls, if that is known without waiting; none if the credential must be checked.
    pub fn at_once(&self, headers: &HeaderMap) -> Option<Result<Arc<Consumer>, IdentityError>> {
        let credential = match self.credential(headers) {
            Ok(Some(credential)) => credential,
            Ok(None) => return Some(Ok(Consumer::anonymous())),
            Err(error) => return Some(Err(error)),
        };
        let now = now();
        // Keys are in memory.
        if let Some(answer) = self.api_key(&credential, now) {
            return Some(answer);
        }
        credential.lane.kept.find(credential.text, now, |verdict| {
            self.providers[verdict.provider].generation() == verdict.generation
        })
    }

    /// Who calls. Checks the credential, and keeps the verdict for the next request with it.
    ///
    /// # Errors
    /// When the credential does not count, or cannot be checked now.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Arc<Consumer>, IdentityError> {
        let Some(credential) = self.credential(headers)? else {
            return Ok(Consumer::anonymous());
        };
        let Credential { lane, text } = credential;
        if text.len() > MAX_CREDENTIAL {
            return Err(IdentityErrorKind::TooLong.into());
        }
        // Whoever issued it decides; what no issuer is named in is for those who ask an issuer.
        let (i, question) = self.reader_of(lane, text)?;
        let provider = &self.providers[i];
        let generation = provider.generation();
        let answer = provider.check(question, now()).await;
        let verdict = Verdict { provider: i, generation, answer: answer.consumer.clone() };
        if let Some(until) = answer.keep_until {
            lane.kept.put(text, verdict, until);
        }
        answer.consumer
    }

    /// Whom the certificate of a connection names; none if no provider takes certificates.
    pub fn of_certificate(&self, der: &[u8]) -> Option<Result<Arc<Consumer>, IdentityError>> {
        let (i, kept) = self.certificates.as_ref()?;
        let now = now();
        if let Some(known) = kept.find(der, now, |_| true) {
            return Some(known);
        }
        let answer = self.providers[*i].certified(der, now)?;
        if let Some(until) = answer.keep_until {
            let verdict = Verdict { provider: *i, generation: 0, answer: answer.consumer.clone() };
            kept.put(der, verdict, until);
        }
        Some(answer.consumer)
    }

    /// Whether a browser adds the credential of a request by itself: a cookie, or the certificate of its
    /// connection.
    pub fn is_sent_unasked(&self, headers: &HeaderMap, connection: &Connection) -> bool {
        match self.credential(headers) {
            Ok(Some(credential)) => matches!(credential.lane.place, Place::Cookie { .. }),
            Ok(None) => connection.client_certificate().is_some(),
            // It will be refused.
            Err(_) => false,
        }
    }

    /// Takes the credentials that are read here from the headers, but those that may be passed on.
    pub fn take_away(&self, headers: &mut HeaderMap) {
        for lane in &self.lanes {
            let stays = |i: &usize| !self.providers[*i].settings.forward;
            if lane.readers.iter().any(stays) {
                place::take_away(&lane.place, headers);
            }
        }
    }

    /// Puts a credential where whoever can judge it looks, as its owner would.
    ///
    /// # Errors
    /// When nobody looks for such a credential.
    pub fn present(&self, text: &str, headers: &mut HeaderMap) -> Result<(), NoPlace> {
        let is_key = api_key::is_one(text.as_bytes());
        let token = jwt::Token::read(text);
        let issuer = token.as_ref().ok().and_then(jwt::Token::issuer);
        let judges = |i: &usize| {
            let provider = &self.providers[*i];
            match (is_key, issuer) {
                (true, _) => provider.api_keys().is_some(),
                (false, Some(issuer)) => provider.issues_as(issuer),
                (false, None) => false,
            }
        };
        let asks = |i: &usize| !is_key && self.providers[*i].asks();
        let read_by = |of: &dyn Fn(&usize) -> bool| {
            self.lanes.iter().find(|lane| lane.readers.iter().any(of))
        };
        // What nobody can judge stands where tokens stand, to be refused there.
        let lane = read_by(&judges)
            .or_else(|| read_by(&asks))
            .or_else(|| read_by(&|i: &usize| is_key == self.providers[*i].api_keys().is_some()));
        let lane = lane.ok_or(if is_key { NoPlace::Key } else { NoPlace::Token })?;
        place::put(&lane.place, text, headers).ok_or(NoPlace::Unfit)
    }

    /// The headers in which credentials may stand.
    pub fn header_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.lanes.iter().filter_map(|lane| match &lane.place {
            Place::Header { name, .. } => Some(name),
            Place::Cookie { .. } => None,
        })
    }

    /// Whether a door lets a consumer in.
    pub fn admits(require: Option<&Require>, consumer: &Consumer) -> bool {
        let Some(require) = require else { return true };
        let provider = consumer.provider.as_deref();
        provider.is_some_and(|provider| require.any.iter().any(|name| name == provider))
    }

    /// What a door accepts, for `WWW-Authenticate` (RFC 9110, section 11.6.1): one challenge a place.
    pub fn challenges(
        &self,
        require: Option<&Require>,
        error: Option<&IdentityError>,
    ) -> Vec<HeaderValue> {
        let is_wanted = |i: &usize| {
            require
                .is_none_or(|require| require.any.iter().any(|it| **it == *self.providers[*i].name))
        };
        let lanes = self.lanes.iter().filter(|lane| lane.readers.iter().any(is_wanted));
        let mut challenges: Vec<HeaderValue> =
            lanes.filter_map(|lane| place::challenge(&lane.place, error)).collect();
        if self.certificates.as_ref().is_some_and(|(i, _)| is_wanted(i)) {
            // No scheme stands for it; what is missing is in the handshake.
            challenges.push(HeaderValue::from_static("ClientCertificate realm=\"graphloom\""));
        }
        challenges.dedup();
        challenges
    }

    /// The credential of a request; none if there is none.
    fn credential<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> Result<Option<Credential<'a>>, IdentityError> {
        let mut found: Option<Credential<'a>> = None;
        for lane in &self.lanes {
            let text = match place::find(&lane.place, headers) {
                Found::Nothing => continue,
                Found::Repeated => return Err(IdentityErrorKind::Repeated.into()),
                Found::Credential(text) => text,
            };
            match &found {
                None => found = Some(Credential { lane, text }),
                // A provider with several places reads the first.
                Some(first) if lane.readers.iter().all(|i| first.lane.readers.contains(i)) => {}
                Some(_) => return Err(IdentityErrorKind::Several.into()),
            }
        }
        Ok(found)
    }

    /// Whom an API key stands for; none if the credential is none.
    fn api_key(
        &self,
        credential: &Credential<'_>,
        now: u64,
    ) -> Option<Result<Arc<Consumer>, IdentityError>> {
        if !api_key::is_one(credential.text) {
            return None;
        }
        let readers = credential.lane.readers.iter().map(|i| &self.providers[*i]);
        let mut stores = readers.filter_map(|of| of.api_keys().map(|keys| (&of.name, keys)));
        let (name, keys) = stores.next()?;
        let answer = keys.check(credential.text, now);
        Some(answer.map_err(|kind| IdentityError::of(name, kind)))
    }

    /// The store of a provider of API keys, and how many keys it may hold: of the one with this name, or of the
    /// only one there is.
    ///
    /// # Errors
    /// When there is none, or several to choose from.
    pub fn key_store(&self, provider: Option<&str>) -> Result<&ApiKeySettings, NoKeyStore> {
        key_store(&self.settings, provider)
    }

    /// Why a provider cannot do its work, found when the room was furnished.
    pub fn problem(&self) -> Option<(&str, &str)> {
        self.providers.iter().find_map(|provider| {
            let problem = provider.api_keys()?.problem.as_deref()?;
            Some((&*provider.name, problem))
        })
    }

    /// Who may judge a credential.
    fn reader_of<'a>(
        &self,
        lane: &Lane,
        text: &'a [u8],
    ) -> Result<(usize, Question<'a>), IdentityError> {
        let text = std::str::from_utf8(text).map_err(|_| IdentityErrorKind::Malformed)?;
        let token = jwt::Token::read(text);
        let issuer = token.as_ref().ok().and_then(jwt::Token::issuer);
        let knows = |i: &&usize| issuer.is_some_and(|it| self.providers[**i].issues_as(it));
        let reader = lane.readers.iter().find(knows).copied();
        let token = match (reader, token) {
            (Some(i), Ok(token)) => return Ok((i, Question::Token(Box::new(token)))),
            (_, token) => token,
        };
        // What nobody here can read may be asked about.
        match (lane.readers.iter().find(|i| self.providers[**i].asks()), token) {
            // A key of ours that stands in a wrong place is not for others to see.
            (Some(&i), _) if !text.is_empty() && !api_key::is_one(text.as_bytes()) => {
                Ok((i, Question::Opaque(text)))
            }
            (_, Ok(_)) => Err(IdentityErrorKind::UnknownIssuer.into()),
            (_, Err(error)) => Err(error.into()),
        }
    }
}

/// Why a credential has no place in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoPlace {
    /// Nobody takes keys.
    #[error("it is an API key, and no provider of `identity` has keys")]
    Key,
    /// Nobody takes tokens.
    #[error("no provider of `identity` takes tokens")]
    Token,
    /// It has bytes that no header has.
    #[error("a credential has no line breaks and no other control characters")]
    Unfit,
}

/// Why no store of keys is meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoKeyStore {
    /// There is none.
    #[error(
        "no provider has keys: add `identity: {{ keys: {{ api_key: {{ store: \"sqlite://graphloom.db\" }} }} }}`"
    )]
    None,
    /// There are several.
    #[error("several providers have keys: name one of `{0}`")]
    Several(String),
    /// None has this name.
    #[error("there is no provider `{0}` with keys")]
    Unknown(String),
}

/// As [`Identity::key_store`], for a configuration that nobody serves.
///
/// # Errors
/// As there.
pub fn key_store<'a>(
    providers: &'a IndexMap<String, ProviderSettings>,
    provider: Option<&str>,
) -> Result<&'a ApiKeySettings, NoKeyStore> {
    let mut stores = providers.iter().filter_map(|(name, provider)| match &provider.kind {
        ProviderKind::ApiKey(settings) => Some((name, settings)),
        _ => None,
    });
    match provider {
        Some(wanted) => stores
            .find(|(name, _)| *name == wanted)
            .map(|(_, settings)| settings)
            .ok_or_else(|| NoKeyStore::Unknown(wanted.to_owned())),
        None => match stores.collect::<Vec<_>>().as_slice() {
            [] => Err(NoKeyStore::None),
            [(_, settings)] => Ok(settings),
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                Err(NoKeyStore::Several(names.join("`, `")))
            }
        },
    }
}

/// Seconds since 1970, the clock of tokens.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use http::HeaderMap;

    use super::Identity;
    use crate::config::Settings;

    #[tokio::test]
    async fn its_debug_form_tells_no_credential() {
        let (secret, other) = ("a secret that signs what it likes", "what opens the issuer");
        let text = format!(
            "supergraph: {{ file: s.graphql }}\nidentity:\n\
             \x20 try: {{ jwt: {{ issuer: try, any_audience: true, allow_missing_exp: true, secret: {secret} }} }}\n\
             \x20 asked: {{ introspection: {{ url: \"http://127.0.0.1:9/\", client_id: gate, \
             client_secret: {other}, from: [{{ header: x-token }}] }} }}\n"
        );
        let settings = Settings::read(Path::new("graphloom.yaml"), &text, &|_| None).unwrap();
        let identity = Identity::new(&settings.identity, None);
        let claims = serde_json::json!({ "iss": "try", "sub": "alice" });
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        assert_eq!(&*identity.identify(&headers).await.unwrap().id, "try:alice");
        assert!(identity.at_once(&headers).is_some());
        let told = format!("{identity:?} {settings:?}");
        for hidden in [secret, other, &token, &format!("{:?}", secret.as_bytes())] {
            assert!(!told.contains(hidden), "{told}");
        }
    }
}
