//! Watches the files of the graph and loads it anew as they change.
//!
//! **In:** notices from the file system. **Out:** a replaced graph, or the problem of the change.
//!
//! **Never here:** how a graph is made (`graph`).
//!
//! **Holds:** folders are watched, not files: editors replace files, and mounted configuration is
//! swapped by a link. Notices only wake; the texts decide, so that a save without a change does nothing.
//!
//! **Read first:** [`watch`].

use std::sync::Arc;
use std::time::Duration;

use notify::{Event as Notice, EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::load::{Loaded, folders, texts};
use super::{GraphInForce, Workshop, load_now};
use crate::telemetry::{Event, Level};

/// Watches until it is dropped.
pub struct Watch {
    _watcher: Option<notify::RecommendedWatcher>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How long the files must be quiet: one save may be several notices, one change several files.
const QUIET: Duration = Duration::from_millis(60);

pub(super) fn watch(graph: Arc<GraphInForce>, workshop: Workshop, loaded: Loaded) -> Watch {
    let (wake, woken) = mpsc::channel(1);
    let watcher = watcher(&workshop, wake);
    let task = tokio::spawn(follow(graph, workshop, loaded, woken));
    Watch { _watcher: watcher, task }
}

fn watcher(workshop: &Workshop, wake: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let notice = move |notice: notify::Result<Notice>| {
        if notice.is_ok_and(|notice| !matches!(notice.kind, EventKind::Access(_))) {
            // A full channel has woken already.
            let _ = wake.try_send(());
        }
    };
    let watched = notify::recommended_watcher(notice).and_then(|mut watcher| {
        for folder in folders(&workshop.settings.supergraph) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    });
    watched
        .inspect_err(|error| {
            let event = Event::new(Level::Warn, "schema files are not watched")
                .with("error", error.to_string());
            workshop.telemetry.log.event(&event);
        })
        .ok()
}

async fn follow(
    graph: Arc<GraphInForce>,
    workshop: Workshop,
    loaded: Loaded,
    mut woken: mpsc::Receiver<()>,
) {
    let mut in_force = loaded.texts;
    let mut last = in_force.clone();
    while woken.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, woken.recv()).await {}
        let settings = Arc::clone(&workshop.settings);
        let read = tokio::task::spawn_blocking(move || texts(&settings.supergraph)).await;
        let now = match read {
            Ok(Ok(now)) => now,
            Ok(Err(problem)) => {
                last.clear();
                graph.refuse(&workshop, Arc::new(problem));
                continue;
            }
            Err(_) => continue,
        };
        if now == last {
            continue;
        }
        last.clone_from(&now);
        if now == in_force {
            graph.mend(&workshop);
            continue;
        }
        match load_now(&workshop).await {
            Ok(loaded) => {
                graph.replace(&workshop, &loaded).await;
                if graph.problem().is_none() {
                    in_force = loaded.texts;
                }
            }
            Err(problem) => graph.refuse(&workshop, problem),
        }
    }
}
