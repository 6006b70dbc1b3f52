//! What a caller is told whose request is not admitted.
//!
//! **In:** the limit that has not as much as the request costs. **Out:** [`Refused`]: a code, a sentence that is
//! safe to show, and when to try again.
//!
//! **Never here:** status codes (`server::reply`).
//!
//! **Holds:** it names policies, which the configuration did, and never the key of a caller.
//!
//! **Read first:** [`Refused`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use serde_json::{Value, json};

/// Why a request is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which of the limits.
    pub why: WhyRefused,
    /// The policy, as the headers name it.
    pub policy: Arc<str>,
    /// What the request costs.
    pub cost: u64,
    /// What the caller has left.
    pub remaining: u64,
    /// When the caller will have as much; none if never.
    pub retry_after: Option<Duration>,
    /// What all limits of the door have left.
    pub standing: Standing,
}

/// Which limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyRefused {
    /// How fast the caller may spend.
    RateLimit,
    /// How much the caller may spend in a day or a month.
    Quota,
    /// How many requests of the caller may be under way.
    TooManyOfCaller,
    /// How many requests of all callers may be under way.
    TooMany,
    /// Nobody knows: the store does not answer.
    Store,
}

/// The headers that tell a caller where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// `RateLimit-Policy`.
    pub policy: Option<HeaderValue>,
    /// `RateLimit`.
    pub limit: Option<HeaderValue>,
}

impl WhyRefused {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::RateLimit => "RATE_LIMITED",
            Self::Quota => "QUOTA_EXCEEDED",
            Self::TooManyOfCaller | Self::TooMany => "CONCURRENCY_LIMITED",
            Self::Store => "RATE_LIMIT_UNAVAILABLE",
        }
    }
}

impl Refused {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        self.why.code()
    }

    /// What a GraphQL error says of it besides.
    pub fn extensions(&self) -> Value {
        json!({
            "code": self.code(),
            "policy": self.policy,
            "cost": self.cost,
            "remaining": self.remaining,
            "retry_after": self.retry_after_seconds(),
        })
    }

    /// Whether the caller could do something about it.
    pub fn is_of_caller(&self) -> bool {
        !matches!(self.why, WhyRefused::TooMany | WhyRefused::Store)
    }

    /// When to try again, in whole seconds.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.retry_after?;
        Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).map(|seconds| seconds.max(1))
    }
}

/// One sentence that is safe to show to a stranger.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, cost, remaining, .. } = self;
        match (self.why, self.retry_after_seconds()) {
            (WhyRefused::TooManyOfCaller, _) => {
                write!(f, "too many of your requests are under way, by `{policy}`")
            }
            (WhyRefused::TooMany, _) => write!(f, "too many requests are under way, by `{policy}`"),
            (WhyRefused::Store, _) => {
                write!(f, "it cannot be found out now what `{policy}` has left for you")
            }
            (_, Some(seconds)) => write!(
                f,
                "the request costs {cost} and `{policy}` has {remaining} left; try again in {seconds} s"
            ),
            (_, None) => {
                write!(f, "the request costs {cost}, more than `{policy}` ever lets pass at once")
            }
        }
    }
}

impl std::error::Error for Refused {}
