//! Answers a fetch as the subgraph would that a connector stands for.
//!
//! **In:** a [`Call`] to a connector's subgraph. **Out:** [`RestAnswer`]: a GraphQL response, and what is to be told of
//! the requests.
//!
//! **Never here:** one call (`errand`), the entities of a batch (`batch`).
//!
//! **Holds:** calls of a query run side by side, those of a mutation one after another, in the order of the
//! text. What fails is null, with an error at its own place; its neighbors stay.
//!
//! **Read first:** [`ask`].

use std::borrow::Cow;

use bytes::Bytes;
use composition::ConnectorKind;
use execution::{Answer, Call, CallKind, ResponseParts};
use futures_util::future::join_all;
use mapping::{Json, Value, Wanted};

use super::Asking;
use super::arguments::borrowed;
use super::batch;
use super::errand::{Done, Errand, Errands, Sent};
use super::failure::{Failure, Step};
use super::form::{key, separate};
use super::program::{Called, EntityProgram, FetchProgram, GroupProgram};
use super::seen::Notes;
use super::source::RestSource;

/// What came of a call.
pub struct RestAnswer {
    /// For the execution.
    pub answer: Answer,
    /// The requests that were sent for it.
    pub requests: Vec<Sent>,
}

/// One call, and what its result is.
struct Part<'p> {
    errand: Errand<'p>,
    form: PartForm<'p>,
}

#[derive(Clone, Copy)]
enum PartForm<'p> {
    /// The value of a field.
    Field(&'p Called),
    /// An entity, as this representation has it.
    Entity(&'p EntityProgram, &'p Json<'p>),
}

/// The bytes of a value, or why there are none.
pub(super) type Written = Result<Vec<u8>, Failure>;

/// Does what a call asks.
pub async fn ask(call: Call, source: &RestSource, asking: &Asking<'_>) -> RestAnswer {
    let Call { fetch: id, kind, body, .. } = call;
    let fetch = &asking.plan.fetches[id];
    let read = || FetchProgram::read(asking.plan, fetch, asking.supergraph, &source.connector);
    let errands = Errands { source, asking, fetch: id, kind };
    let mut requests = Vec::new();
    let mut response = Response::default();
    if let Some(program) = asking.programs.of(id, read) {
        let body = body.into_bytes();
        let variables = variables(&body);
        match source.is_batch() {
            true => {
                batch::answer(&errands, program, &variables, &mut response, &mut requests).await
            }
            false => answer(&errands, program, &variables, &mut response, &mut requests).await,
        }
    }
    let parts = ResponseParts { status: 200, body: response.finish() };
    RestAnswer { answer: Answer::Response(parts), requests }
}

/// The variables of a request.
fn variables(body: &[u8]) -> Json<'_> {
    let wanted = Wanted::members([("variables", Wanted::All)]);
    // The body is the executor's own.
    match Json::read_only(body, &wanted) {
        Ok(Json::Object(members)) => {
            members.into_iter().next().map_or_else(Json::default, |(_, value)| value)
        }
        _ => Json::default(),
    }
}

async fn answer(
    errands: &Errands<'_>,
    program: &FetchProgram,
    variables: &Json<'_>,
    response: &mut Response,
    requests: &mut Vec<Sent>,
) {
    let mut parts = Vec::new();
    for group in &program.groups {
        match group {
            GroupProgram::Root(fields) => {
                for called in fields {
                    let args = called.arguments(None).values(variables);
                    let errand = Errand { args, ..Errand::default() };
                    parts.push(Part { errand, form: PartForm::Field(called) });
                }
            }
            GroupProgram::Entities(entities) => {
                for represented in representations(variables, entities) {
                    parts_of_entity(errands, entities, represented, variables, &mut parts);
                }
            }
        }
    }
    let mut written = Vec::with_capacity(parts.len());
    if errands.kind == CallKind::Mutation || parts.len() == 1 {
        for part in &parts {
            written.push(part.run(errands).await);
        }
    } else {
        written = join_all(parts.iter().map(|part| part.run(errands))).await;
    }
    let mut written = written.into_iter().map(|Done { result, sent }| {
        requests.extend(sent);
        result
    });
    for group in &program.groups {
        match group {
            GroupProgram::Root(fields) => {
                for called in fields {
                    let name = &called.form.response_name;
                    response.field(name, written.next(), &[Step::Name(name)]);
                }
            }
            GroupProgram::Entities(entities) => {
                write_entities(errands, entities, variables, &mut written, response);
            }
        }
    }
}

/// The calls for one entity.
fn parts_of_entity<'p>(
    errands: &Errands<'_>,
    entities: &'p EntityProgram,
    represented: &'p Json<'p>,
    variables: &'p Json<'p>,
    parts: &mut Vec<Part<'p>>,
) {
    let errand = |args| Errand { args, this: Some(represented), batch: None, n_entities: 1 };
    match errands.source.connector.kind {
        ConnectorKind::Field { .. } => {
            let ty = typename(represented);
            for (_, called) in &entities.called {
                let args = called.arguments(ty).values(variables);
                parts.push(Part { errand: errand(args), form: PartForm::Field(called) });
            }
        }
        ConnectorKind::EntityByQuery { .. } => {
            let mut members = members(represented);
            entities.defaults.complete(&mut members, variables);
            let errand = Errand { this: None, ..errand(Json::Object(members)) };
            parts.push(Part { errand, form: PartForm::Entity(entities, represented) });
        }
        ConnectorKind::RootField { .. }
        | ConnectorKind::Entity { .. }
        | ConnectorKind::Batch { .. } => {
            let form = PartForm::Entity(entities, represented);
            parts.push(Part { errand: errand(Json::Null), form });
        }
    }
}

fn write_entities(
    errands: &Errands<'_>,
    entities: &EntityProgram,
    variables: &Json<'_>,
    written: &mut impl Iterator<Item = Written>,
    response: &mut Response,
) {
    let alias = Step::Name(&entities.alias);
    response.open_list(&entities.alias);
    for (i, represented) in representations(variables, entities).iter().enumerate() {
        if !matches!(errands.source.connector.kind, ConnectorKind::Field { .. }) {
            response.item(i, written.next(), &[alias, Step::Index(i)]);
            continue;
        }
        let mut called = entities.called.iter().peekable();
        let mut errors = Vec::new();
        let mut out = Vec::new();
        let own = |_: &str| None;
        let instead = |at: usize, out: &mut Vec<u8>| {
            // Fields that its type lacks are not written; they were asked for nevertheless.
            while called.next_if(|(field, _)| *field < at).is_some() {
                written.next();
            }
            let Some((_, field)) = called.next_if(|(field, _)| *field == at) else { return false };
            match written.next() {
                Some(Ok(value)) => out.extend_from_slice(&value),
                Some(Err(failure)) => {
                    errors.push((failure, &field.form.response_name));
                    out.extend_from_slice(b"null");
                }
                None => out.extend_from_slice(b"null"),
            }
            true
        };
        let supergraph = errands.asking.supergraph;
        entities.form.write_object(own, Some(represented), instead, supergraph, &mut out);
        for _ in called {
            written.next();
        }
        response.item(i, Some(Ok(out)), &[]);
        for (failure, name) in errors {
            response.error(&failure, &[alias, Step::Index(i), Step::Name(name)]);
        }
    }
    response.close_list();
}

impl Part<'_> {
    async fn run(&self, errands: &Errands<'_>) -> Done<Vec<u8>> {
        let supergraph = errands.asking.supergraph;
        let reading = match self.form {
            PartForm::Field(called) => &called.reading,
            PartForm::Entity(entities, _) => &entities.reading,
        };
        let mut make = |value: Option<&Value<'_>>, notes: &mut Notes| {
            if let (true, Some(value)) = (notes.is_wanted, value) {
                let found = &mut notes.mismatched;
                match self.form {
                    PartForm::Field(called) => called.form.compare(value, "", supergraph, found),
                    PartForm::Entity(entities, _) => {
                        entities.form.compare(value, "", supergraph, found);
                    }
                }
            }
            let mut out = Vec::new();
            match (self.form, value) {
                (PartForm::Field(called), value) => {
                    called.form.write(value, supergraph, &mut out);
                }
                (PartForm::Entity(entities, represented), Some(value)) => {
                    entities.form.write(value, Some(represented), supergraph, &mut out);
                }
                (PartForm::Entity(..), None) => out.extend_from_slice(b"null"),
            }
            out
        };
        errands.run(&self.errand, reading, &mut make).await
    }
}

/// The representations that a group asks about.
pub(super) fn representations<'v>(
    variables: &'v Json<'v>,
    entities: &EntityProgram,
) -> &'v [Json<'v>] {
    match variables.get(&entities.variable) {
        Some(Json::Array(representations)) => representations,
        _ => &[],
    }
}

/// The members of a representation that are the object's own.
pub(super) fn members<'v>(represented: &'v Json<'v>) -> Vec<(Cow<'v, str>, Json<'v>)> {
    let Json::Object(members) = represented else { return Vec::new() };
    let own = members.iter().filter(|(name, _)| name != "__typename");
    own.map(|(name, value)| (Cow::Borrowed(&**name), borrowed(value))).collect()
}

fn typename<'v>(represented: &'v Json<'v>) -> Option<&'v str> {
    match represented.get("__typename") {
        Some(Json::String(name)) => Some(name),
        _ => None,
    }
}

/// A GraphQL response while it is written.
#[derive(Default)]
pub(super) struct Response {
    data: Vec<u8>,
    errors: Vec<u8>,
    n_fields: usize,
}

impl Response {
    /// A field of the root.
    fn field(&mut self, name: &str, value: Option<Written>, path: &[Step<'_>]) {
        self.open(name);
        self.value(value, path);
    }

    /// A field of the root that is a list.
    pub(super) fn open_list(&mut self, name: &str) {
        self.open(name);
        self.data.push(b'[');
    }

    /// An item of that list.
    pub(super) fn item(&mut self, at: usize, value: Option<Written>, path: &[Step<'_>]) {
        separate(at, &mut self.data);
        self.value(value, path);
    }

    pub(super) fn close_list(&mut self) {
        self.data.push(b']');
    }

    pub(super) fn error(&mut self, failure: &Failure, path: &[Step<'_>]) {
        separate(self.errors.len(), &mut self.errors);
        failure.write(path, &mut self.errors);
    }

    fn open(&mut self, name: &str) {
        separate(self.n_fields, &mut self.data);
        self.n_fields += 1;
        self.data.extend_from_slice(&key(name));
    }

    fn value(&mut self, value: Option<Written>, path: &[Step<'_>]) {
        match value {
            Some(Ok(value)) => self.data.extend_from_slice(&value),
            Some(Err(failure)) => {
                self.data.extend_from_slice(b"null");
                self.error(&failure, path);
            }
            None => self.data.extend_from_slice(b"null"),
        }
    }

    fn finish(self) -> Bytes {
        let mut body = Vec::with_capacity(self.data.len() + self.errors.len() + 24);
        body.extend_from_slice(b"{\"data\":{");
        body.extend_from_slice(&self.data);
        body.push(b'}');
        if !self.errors.is_empty() {
            body.extend_from_slice(b",\"errors\":[");
            body.extend_from_slice(&self.errors);
            body.push(b']');
        }
        body.push(b'}');
        body.into()
    }
}
