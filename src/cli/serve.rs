//! `graphloom serve`: a gateway until it is told to stop.
//!
//! **In:** a configuration file. **Out:** a gateway; its access log on standard output, its
//! diagnostics on standard error.
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
use crate::telemetry::{Json, Lines, Sink, Text, lines_to, subscriber};

/// Serves a configuration.
pub(super) fn serve(configuration: &Path) -> Exit {
    let settings = match Settings::load(configuration) {
        Ok(settings) => settings,
        Err(errors) => return terminal::config_errors(&errors),
    };
    let (access_log, diagnostics) = (lines_to(std::io::stdout()), lines_to(std::io::stderr()));
    let format = settings.telemetry.log_format;
    let lines = diagnostics.clone();
    let subscriber = subscriber(settings.telemetry.log_filter.clone(), move |event| {
        lines.line(event.line(format));
    });
    tracing::subscriber::set_global_default(subscriber).expect("a process serves once");
    let log: Arc<dyn Sink> = match format {
        LogFormat::Json => Arc::new(Json(access_log.clone())),
        LogFormat::Text => Arc::new(Text(access_log.clone())),
    };
    let file = configuration.to_owned();
    let read = Arc::new(move |text: &str| Settings::parse(&file, text));
    // Clients are served by the workers; what is left needs no more threads.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let exit = runtime.expect("a process can poll").block_on(async {
        match Gateway::start_following(settings, log, read).await {
            Ok(mut running) => {
                until_told_to_stop(&mut running).await;
                Exit::Done
            }
            Err(error) => terminal::start_error(&error),
        }
    });
    access_log.flush();
    diagnostics.flush();
    exit
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
