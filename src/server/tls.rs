//! TLS of a listener: shakes hands with clients, and follows the files of its certificates.
//!
//! **In:** an accepted connection. **Out:** the same under TLS, with what is known of the client; or nothing,
//! if the hands were not shaken in time.
//!
//! **Never here:** what stands in the files (`certificates`), HTTP (`connections`).
//!
//! **Holds:** a change of the files that cannot be served from is told, and what was good before stays.
//! Connections keep what they began with. No more than a number of handshakes are under way: the oldest
//! makes room for a new one, for clients that mean it are done in a moment.
//!
//! **Read first:** [`Tls`], [`Handshakes`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificates::{CertificateError, Files, expiries, files, read, server_config};
use crate::config::TlsSettings;
use crate::connection;
use crate::connection::Connection;
use crate::folders::{Folders, changed, folders_of};
use crate::telemetry::{HandshakeOutcome, Metrics};

/// TLS of a listener, as its files say now.
pub struct Tls {
    /// As they are wanted; what is served is in `config`.
    settings: ArcSwap<TlsSettings>,
    config: ArcSwap<ServerConfig>,
    metrics: Arc<Metrics>,
}

/// What was looked at last.
#[derive(PartialEq)]
struct Seen {
    settings: Arc<TlsSettings>,
    files: Files,
}

/// Follows the files of listeners until it is dropped.
pub struct CertificateWatch {
    all: Vec<Option<Arc<Tls>>>,
    wake: mpsc::Sender<()>,
    task: Option<JoinHandle<()>>,
}

/// What a client may still send after it was refused, in reads of a kilobyte.
const MAX_READS_AT_THE_END: usize = 64;

/// The handshakes that one runtime has under way.
#[derive(Clone, Default)]
pub(super) struct Handshakes {
    all: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    /// The oldest has the smallest number. What is taken away ends.
    by_number: BTreeMap<u64, oneshot::Sender<()>>,
}

/// A place among the handshakes under way.
pub(super) struct Place {
    all: Arc<Mutex<UnderWay>>,
    number: u64,
    ended: oneshot::Receiver<()>,
}

impl Tls {
    /// TLS by files, and the files as they were read.
    fn new(
        settings: &TlsSettings,
        metrics: &Arc<Metrics>,
    ) -> Result<(Self, Seen), CertificateError> {
        let settings = Arc::new(settings.clone());
        let files = read(&settings)?;
        tell_expiries(&settings, &files, metrics);
        let tls = Self {
            config: ArcSwap::from_pointee(server_config(&settings, &files)?),
            settings: ArcSwap::from(Arc::clone(&settings)),
            metrics: Arc::clone(metrics),
        };
        Ok((tls, Seen { settings, files }))
    }

    /// Shakes hands; none if the client does not do its part.
    pub(super) async fn shake_hands(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        time: Duration,
        mut place: Place,
    ) -> Option<(TlsStream<TcpStream>, Connection)> {
        let shaking = TlsAcceptor::from(self.config.load_full()).accept(stream).into_fallible();
        let (outcome, shaken) = tokio::select! {
            shaken = shaking => match shaken {
                Ok(stream) => (HandshakeOutcome::Ok, Ok(stream)),
                Err((error, stream)) => {
                    tracing::debug!(%peer, %error, "a TLS handshake failed");
                    (HandshakeOutcome::Failed, Err(Some(stream)))
                }
            },
            () = sleep(time) => (HandshakeOutcome::Timeout, Err(None)),
            _ = &mut place.ended => (HandshakeOutcome::Crowded, Err(None)),
        };
        self.metrics.shook_hands(outcome);
        let stream = match shaken {
            Ok(stream) => stream,
            Err(refused) => {
                if let Some(stream) = refused {
                    let _ = timeout(time, let_go(stream)).await;
                }
                return None;
            }
        };
        let (_, session) = stream.get_ref();
        let tls = connection::Tls {
            server_name: session.server_name().map(|name| name.to_ascii_lowercase().into()),
            client_certificates: session.peer_certificates().unwrap_or_default().to_vec(),
        };
        let connection = Connection { peer, tls: Some(Box::new(tls)) };
        Some((stream, connection))
    }

    /// Serves from the files as they are now, if they or their names have changed and are good.
    fn look(&self, last: &mut Option<Seen>) {
        let settings = self.settings.load_full();
        let files = match read(&settings) {
            Ok(files) => files,
            Err(error) => {
                // Told once, not with every notice.
                if last.take().is_some() {
                    tell_refused(&error);
                }
                return;
            }
        };
        let now = Seen { settings, files };
        if last.as_ref() == Some(&now) {
            return;
        }
        match server_config(&now.settings, &now.files) {
            Ok(config) => {
                for pair in last.iter().flat_map(|last| &last.settings.certificates) {
                    self.metrics.certificate_gone(&pair.certificate);
                }
                tell_expiries(&now.settings, &now.files, &self.metrics);
                self.config.store(Arc::new(config));
                let file = now.settings.certificates.first();
                let file = file.map(|pair| pair.certificate.display().to_string());
                tracing::info!(file, "certificates replaced");
            }
            Err(error) => tell_refused(&error),
        }
        *last = Some(now);
    }
}

/// Lets the client read why it was refused: closing a connection on which something is unread would take
/// that from it.
async fn let_go(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = [0; 1_024];
    for _ in 0..MAX_READS_AT_THE_END {
        if !matches!(stream.read(&mut rest).await, Ok(1..)) {
            return;
        }
    }
}

fn tell_expiries(settings: &TlsSettings, files: &Files, metrics: &Metrics) {
    for (file, until) in expiries(settings, files) {
        metrics.certificate_until(file, until);
    }
}

fn tell_refused(error: &CertificateError) {
    let file = error.file.display();
    tracing::error!(%file, %error, "changed certificates refused; those before stay in use");
}

impl CertificateWatch {
    /// Reads the files of all listeners, and follows them from now on.
    ///
    /// # Errors
    /// When a file cannot be served from.
    pub fn start<'a>(
        listeners: impl Iterator<Item = Option<&'a TlsSettings>>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, CertificateError> {
        let (wake, woken) = mpsc::channel(1);
        let (mut all, mut followed) = (Vec::new(), Vec::new());
        for settings in listeners {
            let Some(settings) = settings else {
                all.push(None);
                continue;
            };
            let (tls, seen) = Tls::new(settings, metrics)?;
            let tls = Arc::new(tls);
            followed.push((Arc::clone(&tls), Some(seen)));
            all.push(Some(tls));
        }
        let task = (!followed.is_empty()).then(|| {
            let folders = Folders::new(wake.clone());
            tokio::spawn(follow(followed, folders, woken))
        });
        // What changed before the folders were watched is found now.
        let _ = wake.try_send(());
        Ok(Self { all, wake, task })
    }

    /// TLS of each listener, in their order; none in the clear.
    pub fn by_listener(&self) -> impl Iterator<Item = Option<Arc<Tls>>> {
        self.all.iter().cloned()
    }

    /// Serves the same listeners from other files from now on, if these are good.
    pub fn apply<'a>(&self, listeners: impl Iterator<Item = Option<&'a TlsSettings>>) {
        for (tls, settings) in self.all.iter().zip(listeners) {
            if let (Some(tls), Some(settings)) = (tls, settings) {
                tls.settings.store(Arc::new(settings.clone()));
            }
        }
        let _ = self.wake.try_send(());
    }
}

impl Drop for CertificateWatch {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn follow(
    mut followed: Vec<(Arc<Tls>, Option<Seen>)>,
    mut folders: Folders,
    mut woken: mpsc::Receiver<()>,
) {
    loop {
        for (tls, _) in &followed {
            folders.add(files(&tls.settings.load()).flat_map(folders_of));
        }
        if !changed(&mut woken).await {
            return;
        }
        for (tls, last) in &mut followed {
            tls.look(last);
        }
    }
}

impl Handshakes {
    /// A place for one more; the oldest goes if there are `max`.
    pub(super) fn enter(&self, max: usize) -> Place {
        let (end, ended) = oneshot::channel();
        let mut under_way = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        while under_way.by_number.len() >= max.max(1) {
            under_way.by_number.pop_first();
        }
        let number = under_way.next;
        under_way.next += 1;
        under_way.by_number.insert(number, end);
        Place { all: Arc::clone(&self.all), number, ended }
    }

    /// Ends all.
    pub(super) fn end(&self) {
        let mut under_way = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.by_number.clear();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.by_number.remove(&self.number);
    }
}
