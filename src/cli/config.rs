//! `graphloom config`: the schema of the configuration file, and a check without a start.
//!
//! **In:** a configuration file. **Out:** JSON Schema, or what is wrong.
//!
//! **Never here:** reading schemas of subgraphs (`compose` does).

use std::path::Path;

use super::{Exit, terminal};
use crate::config::{Settings, json_schema};
use crate::gateway::StartError;
use crate::server::certificates;

pub(super) fn schema() -> Exit {
    terminal::print(&json_schema())
}

pub(super) fn validate(configuration: &Path) -> Exit {
    match Settings::load(configuration) {
        Ok(settings) => {
            for tls in settings.listen.tls().flatten() {
                if let Err(error) = certificates::check(tls) {
                    return terminal::start_error(&StartError::Tls(error));
                }
            }
            terminal::say(&format!("{} is valid", configuration.display()));
            Exit::Done
        }
        Err(errors) => terminal::config_errors(&errors),
    }
}
