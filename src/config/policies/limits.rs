//! What a request may be: `limits` of a policy.
//!
//! **In:** `limits` of each policy that applies to a door.
//! **Out:** [`Limits`]: the strictest of all, defaults where none speaks.
//!
//! **Never here:** enforcing (`operation` measures operations, `pipeline` costs, `server` bodies); the bounds
//! of the server itself (`config::limits`).
//!
//! **Holds:** what a policy only measures never refuses anything, and loosens nothing that another enforces.
//!
//! **Read first:** [`Limits::strictest`].

use schemars::JsonSchema;
use serde::Deserialize;

use super::Door;
use crate::config::quantity::RawSize;
use crate::config::report::{Key, Problems};

/// `limits` of a policy as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub(in crate::config) struct RawLimits {
    /// Whether an operation beyond a limit is refused (`enforce`), or runs and is told by the log and the
    /// metrics (`measure`). Bodies and batches are refused in either mode. Default: `enforce`.
    pub mode: Option<RawMode>,
    /// How deep an operation's fields may nest, fragments included. Default: 30.
    pub depth: Option<u32>,
    /// How many fields an operation may select, those of a fragment at each place where it is spread.
    /// Default: 100000.
    pub height: Option<u32>,
    /// How many fields of an operation may have an alias. Default: none.
    pub aliases: Option<u32>,
    /// How many fields an operation may select at its root. Default: none.
    pub root_fields: Option<u32>,
    /// How many directives an operation may apply. Default: none.
    pub directives: Option<u32>,
    /// How many items the lists in arguments and in variables may have together. Default: none.
    pub list_arguments: Option<u32>,
    /// How many tokens a document may have. Default: 20000.
    pub tokens: Option<u32>,
    /// What an operation may cost. Default: none.
    pub cost: Option<u64>,
    /// How many operations one request may carry, as an array of them. Default: 1, and no array.
    pub batch: Option<u32>,
    /// How large a request's body may be. Default: `2MB` on `/graphql`, `10MB` on routes.
    pub body: Option<RawSize>,
}

/// `mode` as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LimitMode")]
pub(in crate::config) enum RawMode {
    Enforce,
    Measure,
}

/// What a request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens of a document.
    pub tokens: u32,
    /// Bytes of a request's body.
    pub body: usize,
    /// Operations of a request.
    pub batch: u32,
    /// Beyond these, an operation is refused.
    pub enforced: Bounds,
    /// Beyond these, it is told.
    pub measured: Bounds,
}

/// Bounds of an operation; none where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// How deep fields nest.
    pub depth: Option<u64>,
    /// Fields.
    pub height: Option<u64>,
    /// Fields with an alias.
    pub aliases: Option<u64>,
    /// Fields at the root.
    pub root_fields: Option<u64>,
    /// Directives.
    pub directives: Option<u64>,
    /// Items of lists in arguments and variables.
    pub list_arguments: Option<u64>,
    /// Tokens of the document, where they are only measured.
    pub tokens: Option<u64>,
    /// What it costs.
    pub cost: Option<u64>,
}

/// What one policy says; none where it is silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SaidLimits {
    tokens: Option<u32>,
    body: Option<usize>,
    batch: Option<u32>,
    enforced: Bounds,
    measured: Bounds,
}

impl Limits {
    /// Limits for what is no request of a stranger: only what protects the process bounds it.
    pub const fn of_nobody(tokens: u32) -> Self {
        Self {
            tokens,
            body: usize::MAX,
            batch: 1,
            enforced: Bounds::none(),
            measured: Bounds::none(),
        }
    }

    /// What all that is said comes to.
    pub(super) fn strictest<'a>(
        door: Door,
        said: impl Iterator<Item = &'a SaidLimits> + Clone,
    ) -> Self {
        let body = if door == Door::Graphql { 2_000_000 } else { 10_000_000 };
        let mut enforced = said.clone().fold(Bounds::none(), |all, one| all.and(&one.enforced));
        enforced.depth.get_or_insert(30);
        // Fragments in fragments may stand for more fields than a machine can hold.
        enforced.height.get_or_insert(100_000);
        Self {
            enforced,
            measured: said.clone().fold(Bounds::none(), |all, one| all.and(&one.measured)),
            tokens: said.clone().filter_map(|said| said.tokens).min().unwrap_or(20_000),
            batch: said.clone().filter_map(|said| said.batch).min().unwrap_or(1),
            body: said.filter_map(|said| said.body).min().unwrap_or(body),
        }
    }

    /// Whether anybody limits what operations cost.
    pub fn limits_cost(&self) -> bool {
        self.enforced.cost.is_some() || self.measured.cost.is_some()
    }
}

impl Bounds {
    const fn none() -> Self {
        Self {
            depth: None,
            height: None,
            aliases: None,
            root_fields: None,
            directives: None,
            list_arguments: None,
            tokens: None,
            cost: None,
        }
    }

    fn and(self, other: &Self) -> Self {
        let less = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Self {
            depth: less(self.depth, other.depth),
            height: less(self.height, other.height),
            aliases: less(self.aliases, other.aliases),
            root_fields: less(self.root_fields, other.root_fields),
            directives: less(self.directives, other.directives),
            list_arguments: less(self.list_arguments, other.list_arguments),
            tokens: less(self.tokens, other.tokens),
            cost: less(self.cost, other.cost),
        }
    }
}

impl RawLimits {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> SaidLimits {
        // Without these, nothing could pass.
        let at_least_one = [
            ("depth", self.depth),
            ("height", self.height),
            ("root_fields", self.root_fields),
            ("tokens", self.tokens),
            ("batch", self.batch),
        ];
        for (step, value) in at_least_one {
            if value == Some(0) {
                let fix = "write 1 or more, or leave the key out for the default";
                problems.add(&key.then(step), "nothing could pass this limit", fix);
            }
        }
        let body = self.body.and_then(|body| body.settle(&key.then("body"), problems));
        let mut bounds = Bounds {
            depth: self.depth.map(u64::from),
            height: self.height.map(u64::from),
            aliases: self.aliases.map(u64::from),
            root_fields: self.root_fields.map(u64::from),
            directives: self.directives.map(u64::from),
            list_arguments: self.list_arguments.map(u64::from),
            tokens: self.tokens.map(u64::from),
            cost: self.cost,
        };
        if self.mode == Some(RawMode::Measure) {
            let (body, batch) = (body, self.batch);
            return SaidLimits { body, batch, measured: bounds, ..SaidLimits::default() };
        }
        // The parser counts them.
        bounds.tokens = None;
        SaidLimits {
            tokens: self.tokens,
            body,
            batch: self.batch,
            enforced: bounds,
            measured: Bounds::none(),
        }
    }
}
