//! `graphloom compose`: the supergraph of a configuration, or every reason why there is none.
//!
//! **In:** a configuration file. **Out:** supergraph SDL; hints beside it.
//!
//! **Never here:** composition (`graph::load`, which the gateway uses too).

use std::path::Path;

use super::{Exit, terminal};
use crate::config::Settings;
use crate::graph;

pub(super) fn compose(configuration: &Path, output: Option<&Path>) -> Exit {
    let settings = match Settings::load(configuration) {
        Ok(settings) => settings,
        Err(errors) => return terminal::config_errors(&errors),
    };
    let loaded = match graph::load(&settings.supergraph) {
        Ok(loaded) => loaded,
        Err(problem) => return terminal::problem(&problem),
    };
    for hint in &loaded.hints {
        terminal::complain(hint);
    }
    let Some(file) = output else { return terminal::print(&loaded.sdl) };
    match std::fs::write(file, &loaded.sdl) {
        Ok(()) => {
            terminal::say(&format!("wrote {}", file.display()));
            Exit::Done
        }
        Err(error) => terminal::failure(&format!("cannot write `{}`: {error}", file.display())),
    }
}
