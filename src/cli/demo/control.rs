//! Stops, starts, slows and breaks the example servers while they run.
//!
//! **In:** `POST /demo/SERVICE/ACTION`, through a route of the gateway. **Out:** one line that says
//! what was done, or what could be.
//!
//! **Never here:** the servers themselves (`subgraphs`).
//!
//! **Read first:** [`Action::parse`].

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use subgraphs::{Running, Service};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What can be done to a server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Stop,
    Start,
    Slow(Duration),
    Fail(f64),
}

const HELP: &str =
    "POST /demo/SERVICE/ACTION: stop, start, slow/300ms, slow/0ms, fail/20%, fail/0%\n";

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, running: Arc<Running>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let running = Arc::clone(&running);
                let service = service_fn(move |request| answer(request, Arc::clone(&running)));
                // A connection that ends badly is the client's to notice.
                connections.spawn(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    running: Arc<Running>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), parse(request.uri().path())) {
        (&Method::POST, Ok((service, action))) => match act(&running, service, action).await {
            Ok(()) => (StatusCode::OK, said(service, action)),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{service}: {error}\n")),
        },
        (_, Ok(_)) => (StatusCode::METHOD_NOT_ALLOWED, HELP.to_owned()),
        (_, Err(problem)) => (StatusCode::NOT_FOUND, format!("{problem}\n{HELP}")),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    Ok(response)
}

async fn act(running: &Running, service: Service, action: Action) -> std::io::Result<()> {
    let server = running.server(service);
    match action {
        Action::Stop => server.stop().await,
        Action::Start => return server.restart().await,
        Action::Slow(delay) => server.set_delay(delay),
        Action::Fail(fraction) => server.set_fail(fraction),
    }
    Ok(())
}

fn said(service: Service, action: Action) -> String {
    match action {
        Action::Stop => format!("{service} is stopped\n"),
        Action::Start => format!("{service} runs\n"),
        Action::Slow(Duration::ZERO) => format!("{service} answers at once\n"),
        Action::Slow(delay) => format!("{service} waits {delay:?} before each answer\n"),
        Action::Fail(fraction) => {
            format!("{service} fails {}% of its requests\n", fraction * 100.0)
        }
    }
}

fn parse(path: &str) -> Result<(Service, Action), String> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["demo", service, action @ ..] = parts.as_slice() else {
        return Err(format!("nothing is at `{path}`"));
    };
    let service: Service = service.parse().map_err(|error| format!("{error}"))?;
    Ok((service, Action::parse(action)?))
}

impl Action {
    fn parse(words: &[&str]) -> Result<Self, String> {
        match words {
            ["stop"] => Ok(Self::Stop),
            ["start"] => Ok(Self::Start),
            ["slow", delay] => parse_delay(delay).map(Self::Slow),
            // In a path `%` is written `%25`; few people do.
            ["fail", part] => parse_fraction(&part.replace("%25", "%")).map(Self::Fail),
            words => Err(format!("`{}` is nothing that can be done", words.join("/"))),
        }
    }
}

/// `300ms` or `1.5s`.
pub(super) fn parse_delay(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration such as `300ms` or `1.5s`");
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())
}

/// `20%`, as a fraction of 1.
pub(super) fn parse_fraction(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a part from `0%` to `100%`");
    let number: f64 = text.strip_suffix('%').ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
    if (0.0..=100.0).contains(&number) { Ok(number / 100.0) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use subgraphs::Service;

    use super::{Action, parse, parse_delay, parse_fraction};

    #[test]
    fn paths_name_a_service_and_an_action() {
        let reviews = |action| Ok((Service::Reviews, action));
        assert_eq!(parse("/demo/reviews/stop"), reviews(Action::Stop));
        assert_eq!(parse("/demo/reviews/start"), reviews(Action::Start));
        let slow = Action::Slow(Duration::from_millis(300));
        assert_eq!(parse("/demo/reviews/slow/300ms"), reviews(slow));
        assert_eq!(parse("/demo/reviews/fail/20%25"), reviews(Action::Fail(0.2)));
        for wrong in ["/demo/shop/stop", "/demo/reviews", "/demo/reviews/dance", "/reviews/stop"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn quantities_have_units() {
        assert_eq!(parse_delay("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(parse_fraction("100%"), Ok(1.0));
        assert!(parse_delay("300").is_err() && parse_delay("-1s").is_err());
        assert!(parse_fraction("0.2").is_err() && parse_fraction("101%").is_err());
    }
}
