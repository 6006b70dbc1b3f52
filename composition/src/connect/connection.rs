//! Reads `@connect`.
//!
//! **In:** the directive's arguments, what it stands on, the sources of its subgraph. **Out:** the
//! [`Settled`] connectors that it is; problems.
//!
//! **Never here:** rules about all connectors of a subgraph (`coverage`), virtual subgraphs
//! (`expand`).
//!
//! **Holds:** `entity: true` makes two of one directive: the field, and the objects.
//!
//! **Read first:** [`connection`].
//!
//! Spec: <https://specs.apollo.dev/connect/v0.4#@connect>

use std::num::NonZeroUsize;
use std::sync::Arc;

use mapping::{Checked, Connector as On, Mapping, Place as Where, UrlKind, Variable, Version};

use super::arguments::Arguments;
use super::connector::{
    Connector, ConnectorKind, ErrorMapping, Header, Method, Request, RootOperation, Source,
};
use super::entity;
use super::given::{Given, MAX_UNKNOWN, Position};
use super::headers::headers;
use super::key::{KeyFields, Lookup};
use super::problem::{Place, Problem};
use super::shapes;
use super::source::{Responses, segments_and_query};
use super::texts::{Texts, Use};
use crate::codes::ErrorCode;
use crate::schema::{FieldDef, TypeDef, Types};
use crate::words;

/// What a directive stands on.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    Field(&'a TypeDef, &'a FieldDef),
    Type(&'a TypeDef),
}

/// One `@connect`, where it stands.
pub(super) struct Site<'a> {
    pub(super) target: Target<'a>,
    pub(super) coordinate: &'a str,
    /// Which of the directives there it is.
    pub(super) index: usize,
    pub(super) arguments: Arguments<'a>,
}

/// What every directive of a subgraph is read with.
pub(super) struct Surroundings<'a> {
    pub(super) subgraph: &'a str,
    pub(super) version: Version,
    pub(super) types: &'a Types,
    pub(super) sources: &'a [Arc<Source>],
    /// The names of all sources, those included with which something is wrong.
    pub(super) source_names: &'a [&'a str],
    /// Whether fields may be gone, because others took them over by `@override`.
    pub(super) is_merged: bool,
}

/// A connector with what it needs and gives.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) connector: Connector,
    /// What has to be known before it is asked; empty for root fields.
    pub(super) key: KeyFields,
    /// The objects that it gives.
    pub(super) given: Vec<Position>,
}

impl<'a> Target<'a> {
    pub(super) fn ty(self) -> &'a TypeDef {
        match self {
            Self::Field(ty, _) | Self::Type(ty) => ty,
        }
    }

    fn kind(self) -> On {
        match self {
            Self::Field(ty, _) if ty.is_root() => On::RootField,
            Self::Field(..) => On::Field,
            Self::Type(_) => On::Type,
        }
    }
}

/// All arguments of `@connect`.
pub(super) const ARGUMENTS: [&str; 8] =
    ["source", "id", "http", "batch", "errors", "isSuccess", "selection", "entity"];

/// Reads one `@connect`; nothing where it cannot work.
pub(super) fn connection(
    site: &Site<'_>,
    around: &Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Settled> {
    let before = problems.len();
    if !may_stand_there(site, problems) {
        return Vec::new();
    }
    let mut texts = texts_of(site, around, problems);
    let arguments = &site.arguments;
    arguments.only(&ARGUMENTS, texts.problems);
    let id = arguments.text("id", texts.problems);
    if let Some(id) = id.filter(|id| apollo_compiler::Name::new(id.text).is_err()) {
        let message = format!("`{}` is no name for a connector", id.text);
        let code = ErrorCode::InvalidConnectorIdName;
        let problem = arguments.problem(code, Place::node(id.node), message);
        texts.problems.push(problem.fix("write a name of letters, digits and `_`"));
    }
    let source = source_of(site, around, texts.problems);
    let on = site.target.kind();
    let request = request(site, source.as_deref(), &mut texts);
    let responses = Responses::read(arguments, Where::Response(on), &mut texts);
    let batch = arguments.object("batch", texts.problems);
    let max_batch = batch.and_then(|batch| {
        batch.only(&["maxSize"], texts.problems);
        batch.whole_number("maxSize", texts.problems).and_then(NonZeroUsize::new)
    });
    let without_request = arguments.get("http").is_none();
    let selection = selection(site, without_request, &mut texts);
    let Texts { reads, .. } = texts;
    let Some((selection, checked)) = selection else { return Vec::new() };
    let given = given(site, around, &checked, problems);
    let mut lookup = Lookup { types: around.types, coordinate: site.coordinate, problems };
    let needs = entity::needs(site, &mut lookup, &reads, &checked);
    if problems.len() > before {
        return Vec::new();
    }
    let source_ref = source.as_deref();
    let errors = ErrorMapping {
        message: responses.message.or_else(|| source_ref.and_then(|it| it.error_message.clone())),
        extensions: source_ref
            .and_then(|it| it.error_extensions.clone())
            .into_iter()
            .chain(responses.extensions)
            .collect(),
    };
    let is_success =
        responses.is_success.or_else(|| source_ref.and_then(|it| it.is_success.clone()));
    let settle = |(kind, key): (ConnectorKind, KeyFields)| Settled {
        connector: Connector {
            subgraph: around.subgraph.to_owned(),
            coordinate: site.coordinate.to_owned(),
            index: site.index,
            id: id.map(|id| id.text.to_owned()),
            version: around.version,
            source: source.clone(),
            request: request.clone(),
            selection: selection.clone(),
            max_batch,
            is_success: is_success.clone(),
            errors: errors.clone(),
            kind,
        },
        key,
        given: given.clone(),
    };
    needs.into_iter().map(settle).collect()
}

fn texts_of<'p>(
    site: &Site<'_>,
    around: &Surroundings<'_>,
    problems: &'p mut Vec<Problem>,
) -> Texts<'p> {
    let types = around.types;
    let mut variables = Vec::new();
    let of_object = |ty: &TypeDef| shapes::of_object(types, &ty.fields);
    match site.target {
        Target::Field(ty, field) => {
            variables.push((Variable::Args, shapes::of_arguments(types, &field.arguments)));
            variables.push((Variable::This, of_object(ty)));
        }
        Target::Type(ty) => {
            variables.push((Variable::This, of_object(ty)));
            variables.push((Variable::Batch, mapping::Shape::list(of_object(ty))));
        }
    }
    let coordinate = site.coordinate.to_owned();
    Texts { version: around.version, coordinate, variables, reads: Vec::new(), problems }
}

/// Whether a connector may stand on this at all.
fn may_stand_there(site: &Site<'_>, problems: &mut Vec<Problem>) -> bool {
    let ty = site.target.ty();
    let (code, message, fix) = match site.target {
        Target::Field(..) if ty.is_root() && ty.name == "Subscription" => (
            ErrorCode::SubscriptionInConnectors,
            format!("`{}` is a subscription, and a connector answers once", site.coordinate),
            "connect a query or a mutation".to_owned(),
        ),
        Target::Field(..) if ty.kind == crate::schema::Kind::Interface => (
            ErrorCode::ConnectorsUnsupportedAbstractType,
            format!("`{}` belongs to an interface", site.coordinate),
            format!(
                "put `@connect` on the fields of the implementing types, or make `{}` an \
                 `@interfaceObject`",
                ty.name
            ),
        ),
        Target::Type(_) if ty.is_root() => (
            ErrorCode::ConnectOnRoot,
            format!("`{}` is a root type, and there is no request for all of it", ty.name),
            "put `@connect` on its fields".to_owned(),
        ),
        _ => return true,
    };
    problems.push(site.arguments.problem(code, site.arguments.place(), message).fix(fix));
    false
}

fn source_of(
    site: &Site<'_>,
    around: &Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Arc<Source>> {
    let text = site.arguments.text("source", problems)?;
    if let Some(source) = around.sources.iter().find(|source| source.name == text.text) {
        return Some(Arc::clone(source));
    }
    // What is wrong with a source was said there.
    if around.source_names.contains(&text.text) {
        return None;
    }
    let place = Place::node(text.node);
    let problem = if around.source_names.is_empty() {
        let message =
            format!("`{}` uses the source `{}`, and there is none", site.coordinate, text.text);
        let problem = site.arguments.problem(ErrorCode::NoSourcesDefined, place, message);
        problem.fix(format!(
            "write `@source(name: \"{}\", http: {{ baseURL: \"https://…\" }})` behind `extend \
             schema`",
            text.text
        ))
    } else {
        let names = around.source_names;
        let message = format!("there is no source `{}`", text.text);
        let fix = match words::nearest(text.text, names.iter().copied()) {
            Some(nearest) => format!("write `{nearest}`"),
            None => format!("there are {}", words::list(names)),
        };
        site.arguments.problem(ErrorCode::SourceNameMismatch, place, message).fix(fix)
    };
    problems.push(problem);
    None
}

/// Reads `http`.
fn request(site: &Site<'_>, source: Option<&Source>, texts: &mut Texts<'_>) -> Option<Request> {
    let arguments = &site.arguments;
    let Some(http) = arguments.object("http", texts.problems) else {
        if arguments.get("http").is_none() && texts.version < Version::V0_4 {
            let message = format!("`{}` has a `@connect` without `http`", site.coordinate);
            let code = ErrorCode::HttpOmittedRequiresV04;
            let problem = arguments.problem(code, arguments.place(), message);
            texts.problems.push(problem.fix(
                "write `http: { GET: \"/path\" }`, or link connect v0.4, where a value can be \
                 computed without a request",
            ));
        }
        return None;
    };
    let methods = Method::ALL.map(Method::name);
    let known: Vec<&str> =
        methods.into_iter().chain(["body", "headers", "path", "queryParams"]).collect();
    http.only(&known, texts.problems);
    let used: Vec<Method> =
        Method::ALL.into_iter().filter(|method| http.get(method.name()).is_some()).collect();
    let [method] = used[..] else {
        let (code, message) = if used.is_empty() {
            (ErrorCode::MissingHttpMethod, format!("{} has no method", http.what))
        } else {
            let names = words::list(used.iter().map(|method| method.name()));
            (ErrorCode::MultipleHttpMethods, format!("{} has the methods {names}", http.what))
        };
        let problem = http.problem(code, http.place(), message);
        texts.problems.push(problem.fix(format!("write one of {}", words::list(methods))));
        return None;
    };
    let on = site.target.kind();
    let at = Where::Request(on);
    let text = http.text(method.name(), texts.problems);
    let url = text.and_then(|text| {
        let url = texts.url(text, UrlKind::Connect, at)?;
        let named = arguments.get("source").is_some();
        let (code, message, fix) = match (url.is_absolute(), named) {
            (true, true) => (
                ErrorCode::AbsoluteConnectUrlWithSource,
                format!("`{}` names a source and a whole URL", site.coordinate),
                "keep the path, or drop `source`",
            ),
            (false, false) => (
                ErrorCode::RelativeConnectUrlWithoutSource,
                format!("`{}` names a path, and no source", site.coordinate),
                "name a `source`, or write the whole URL",
            ),
            _ => return Some(url),
        };
        let place = Place::node(text.node);
        texts.problems.push(http.problem(code, place, message).fix(fix));
        None
    });
    let (path, query) = segments_and_query(&http, at, texts);
    let own = headers(&http, at, texts);
    let body = http.text("body", texts.problems).and_then(|text| {
        let used = Use { at, code: ErrorCode::InvalidBody, name: "`body`", need: None };
        Some(texts.mapping(text, used)?.0)
    });
    let headers = merged(source, own);
    Some(Request { method, url: url?, path, query, headers, body })
}

/// The source's headers that the connector does not set itself, then its own.
fn merged(source: Option<&Source>, own: Vec<Header>) -> Vec<Header> {
    let of_source = source.map(|source| source.headers.as_slice()).unwrap_or_default();
    let kept = of_source.iter().filter(|it| own.iter().all(|header| header.name != it.name));
    kept.cloned().chain(own.clone()).collect()
}

fn selection(
    site: &Site<'_>,
    without_request: bool,
    texts: &mut Texts<'_>,
) -> Option<(Mapping, Checked)> {
    let arguments = &site.arguments;
    let Some(text) = arguments.text("selection", texts.problems) else {
        if arguments.get("selection").is_none() {
            let message = format!("`{}` has a `@connect` without `selection`", site.coordinate);
            let code = ErrorCode::GraphQlError;
            let problem = arguments.problem(code, arguments.place(), message);
            texts.problems.push(problem.fix("write `selection: \"…\"`; `$` is the whole response"));
        }
        return None;
    };
    let on = site.target.kind();
    let at = match without_request {
        true => Where::SelectionWithoutRequest(on),
        false => Where::Selection(on),
    };
    let used = Use { at, code: ErrorCode::InvalidSelection, name: "`selection`", need: None };
    let (mapping, checked) = texts.mapping(text, used)?;
    if mapping.is_empty() {
        let message = format!("`selection` of `{}` is empty", site.coordinate);
        let problem =
            arguments.problem(ErrorCode::InvalidSelection, Place::node(text.node), message);
        texts.problems.push(problem.fix("select something; `$` is the whole response"));
        return None;
    }
    Some((mapping, checked))
}

fn given(
    site: &Site<'_>,
    around: &Surroundings<'_>,
    checked: &Checked,
    problems: &mut Vec<Problem>,
) -> Vec<Position> {
    let Some(node) = site.arguments.get("selection") else { return Vec::new() };
    let own;
    let ty = match site.target {
        Target::Field(_, field) => &field.ty,
        Target::Type(ty) => {
            own = apollo_compiler::ast::Type::Named(ty.name.clone());
            &own
        }
    };
    let coordinate = site.coordinate;
    let (types, version) = (around.types, around.version);
    let is_merged = around.is_merged;
    let left = MAX_UNKNOWN;
    Given { types, version, coordinate, node, is_merged, left, problems }.at(ty, &checked.output)
}

/// Which root type it is.
pub(super) fn operation_of(ty: &TypeDef) -> RootOperation {
    if ty.name == "Mutation" { RootOperation::Mutation } else { RootOperation::Query }
}
