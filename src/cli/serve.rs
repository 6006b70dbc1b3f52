//! `graphloom serve`: a gateway until it is told to stop.
//!
//! **In:** a configuration file. **Out:** a gateway; log lines on standard output.
//!
//! **Never here:** serving (`gateway`).
//!
//! **Holds:** the first SIGTERM or Ctrl-C drains; a second one ends at once.
//!
//! **Read first:** [`serve`].

use std::path::Path;
use std::sync::Arc;

use super::{Exit, terminal};
use crate::config::{LogFormat, Settings};
use crate::gateway::{Gateway, Running};
use crate::telemetry::{Json, Sink, Text, lines_to};

/// Serves a configuration.
pub(super) fn serve(configuration: &Path) -> Exit {
    let settings = match Settings::load(configuration) {
        Ok(settings) => settings,
        Err(errors) => return terminal::config_errors(&errors),
    };
    let lines = lines_to(std::io::stdout());
    let log: Arc<dyn Sink> = match settings.telemetry.log_format {
        LogFormat::Json => Arc::new(Json(lines)),
        LogFormat::Text => Arc::new(Text(lines)),
    };
    with_runtime(async {
        match Gateway::start(settings, log).await {
            Ok(mut running) => {
                until_told_to_stop(&mut running).await;
                Exit::Done
            }
            Err(error) => terminal::start_error(&error),
        }
    })
}

/// Runs a future on all processors.
pub(super) fn with_runtime<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("threads can be started")
        .block_on(future)
}

/// Waits for a signal, then drains; a second signal cuts the draining short.
pub(super) async fn until_told_to_stop(running: &mut Running) {
    told_to_stop().await;
    tokio::select! {
        () = running.shutdown() => {}
        () = told_to_stop() => {}
    }
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};

    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
