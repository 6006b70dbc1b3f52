//! Masks: which values callers may not see as they are, and what stands instead.
//!
//! **In:** `masks` of the file and of routes. **Out:** [`FieldMask`]s for the GraphQL door, [`PathMask`]s for
//! the REST door.
//!
//! **Never here:** whether the schema has such fields (`graph`), applying masks (`masks`, `execution`).
//!
//! **Holds:** a mask speaks of one thing and does one thing.
//!
//! **Read first:** [`settle`].

use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{ConfigError, Key, Problems};
use crate::expressions::{Condition, Phase};
use crate::masks::{Action, HashKey, JsonPath, Mask, PathMask, quoted};

/// One of `masks` as written: exactly one of `field` and `path`, and exactly one of `remove`, `replace`,
/// `keep_last` and `hash`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mask")]
pub(super) struct RawMask {
    /// A field of the graph: `Card.number`. A field of an interface stands for those of its types.
    pub field: Option<String>,
    /// A path to values in the answers of routes: `$..card`, `$.items[*].number`, `$['a name']`.
    pub path: Option<String>,
    /// Takes the value away: a field of the graph is null, a member or an item of a route's answer is left out.
    pub remove: Option<bool>,
    /// What stands instead.
    pub replace: Option<String>,
    /// How many of its last characters stay behind `****`.
    pub keep_last: Option<usize>,
    /// A keyed hash stands instead, the same for the same value.
    pub hash: Option<RawHash>,
    /// For whom the mask does nothing: an expression over `request` and `consumer`; of a field also over `operation`, of a path also over `route`. What cannot be decided hides.
    pub unless: Option<String>,
}

/// `hash` of a mask as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MaskHash")]
pub(super) struct RawHash {
    /// The key of HMAC with SHA-256, 16 bytes or more: `${MASK_KEY}` or `${file:mask.key}`.
    pub key: Option<String>,
}

/// A mask for a field of the graph.
#[derive(Debug, Clone)]
pub struct FieldMask {
    /// The type, an object or an interface.
    pub ty: String,
    /// Its field.
    pub field: String,
    /// What becomes of its values.
    pub mask: Mask,
    /// The text of `replace`, for the type of the field decides how it is written.
    pub replacement: Option<String>,
    /// Where it stands in the file.
    pub place: ConfigError,
}

/// The shortest key of a hash: one that is shorter can be tried out.
const MIN_KEY: usize = 16;

/// The masks of the file: of fields, and of paths.
pub(super) fn settle(
    raw: Option<Vec<RawMask>>,
    problems: &mut Problems<'_>,
) -> (Vec<FieldMask>, Vec<PathMask>) {
    let key = Key::default().then("masks");
    let (mut fields, mut paths) = (Vec::new(), Vec::new());
    for (i, raw) in raw.unwrap_or_default().into_iter().enumerate() {
        let key = key.then(i);
        match (raw.field.clone(), raw.path.clone()) {
            (Some(field), None) => fields.extend(raw.settle_field(&field, &key, problems)),
            (None, Some(path)) => paths.extend(raw.settle_path(&path, &key, problems)),
            _ => {
                let fix = "write exactly one of `field: Type.field` and `path: \"$..name\"`";
                problems.add(&key, "the mask does not speak of one thing", fix);
            }
        }
    }
    (fields, paths)
}

/// The masks of a route.
pub(super) fn settle_of_route(
    raw: Option<Vec<RawMask>>,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Vec<PathMask> {
    let key = key.then("masks");
    let mut paths = Vec::new();
    for (i, raw) in raw.unwrap_or_default().into_iter().enumerate() {
        let key = key.then(i);
        match (&raw.field, raw.path.clone()) {
            (None, Some(path)) => paths.extend(raw.settle_path(&path, &key, problems)),
            _ => {
                let fix = "write `path: \"$..name\"`; masks of fields stand at the top";
                problems.add(&key, "the mask of a route speaks of no path", fix);
            }
        }
    }
    paths
}

impl RawMask {
    fn settle_field(
        self,
        field: &str,
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> Option<FieldMask> {
        let coordinate = field.split_once('.').filter(|(_, field)| !field.contains('.'));
        if coordinate.is_none() {
            let fix = "write the type and the field: `Card.number`";
            problems.add(&key.then("field"), format!("`{field}` is not a field"), fix);
        }
        let (replacement, has_key) = (self.replace.clone(), self.hash.is_some());
        let mask = self.settle(Phase::Planned, key, problems);
        let ((ty, field), mut place) = (coordinate?, problems.place(&key.then("field")));
        if has_key {
            // The key may stand in the same line, and what is wrong with a graph is told to many.
            place.source_line.clear();
        }
        Some(FieldMask {
            ty: ty.to_owned(),
            field: field.to_owned(),
            mask: mask?,
            replacement,
            place,
        })
    }

    fn settle_path(self, path: &str, key: &Key, problems: &mut Problems<'_>) -> Option<PathMask> {
        let path = JsonPath::parse(path);
        if let Err(error) = &path {
            problems.add(&key.then("path"), error.to_string(), JsonPath::FIX);
        }
        let mask = self.settle(Phase::Route, key, problems);
        Some(PathMask { path: path.ok()?, mask: mask? })
    }

    fn settle(self, phase: Phase, key: &Key, problems: &mut Problems<'_>) -> Option<Mask> {
        let unless = match self.unless.map(|text| Condition::compile(&text, phase)) {
            Some(Err(error)) => {
                problems.add(&key.then("unless"), error.to_string(), error.fix());
                return None;
            }
            Some(Ok(condition)) => Some(condition),
            None => None,
        };
        let action = match (self.remove, self.replace, self.keep_last, self.hash) {
            (Some(true), None, None, None) => Action::Remove,
            (None, Some(text), None, None) => Action::Replace(quoted(&text)),
            (None, None, Some(kept), None) => Action::KeepLast(kept),
            (None, None, None, Some(hash)) => {
                let bytes = hash.key.unwrap_or_default().into_bytes();
                if bytes.len() < MIN_KEY {
                    let fix = format!(
                        "write `hash: {{ key: \"${{MASK_KEY}}\" }}`, with a secret of {MIN_KEY} bytes or more"
                    );
                    problems.add(&key.then("hash"), "the hash has no key, or a short one", fix);
                    return None;
                }
                Action::Hash(HashKey::new(&bytes))
            }
            _ => {
                let fix = "write exactly one of `remove: true`, `replace: TEXT`, `keep_last: N` and \
                           `hash: { key: ... }`";
                problems.add(key, "the mask does not do one thing", fix);
                return None;
            }
        };
        Some(Mask { action, unless })
    }
}
