//! How values travel in a request: in the path, the query, a header, the body; as they are, or as JSON.
//!
//! **In:** what a connector reads, a chance. **Out:** the texts of the directive; and the values again, read from a
//! request.
//!
//! **Never here:** what is asked with them (`endpoint`).
//!
//! **Holds:** null and absent differ, and both arrive: where a text cannot tell, JSON is sent.
//!
//! **Read first:** [`Input`].

use bytes::Bytes;
use oracle::Chance;
use serde_json::{Map, Value};

/// A value that a request carries.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) of: Of,
    pub(crate) way: Vec<String>,
    pub(crate) carrier: Carrier,
    /// Its name in the request.
    pub(crate) name: String,
    pub(crate) form: Form,
    /// Whether it has to be there.
    pub(crate) is_needed: bool,
}

/// Whose value it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    Args,
    This,
    Batch,
}

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carrier {
    /// A segment of the path.
    Segment,
    /// A segment that `path` gives.
    PathItem,
    /// In the query of the URL.
    Query,
    /// In the query that `queryParams` gives.
    QueryParams,
    Header,
    Body,
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Text,
    Number,
    Json,
    /// The value itself, in a body.
    Value,
    /// Values between commas.
    Joined,
    /// Values one after the other.
    Repeated,
    /// Objects, in a body.
    Objects,
}

/// A request as the service gets it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) uri: String,
    /// Behind the name of the endpoint, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// What was read from a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub(crate) args: Map<String, Value>,
    pub(crate) this: Map<String, Value>,
    pub(crate) batch: Vec<Map<String, Value>>,
}

const CARRIERS: [Carrier; 6] = [
    Carrier::Segment,
    Carrier::PathItem,
    Carrier::Query,
    Carrier::QueryParams,
    Carrier::Header,
    Carrier::Body,
];

impl Input {
    /// A value of `$args`, of this type.
    pub(crate) fn argument(
        (name, ty, has_default): (&str, &apollo_compiler::ast::Type, bool),
        number: usize,
        has_body: bool,
        chance: &mut Chance,
    ) -> Self {
        let is_plain = ty.is_non_null() && chance.percent(60) && !ty.is_list();
        let text = match ty.inner_named_type().as_str() {
            "Int" => Form::Number,
            _ => Form::Text,
        };
        let mut this = Self::new(Of::Args, vec![name.to_owned()], number, has_body, chance);
        this.is_needed = has_default;
        if this.carrier == Carrier::PathItem && !is_plain {
            // What is null there makes no segment.
            this.carrier = Carrier::Segment;
        }
        this.form = match this.form {
            Form::Value => Form::Value,
            _ if is_plain => text,
            _ => Form::Json,
        };
        this
    }

    /// A leaf of `$this`.
    pub(crate) fn leaf(way: &[String], number: usize, has_body: bool, chance: &mut Chance) -> Self {
        let mut this = Self::new(Of::This, way.to_vec(), number, has_body, chance);
        this.is_needed = true;
        this
    }

    /// All of `$batch`.
    pub(crate) fn batch(key: &[Vec<String>], has_body: bool, chance: &mut Chance) -> Self {
        let mut this = Self::new(Of::Batch, Vec::new(), 0, has_body, chance);
        this.is_needed = true;
        if let ([leaf], false) = (key, has_body && chance.percent(30)) {
            this.way.clone_from(leaf);
            (this.carrier, this.form) = match (has_body, chance.below(3)) {
                (true, _) => (Carrier::Body, Form::Value),
                (false, 0) => (Carrier::Query, Form::Joined),
                (false, 1) => (Carrier::Segment, Form::Joined),
                (false, _) => (Carrier::QueryParams, Form::Repeated),
            };
        } else {
            (this.carrier, this.form) = (Carrier::Body, Form::Objects);
        }
        this
    }

    fn new(of: Of, way: Vec<String>, number: usize, has_body: bool, chance: &mut Chance) -> Self {
        let carriers = if has_body { &CARRIERS[..] } else { &CARRIERS[..5] };
        let carrier = *chance.pick(carriers);
        let form = match carrier {
            Carrier::Body => Form::Value,
            _ => Form::Text,
        };
        let name = format!("{}{number}", if of == Of::Args { "a" } else { "k" });
        Self { of, way, carrier, name, form, is_needed: false }
    }

    /// The expression that makes it, without braces.
    pub(crate) fn expression(&self, key: &[Vec<String>]) -> String {
        let way: String = self.way.iter().map(|name| format!(".{name}")).collect();
        match (self.of, self.form) {
            (Of::Args, Form::Json) => format!("$args{way}->jsonStringify"),
            (Of::Args, _) => format!("$args{way}"),
            (Of::This, _) => format!("$this{way}"),
            (Of::Batch, Form::Joined) => format!("$batch{way}->joinNotNull(',')"),
            (Of::Batch, Form::Objects) => format!("$batch {{ {} }}", members(key)),
            (Of::Batch, _) => format!("$batch{way}"),
        }
    }

    /// Reads it from a request.
    pub(crate) fn read(&self, from: &mut Received, into: &mut Values) -> Result<(), String> {
        let found = match self.carrier {
            Carrier::Segment | Carrier::PathItem => match from.segments.is_empty() {
                true => None,
                false => Some(Value::from(from.segments.remove(0))),
            },
            Carrier::Query | Carrier::QueryParams => self.of_query(from),
            Carrier::Header => {
                let name = format!("x-{}", self.name);
                let header = from.headers.iter().find(|(known, _)| *known == name);
                header.map(|(_, value)| Value::from(value.as_str()))
            }
            Carrier::Body => {
                let body: Value = serde_json::from_slice(&from.body)
                    .map_err(|error| format!("the body is not JSON: {error}"))?;
                body.get(&self.name).cloned()
            }
        };
        let value = match found {
            Some(found) => self.decode(found)?,
            None => None,
        };
        match value {
            Some(value) => self.put(value, into),
            None if self.is_needed => Err(format!("`{}` is missing", self.expression(&[]))),
            None => Ok(()),
        }
    }

    fn of_query(&self, from: &mut Received) -> Option<Value> {
        let (own, others) =
            from.query.drain(..).partition::<Vec<_>, _>(|(name, _)| *name == self.name);
        from.query = others;
        let mut values = own.into_iter().map(|(_, value)| Value::from(value));
        match self.form {
            Form::Repeated => Some(values.collect()),
            _ => values.next().filter(|_| values.next().is_none()),
        }
    }

    fn decode(&self, found: Value) -> Result<Option<Value>, String> {
        let text = found.as_str().unwrap_or_default().to_owned();
        let not = |what: &str| format!("`{}` is {found}, not {what}", self.name);
        Ok(Some(match self.form {
            Form::Value | Form::Repeated | Form::Objects => found,
            _ if text.is_empty() => return Ok(None),
            Form::Text => found,
            Form::Number => text.parse::<i64>().map_err(|_| not("a number"))?.into(),
            Form::Json => serde_json::from_str(&text).map_err(|_| not("JSON"))?,
            Form::Joined => text.split(',').map(Value::from).collect(),
        }))
    }

    fn put(&self, value: Value, into: &mut Values) -> Result<(), String> {
        match self.of {
            Of::Args => drop(into.args.insert(self.way[0].clone(), value)),
            Of::This => set(&mut into.this, &self.way, value),
            Of::Batch => {
                let Value::Array(items) = value else { return Err("the batch is no list".into()) };
                for item in items {
                    let mut object = Map::new();
                    match (item, self.form) {
                        (Value::Object(members), Form::Objects) => object = members,
                        (item, _) => set(&mut object, &self.way, item),
                    }
                    into.batch.push(object);
                }
            }
        }
        Ok(())
    }
}

/// The members of an element of `$batch`: `id w { id }`.
fn members(key: &[Vec<String>]) -> String {
    let mut out: Vec<String> = Vec::new();
    for leaf in key.iter().filter(|leaf| leaf.len() == 1) {
        out.push(leaf[0].clone());
    }
    let mut above: Vec<&String> = key.iter().filter(|it| it.len() > 1).map(|it| &it[0]).collect();
    above.dedup();
    for name in above {
        let below = key.iter().filter(|it| it.len() > 1 && it[0] == *name);
        let below: Vec<Vec<String>> = below.map(|it| it[1..].to_vec()).collect();
        out.push(format!("{name} {{ {} }}", members(&below)));
    }
    out.join(" ")
}

fn set(object: &mut Map<String, Value>, way: &[String], value: Value) {
    let [name, rest @ ..] = way else { return };
    if rest.is_empty() {
        object.insert(name.clone(), value);
        return;
    }
    let below = object.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(below) = below {
        set(below, rest, value);
    }
}
