//! The gateway's own calls to issuers: for keys, for their configuration, about tokens.
//!
//! **In:** an address. **Out:** the bytes of the answer, or why there is none.
//!
//! **Never here:** calls on behalf of clients (`upstream`).
//!
//! **Holds:** an answer is bounded in time and size. No redirect is followed: what a configuration names is
//! asked, and nobody else. Errors name no credential.

use std::sync::LazyLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use thiserror::Error;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

/// Why an issuer gave no answer.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each says itself what it is")]
pub enum ControlError {
    #[error("the trusted certificates of the system cannot be read")]
    Trust,
    #[error("cannot ask `{url}`: {why}")]
    Call { url: Url, why: String },
    #[error("`{url}` answered with status {status}")]
    Status { url: Url, status: u16 },
    #[error("`{url}` did not answer in time")]
    Time { url: Url },
    #[error("the answer of `{url}` is larger than {MAX_ANSWER} bytes")]
    Size { url: Url },
}

/// Larger than any key set.
const MAX_ANSWER: usize = 1024 * 1024;

/// Asks for a document.
pub async fn get(url: &Url, within: Duration) -> Result<Vec<u8>, ControlError> {
    let request = client()?.get(url.clone()).header("accept", "application/json");
    send(request, url, within).await
}

/// Asks by a form, as a client with a secret (RFC 6749, section 2.3.1).
pub async fn post(
    url: &Url,
    (id, secret): (&str, &str),
    form: &[(&str, &str)],
    within: Duration,
) -> Result<Vec<u8>, ControlError> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client()?
        .post(url.clone())
        .basic_auth(encoded(id), Some(encoded(secret)))
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    send(request, url, within).await
}

async fn send(
    request: RequestBuilder,
    url: &Url,
    within: Duration,
) -> Result<Vec<u8>, ControlError> {
    let answer = tokio::time::timeout(within, async {
        let why =
            |error: reqwest::Error| ControlError::Call { url: url.clone(), why: reason(&error) };
        let mut response = request.send().await.map_err(why)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(ControlError::Status { url: url.clone(), status });
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(why)? {
            if body.len() + piece.len() > MAX_ANSWER {
                return Err(ControlError::Size { url: url.clone() });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    });
    answer.await.unwrap_or_else(|_| Err(ControlError::Time { url: url.clone() }))
}

/// One client for all: the system's certificates are read once.
fn client() -> Result<&'static Client, ControlError> {
    static CLIENT: LazyLock<Option<Client>> = LazyLock::new(|| {
        // Connections are not kept: calls are rare, and each may come from another runtime.
        let builder = Client::builder().redirect(Policy::none()).no_proxy();
        builder.pool_max_idle_per_host(0).build().ok()
    });
    CLIENT.as_ref().ok_or(ControlError::Trust)
}

/// The innermost cause: the outer ones only say that there is one.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
