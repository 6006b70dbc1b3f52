//! Watches the files of the graph and the configuration, and puts what changes in force.
//!
//! **In:** notices from the file system. **Out:** a replaced graph, new rooms if the configuration changed;
//! or the problem of the change.
//!
//! **Never here:** how a graph is made (`graph`), what else a configuration decides (whoever gave the
//! [`Configuration`]).
//!
//! **Holds:** notices only wake; the texts decide, so that a save without a change does nothing.
//!
//! **Read first:** [`Follower::look`].

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::load::{Loaded, folders, texts};
use super::problem::Problem;
use super::{GraphInForce, Workshop, load_now};
use crate::config::{ConfigErrors, Settings};
use crate::folders::{Folders, changed, folder_of};

/// How a change of the configuration file is followed.
pub struct Configuration {
    /// Makes settings of the file's text.
    pub read: ReadConfiguration,
    /// Takes the workshop of the settings whose graph has just been put in force.
    pub furnish: Box<dyn Fn(&Workshop) + Send + Sync>,
}

/// Makes settings of the text of a configuration file.
pub type ReadConfiguration = Arc<dyn Fn(&str) -> Result<Settings, ConfigErrors> + Send + Sync>;

/// Watches until it is dropped.
pub struct Watch {
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watches what the workshop's settings name; without a `configuration`, its file is left alone.
pub(super) fn watch(
    graph: Arc<GraphInForce>,
    workshop: Workshop,
    loaded: Loaded,
    configuration: Option<Configuration>,
) -> Watch {
    let (wake, woken) = mpsc::channel(1);
    let in_force =
        Texts { configuration: Arc::clone(workshop.settings.text.shared()), schemas: loaded.texts };
    let mut folders = Folders::new(wake.clone());
    folders.add(folders_of(&workshop.settings, configuration.is_some()));
    // What changed before the folders were watched is found now.
    let _ = wake.try_send(());
    let last = Some(in_force.clone());
    let follower = Follower { graph, workshop, configuration, folders, in_force, last };
    Watch { task: tokio::spawn(follower.follow(woken)) }
}

/// What a graph was made of, to the letter.
#[derive(Clone, PartialEq)]
struct Texts {
    configuration: Arc<str>,
    schemas: Vec<(PathBuf, String)>,
}

struct Follower {
    graph: Arc<GraphInForce>,
    /// Of the settings in force.
    workshop: Workshop,
    configuration: Option<Configuration>,
    folders: Folders,
    in_force: Texts,
    /// What was looked at last; none if it could not be read.
    last: Option<Texts>,
}

impl Follower {
    async fn follow(mut self, mut woken: mpsc::Receiver<()>) {
        while changed(&mut woken).await {
            if let Err(problem) = self.look().await {
                self.graph.refuse(&self.workshop, problem);
            }
        }
    }

    /// Reads everything, and acts if it is not what was read last.
    async fn look(&mut self) -> Result<(), Arc<Problem>> {
        let last = self.last.take();
        let configuration = self.configuration_text().await?;
        let is_seen = |schemas: &[_]| {
            last.as_ref()
                .is_some_and(|last| last.configuration == configuration && last.schemas == schemas)
        };
        let workshop = match self.workshop_for(&configuration) {
            Ok(workshop) => workshop,
            Err(problem) => {
                let is_seen = is_seen(&[]);
                self.last = Some(Texts { configuration, schemas: Vec::new() });
                return if is_seen { Ok(()) } else { Err(problem) };
            }
        };
        self.folders.add(folders_of(&workshop.settings, self.configuration.is_some()));
        let settings = Arc::clone(&workshop.settings);
        let read = tokio::task::spawn_blocking(move || texts(&settings.supergraph)).await;
        let schemas = read.map_err(|panic| Problem::bug(&panic)).flatten().map_err(Arc::new)?;
        let is_seen = is_seen(&schemas);
        let now = Texts { configuration, schemas };
        self.last = Some(now.clone());
        if is_seen {
            return Ok(());
        }
        if now == self.in_force {
            self.graph.mend();
            return Ok(());
        }
        let loaded = load_now(&workshop).await?;
        self.graph.replace(&workshop, &loaded).await?;
        if now.configuration != self.in_force.configuration {
            if let Some(configuration) = &self.configuration {
                (configuration.furnish)(&workshop);
            }
            self.workshop = workshop;
        }
        self.in_force = Texts { schemas: loaded.texts, ..now };
        Ok(())
    }

    async fn configuration_text(&self) -> Result<Arc<str>, Arc<Problem>> {
        if self.configuration.is_none() {
            return Ok(Arc::clone(&self.in_force.configuration));
        }
        let file = &self.workshop.settings.file;
        let read = tokio::fs::read_to_string(file).await;
        read.map(Arc::from).map_err(|error| Arc::new(Problem::unreadable(file, &error)))
    }

    fn workshop_for(&self, text: &Arc<str>) -> Result<Workshop, Arc<Problem>> {
        match &self.configuration {
            Some(configuration) if *text != self.in_force.configuration => {
                let settings = (configuration.read)(text);
                let settings =
                    settings.map_err(|errors| Arc::new(Problem::of_configuration(&errors)))?;
                Ok(self.workshop.renewed(settings))
            }
            _ => Ok(self.workshop.clone()),
        }
    }
}

/// All whose entries decide what the settings mean.
fn folders_of(settings: &Settings, with_configuration: bool) -> Vec<PathBuf> {
    let mut folders = folders(&settings.supergraph);
    folders.extend(with_configuration.then(|| folder_of(&settings.file)));
    folders
}
