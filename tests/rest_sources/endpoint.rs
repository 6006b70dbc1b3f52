//! An endpoint of a REST service: which request it takes, and what it answers.
//!
//! **In:** a request. **Out:** the JSON of the answer, made of what a strict subgraph knows; or what is wrong with
//! the request.
//!
//! **Never here:** HTTP (`server`), the text of the directive (`connectors`).
//!
//! **Holds:** it takes nothing that its connector does not say.
//!
//! **Read first:** [`Endpoint::answer`].

use std::cell::Cell;

use oracle::{Chance, Request, StrictSubgraph};
use serde_json::{Map, Value, json};

use super::inputs::{Carrier, Input, Received, Values};
use super::selection::Wrapped;

/// An endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) coordinate: String,
    pub(crate) method: &'static str,
    pub(crate) asked: Asked,
    pub(crate) inputs: Vec<Input>,
    pub(crate) wrapped: Wrapped,
    pub(crate) max_batch: Option<usize>,
    /// Headers that have to be there.
    pub(crate) headers: Vec<(String, String)>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// A field of a root type: the keyword, the field, the arguments with their types.
    Root(&'static str, String, Vec<(String, String)>),
    /// An object of a type; `$args` name it, if it is asked as a field of `Query`.
    Entity(String),
    /// Objects of a type.
    Batch(String),
    /// A field of an object.
    Field(String, String, Vec<(String, String)>),
}

/// What an endpoint says.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) body: Value,
    /// Whether it says that there is nothing.
    pub(crate) is_nothing: bool,
    /// Whether there is more that it has no words for: objects or values of a field that another subgraph took over, of
    /// types that only the other one knows.
    pub(crate) is_partial: bool,
    /// The keys of the objects that were asked for.
    pub(crate) objects: Vec<String>,
}

impl Endpoint {
    /// Answers a request from what the subgraph knows.
    pub(crate) fn answer(
        &self,
        received: &Received,
        truth: &StrictSubgraph,
        chance: &mut Chance,
    ) -> Result<Answer, String> {
        let values = self.read(received)?;
        let is_partial = Cell::new(false);
        let representation = |ty: &str, members: &Map<String, Value>| {
            let mut all = members.clone();
            all.insert("__typename".to_owned(), ty.into());
            Value::Object(all)
        };
        let query = self.wrapped.shape.query();
        let rest = |value: &Value| self.wrapped.shape.rest(value);
        let (value, objects) = match &self.asked {
            Asked::Root(keyword, field, arguments) => {
                let (declared, given) = arguments_of(arguments, &values.args);
                let declared = if declared.is_empty() { declared } else { format!("({declared})") };
                let text = format!("{keyword}{declared} {{ it: {field}{given}{query} }}");
                (rest(&ask(truth, &is_partial, text, values.args.clone())?), Vec::new())
            }
            Asked::Entity(ty) => {
                let members = if values.this.is_empty() { &values.args } else { &values.this };
                let text = format!(
                    "query($r: [_Any!]!) {{ it: _entities(representations: $r) {{ ... on {ty}{query} }} }}"
                );
                let representations = json!([representation(ty, members)]);
                let found = ask(
                    truth,
                    &is_partial,
                    text,
                    Map::from_iter([("r".to_owned(), representations)]),
                )?;
                (rest(&found[0]), vec![Value::Object(members.clone()).to_string()])
            }
            Asked::Batch(ty) => {
                let asked = &values.batch;
                let objects: Vec<String> =
                    asked.iter().map(|it| Value::Object(it.clone()).to_string()).collect();
                self.check_batch(&objects)?;
                let text = format!(
                    "query($r: [_Any!]!) {{ it: _entities(representations: $r) {{ ... on {ty}{query} }} }}"
                );
                let all = asked.iter().map(|members| representation(ty, members)).collect();
                let found = ask(truth, &is_partial, text, Map::from_iter([("r".to_owned(), all)]))?;
                let mut items: Vec<Value> =
                    found.as_array().into_iter().flatten().map(rest).collect();
                shuffle(&mut items, chance);
                (Value::Array(items), objects)
            }
            Asked::Field(ty, field, arguments) => {
                let (declared, given) = arguments_of(arguments, &values.args);
                let text = format!(
                    "query($r: [_Any!]! {declared}) {{ it: _entities(representations: $r) \
                     {{ ... on {ty} {{ it: {field}{given}{query} }} }} }}"
                );
                let mut variables = values.args.clone();
                variables.insert("r".to_owned(), json!([representation(ty, &values.this)]));
                let found = ask(truth, &is_partial, text, variables)?;
                (rest(&found[0]["it"]), Vec::new())
            }
        };
        let is_nothing = value.is_null();
        let (body, is_partial) = (self.wrapped.body(value), is_partial.get());
        Ok(Answer { body, is_nothing, is_partial, objects })
    }

    fn read(&self, received: &Received) -> Result<Values, String> {
        let mut left = received.clone();
        if received.method != self.method {
            return Err(format!("the method is {}, not {}", received.method, self.method));
        }
        for (name, value) in &self.headers {
            if !received.headers.iter().any(|(n, v)| n == name && v == value) {
                return Err(format!("the header `{name}: {value}` is missing"));
            }
        }
        let mut values = Values::default();
        let (segments, others): (Vec<&Input>, Vec<&Input>) =
            self.inputs.iter().partition(|input| input.carrier == Carrier::Segment);
        for input in &segments {
            input.read(&mut left, &mut values)?;
        }
        if !segments.is_empty() && (left.segments.is_empty() || left.segments.remove(0) != "end") {
            return Err(format!("the path is {}", received.uri));
        }
        for input in others {
            input.read(&mut left, &mut values)?;
        }
        match left.segments.is_empty() && left.query.is_empty() {
            true => Ok(values),
            false => {
                Err(format!("there is more than it takes: {:?} {:?}", left.segments, left.query))
            }
        }
    }

    fn check_batch(&self, objects: &[String]) -> Result<(), String> {
        if self.max_batch.is_some_and(|max| objects.len() > max) {
            return Err(format!("{} objects are too many", objects.len()));
        }
        let mut sorted = objects.to_vec();
        sorted.sort();
        sorted.dedup();
        match sorted.len() == objects.len() && !objects.is_empty() {
            true => Ok(()),
            false => Err(format!("an object is asked for twice, or none: {objects:?}")),
        }
    }
}

fn shuffle(items: &mut [Value], chance: &mut Chance) {
    for last in (1..items.len()).rev() {
        items.swap(last, chance.below(last + 1));
    }
}

/// Declarations and arguments for those that are given.
fn arguments_of(declared: &[(String, String)], given: &Map<String, Value>) -> (String, String) {
    let here = declared.iter().filter(|(name, _)| given.contains_key(name));
    let declared = here.clone().map(|(name, ty)| format!("${name}: {ty}"));
    let passed: Vec<String> = here.map(|(name, _)| format!("{name}: ${name}")).collect();
    let declared = declared.collect::<Vec<_>>().join(" ");
    match passed.is_empty() {
        true => (declared, String::new()),
        false => (declared, format!("({})", passed.join(", "))),
    }
}

fn ask(
    truth: &StrictSubgraph,
    is_partial: &Cell<bool>,
    text: String,
    variables: Map<String, Value>,
) -> Result<Value, String> {
    let request = Request::new(text).with_variables(Value::Object(variables));
    let mut answer = truth.answer(&request);
    let errors = answer["errors"].as_array().into_iter().flatten();
    let foreign = ["is not a possible type of", "is not a value of `O`"];
    let is_foreign = |message: &str| foreign.iter().any(|words| message.contains(words));
    let mut messages = errors.filter_map(|error| error["message"].as_str());
    if let Some(message) = messages.clone().find(|message| !is_foreign(message)) {
        // The message first, by which failures are told apart.
        let errors = &answer["errors"];
        return Err(format!("{message}: the service cannot answer {}: {errors}", request.query));
    }
    is_partial.set(is_partial.get() || messages.next().is_some());
    Ok(answer["data"]["it"].take())
}
