//! Watches folders for whoever follows files.
//!
//! **In:** folders, and notices of the file system. **Out:** a wake-up when something in them has changed.
//!
//! **Never here:** what the files say (whoever watches reads them, and acts if they changed).
//!
//! **Holds:** folders are watched, not files: editors replace files, and mounted configuration is
//! swapped by a link. Notices only wake; one too many finds nothing changed.
//!
//! **Read first:** [`Folders`], [`changed`].

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event as Notice, EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The folders that are watched, until this is dropped. They only become more.
pub struct Folders {
    watcher: Option<notify::RecommendedWatcher>,
    watched: HashSet<PathBuf>,
}

/// How long the files must be quiet: one save may be several notices, one change several files.
const QUIET: Duration = Duration::from_millis(60);

/// How long to wait for that. A log file in a watched folder may never be quiet.
const PATIENCE: Duration = Duration::from_secs(1);

impl Folders {
    /// None yet; notices go to `wake`, which has room for one.
    pub fn new(wake: mpsc::Sender<()>) -> Self {
        let notice = move |notice: notify::Result<Notice>| {
            if notice.is_ok_and(|notice| !matches!(notice.kind, EventKind::Access(_))) {
                // A full channel has woken already.
                let _ = wake.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(notice)
            .inspect_err(|error| tracing::warn!(%error, "files are not watched"))
            .ok();
        Self { watcher, watched: HashSet::new() }
    }

    /// Watches these, too.
    pub fn add(&mut self, folders: impl IntoIterator<Item = PathBuf>) {
        let Some(watcher) = &mut self.watcher else { return };
        for folder in folders {
            if self.watched.contains(&folder) {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.watched.insert(folder)),
                Err(error) => {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "a folder is not watched");
                }
            }
        }
    }
}

/// Waits until something has changed and is quiet again; false when nothing will change any more.
pub async fn changed(woken: &mut mpsc::Receiver<()>) -> bool {
    if woken.recv().await.is_none() {
        return false;
    }
    let until_quiet = async { while let Ok(Some(())) = timeout(QUIET, woken.recv()).await {} };
    let _ = timeout(PATIENCE, until_quiet).await;
    true
}

/// The folder that a file stands in, and where it is a link the one that it leads to.
pub fn folders_of(file: &Path) -> impl Iterator<Item = PathBuf> {
    let real = file.canonicalize().ok().map(|file| folder_of(&file));
    std::iter::once(folder_of(file)).chain(real)
}

/// The folder that a file stands in.
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
