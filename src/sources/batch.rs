//! Asks for many entities at once, and gives each answer to whom it belongs.
//!
//! **In:** the representations of all groups of a fetch. **Out:** the entities of each, in their order.
//!
//! **Never here:** one request (`errand`).
//!
//! **Holds:** equal representations are asked for once, whichever groups they come from. Answers are matched by
//! the key fields, in any order; numbers match their text, as values of `ID` do. An entity that no answer has
//! is null. A request that fails costs its own entities, with one error a group.
//!
//! **Read first:** [`answer`].

use std::collections::HashMap;

use composition::ConnectorKind;
use futures_util::future::join_all;
use mapping::{Json, Value, View};

use super::ask::{Response, members, representations};
use super::errand::{Done, Errand, Errands, Sent};
use super::failure::{Failure, Step};
use super::program::{EntityProgram, FetchProgram, GroupProgram};
use super::seen::Notes;

/// Whoever asks for an entity: a group, and the place among its representations.
type Asker = (usize, usize);

/// What came of one request: for each of its askers, the bytes of the entity.
type Found = Vec<(Asker, Vec<u8>)>;

/// Answers the entity groups of a fetch.
pub(super) async fn answer(
    errands: &Errands<'_>,
    program: &FetchProgram,
    variables: &Json<'_>,
    response: &mut Response,
    requests: &mut Vec<Sent>,
) {
    let groups: Vec<&EntityProgram> = program
        .groups
        .iter()
        .filter_map(|group| match group {
            GroupProgram::Entities(entities) => Some(entities),
            GroupProgram::Root(_) => None,
        })
        .collect();
    let ConnectorKind::Batch { key, .. } = &errands.source.connector.kind else { return };
    let asked = gather(&groups, variables, key);
    let size = errands.source.connector.max_batch.map_or(usize::MAX, |max| max.get());
    let chunks: Vec<&[Wanting<'_>]> = asked.chunks(size.min(asked.len()).max(1)).collect();
    let chunk = |chunk| Chunk { errands, program, groups: &groups, key, asked: chunk };
    let answers = join_all(chunks.iter().map(|asked| chunk(*asked).ask())).await;
    let mut entities: Vec<Vec<Option<Vec<u8>>>> =
        groups.iter().map(|group| vec![None; representations(variables, group).len()]).collect();
    let mut failures: Vec<Vec<Failure>> = vec![Vec::new(); groups.len()];
    for (Done { result, sent }, chunk) in answers.into_iter().zip(&chunks) {
        requests.extend(sent);
        match result.and_then(|found| found) {
            Ok(found) => {
                for ((group, at), bytes) in found {
                    entities[group][at] = Some(bytes);
                }
            }
            Err(failure) => {
                for (group, failures) in failures.iter_mut().enumerate() {
                    let asks =
                        |wanting: &Wanting<'_>| wanting.askers.iter().any(|it| it.0 == group);
                    if chunk.iter().any(asks) {
                        failures.push(failure.clone());
                    }
                }
            }
        }
    }
    for ((group, entities), failures) in groups.iter().zip(entities).zip(failures) {
        response.open_list(&group.alias);
        for (at, entity) in entities.into_iter().enumerate() {
            response.item(at, entity.map(Ok), &[]);
        }
        response.close_list();
        for failure in failures {
            response.error(&failure, &[Step::Name(&group.alias)]);
        }
    }
}

/// A representation, and who asks for it.
struct Wanting<'v> {
    represented: &'v Json<'v>,
    /// Its key, as text.
    key: String,
    askers: Vec<Asker>,
}

/// All representations, equal ones together.
fn gather<'v>(
    groups: &[&EntityProgram],
    variables: &'v Json<'v>,
    key: &[Vec<String>],
) -> Vec<Wanting<'v>> {
    let mut all: Vec<Wanting<'v>> = Vec::new();
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (group, entities) in groups.iter().enumerate() {
        for (at, represented) in representations(variables, entities).iter().enumerate() {
            let key = key_text(&Value::of(represented), key).unwrap_or_default();
            let same = known.entry(key.clone()).or_default();
            // One key may come with different values of what is required besides.
            match same.iter().find(|&&known| all[known].represented == represented) {
                Some(&found) => all[found].askers.push((group, at)),
                None => {
                    same.push(all.len());
                    all.push(Wanting { represented, key, askers: vec![(group, at)] });
                }
            }
        }
    }
    all
}

/// One request of a batch.
struct Chunk<'c> {
    errands: &'c Errands<'c>,
    program: &'c FetchProgram,
    groups: &'c [&'c EntityProgram],
    key: &'c [Vec<String>],
    asked: &'c [Wanting<'c>],
}

impl Chunk<'_> {
    async fn ask(self) -> Done<Result<Found, Failure>> {
        let batch = self.asked.iter().map(|it| Json::Object(members(it.represented))).collect();
        let errand = Errand {
            batch: Some(Json::Array(batch)),
            n_entities: self.asked.len(),
            ..Errand::default()
        };
        let mut make = |value: Option<&Value<'_>>, notes: &mut Notes| self.deal(value, notes);
        self.errands.run(&errand, &self.program.batch, &mut make).await
    }

    /// Gives each element to those whose key it has.
    fn deal(&self, value: Option<&Value<'_>>, notes: &mut Notes) -> Result<Found, Failure> {
        let elements = match value.map(Value::view) {
            Some(View::Array(elements)) => elements,
            None | Some(View::Null) => return Ok(Vec::new()),
            Some(_) => return Err(Failure::no_list(self.errands.source, None)),
        };
        let mut by_key: HashMap<String, Value<'_>> = HashMap::with_capacity(elements.len());
        for element in elements.iter() {
            if let Some(key) = key_text(&element, self.key) {
                by_key.entry(key).or_insert(element);
            }
        }
        let supergraph = self.errands.asking.supergraph;
        if notes.is_wanted {
            for group in self.groups {
                for element in elements.iter() {
                    group.form.compare(&element, "@", supergraph, &mut notes.mismatched);
                }
            }
        }
        let mut found = Vec::with_capacity(self.asked.len());
        for wanting in self.asked {
            let Some(element) = by_key.get(&wanting.key) else { continue };
            for &(group, at) in &wanting.askers {
                let mut bytes = Vec::new();
                let form = &self.groups[group].form;
                form.write(element, Some(wanting.represented), supergraph, &mut bytes);
                found.push(((group, at), bytes));
            }
        }
        Ok(found)
    }
}

/// The values of key fields as one text; none if one is missing or null.
fn key_text(object: &Value<'_>, key: &[Vec<String>]) -> Option<String> {
    let mut text = String::new();
    for path in key {
        push_leaf(object, path, &mut text)?;
    }
    Some(text)
}

fn push_leaf(value: &Value<'_>, path: &[String], text: &mut String) -> Option<()> {
    if let View::Array(elements) = value.view() {
        text.push('[');
        for element in elements.iter() {
            push_leaf(&element, path, text)?;
        }
        text.push(']');
        return Some(());
    }
    if let Some((first, rest)) = path.split_first() {
        return push_leaf(&value.get(first)?, rest, text);
    }
    let leaf = match value.view() {
        View::String(leaf) => leaf.to_owned(),
        View::Null | View::Object(_) => return None,
        _ => value.to_json(),
    };
    // With its length, so that no two keys have one text.
    text.push_str(&format!("{}:{leaf}", leaf.len()));
    Some(())
}
