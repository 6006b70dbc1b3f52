//! Makes a REST service of a subgraph: a connector for each root field, each key, and some fields.
//!
//! **In:** a [`Subgraph`], where the service answers, a chance for each place. **Out:** [`Service`]: the SDL with its
//! connectors, and the endpoints that they ask.
//!
//! **Never here:** how values travel (`inputs`), what is given of a type (`shape`).
//!
//! **Holds:** the API is the same as before; what is new in the SDL is hidden.
//!
//! **Read first:** [`Service::of`].

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Directive, Document, FieldDefinition};
use oracle::Chance;

use super::chances::Chances;
use super::endpoint::{Asked, Endpoint};
use super::inputs::{Carrier, Input};
use super::selection::Wrapped;
use super::shape::{ObjectShape, Shape, Shapes};
use super::subgraph::Subgraph;

/// A REST service with its schema.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) sdl: String,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A service while it is made.
struct Maker<'a> {
    subgraph: &'a Subgraph,
    chances: Chances,
    url: &'a str,
    has_source: bool,
    endpoints: Vec<Endpoint>,
    /// By the type or field that it stands on.
    directives: BTreeMap<String, Vec<Node<Directive>>>,
    /// Fields of `Query` that are made for keys.
    by_query: Vec<String>,
}

type Coordinates = BTreeSet<(String, String)>;

impl Service {
    /// The service at an address; none where connectors cannot say what the subgraph is.
    pub(crate) fn of(subgraph: &Subgraph, url: &str, chances: Chances) -> Option<Self> {
        let chances = chances.within(&subgraph.name);
        let mut apart = Coordinates::new();
        for (name, ty) in subgraph.types.iter().filter(|(_, ty)| ty.is_object) {
            for field in ty.fields.iter().filter(|_| !ty.keys.is_empty()) {
                let in_key = ty.keys.iter().flat_map(|key| &key.leaves);
                let in_key = in_key.into_iter().any(|way| way[0] == *field.name);
                let mut chance = chances.at(&format!("{name}.{} apart", field.name));
                if !in_key && (!field.arguments.is_empty() || chance.percent(12)) {
                    apart.insert((name.clone(), field.name.to_string()));
                }
            }
        }
        // What no selection leads to is asked for by itself.
        for _ in 0..4 {
            let mut maker = Maker::new(subgraph, url, chances);
            maker.make(&apart)?;
            let missing = maker.missing(&apart);
            if missing.is_empty() {
                return if maker.endpoints.is_empty() { None } else { maker.service() };
            }
            if missing.iter().any(|(ty, _)| subgraph.types[ty].keys.is_empty()) {
                return None;
            }
            apart.extend(missing);
        }
        None
    }
}

impl<'a> Maker<'a> {
    fn new(subgraph: &'a Subgraph, url: &'a str, chances: Chances) -> Self {
        let has_source = chances.at("source").percent(70);
        let (endpoints, by_query) = (Vec::new(), Vec::new());
        let directives = BTreeMap::new();
        Self { subgraph, chances, url, has_source, endpoints, directives, by_query }
    }

    fn make(&mut self, apart: &Coordinates) -> Option<()> {
        let shapes = Shapes { subgraph: self.subgraph, chances: self.chances, apart };
        for (root, keyword) in [("Query", "query"), ("Mutation", "mutation")] {
            for field in self.subgraph.ty(root).into_iter().flat_map(|ty| &ty.fields) {
                self.root_field(root, keyword, field, shapes)?;
            }
        }
        for (name, ty) in &self.subgraph.types {
            for key in ty.resolvable() {
                self.entity(name, &key.leaves, shapes)?;
            }
        }
        for (ty, field) in apart {
            self.field(ty, field, shapes)?;
        }
        Some(())
    }

    fn root_field(
        &mut self,
        root: &str,
        keyword: &'static str,
        field: &FieldDefinition,
        shapes: Shapes<'_>,
    ) -> Option<()> {
        let place = format!("{root}.{}", field.name);
        let mut chance = self.chances.at(&format!("{place} request"));
        let shape = shapes.of(field.ty.inner_named_type(), &place)?;
        let has_body = chance.percent(40);
        let inputs = arguments(field, has_body, &mut chance);
        let types = argument_types(field);
        let asked = Asked::Root(keyword, field.name.to_string(), types);
        self.connect(&place, (asked, shape), inputs, &[], has_body, &mut chance);
        Some(())
    }

    fn entity(&mut self, ty: &str, key: &[Vec<String>], shapes: Shapes<'_>) -> Option<()> {
        let text: Vec<String> = key.iter().map(|way| way.join("_")).collect();
        let place = format!("{ty} by {}", text.join(" "));
        let mut chance = self.chances.at(&format!("{place} request"));
        let shape = shapes.whole(ty, &place)?;
        let is_flat = key.iter().all(|way| way.len() == 1);
        let has_body = chance.percent(50);
        match chance.below(4) {
            0 | 1 => {
                let has_body = has_body || key.len() > 1;
                let input = Input::batch(key, has_body, &mut chance);
                let asked = (Asked::Batch(ty.to_owned()), shape);
                self.connect(ty, asked, vec![input], key, has_body, &mut chance);
            }
            2 if is_flat => {
                let inputs = key.iter().enumerate().map(|(number, way)| {
                    let id = apollo_compiler::ty!(ID!);
                    Input::argument((&way[0], &id, true), number, has_body, &mut chance)
                });
                let inputs: Vec<Input> = inputs.collect();
                let name = format!("{}_{ty}_by_{}", self.subgraph.name, text.join("_"));
                let asked = (Asked::Entity(ty.to_owned()), shape);
                let coordinate = format!("Query.{name}");
                self.connect(&coordinate, asked, inputs, key, has_body, &mut chance);
                let declared = text.iter().map(|it| format!("{it}: ID!")).collect::<Vec<_>>();
                self.by_query.push(format!("{name}({}): {ty} @inaccessible", declared.join(" ")));
            }
            _ => {
                let inputs = leaves(key, has_body, &mut chance);
                let asked = (Asked::Entity(ty.to_owned()), shape);
                self.connect(ty, asked, inputs, key, has_body, &mut chance);
            }
        }
        Some(())
    }

    fn field(&mut self, ty: &str, field: &str, shapes: Shapes<'_>) -> Option<()> {
        let place = format!("{ty}.{field}");
        let mut chance = self.chances.at(&format!("{place} request"));
        let of = self.subgraph.ty(ty)?;
        let field = of.field(field)?;
        // The truth knows no object by a key that does not resolve.
        let keys: Vec<_> = of.resolvable().collect();
        let key = &(!keys.is_empty()).then(|| *chance.pick(&keys))?.leaves;
        let shape = shapes.of(field.ty.inner_named_type(), &place)?;
        let has_body = chance.percent(40);
        let mut inputs = arguments(field, has_body, &mut chance);
        inputs.extend(leaves(key, has_body, &mut chance));
        let types = argument_types(field);
        let asked = Asked::Field(ty.to_owned(), field.name.to_string(), types);
        self.connect(&place, (asked, shape), inputs, key, has_body, &mut chance);
        Some(())
    }

    /// Makes the endpoint, and the directive that asks it.
    fn connect(
        &mut self,
        coordinate: &str,
        (asked, shape): (Asked, Shape),
        inputs: Vec<Input>,
        key: &[Vec<String>],
        has_body: bool,
        chance: &mut Chance,
    ) {
        let under = match chance.below(5) {
            0 => vec!["result".to_owned()],
            1 => vec!["a b".to_owned(), "items".to_owned()],
            _ => Vec::new(),
        };
        let is_batch = matches!(asked, Asked::Batch(_));
        let max_batch = (is_batch && chance.percent(60)).then(|| chance.between(1, 3));
        let methods: &[&'static str] =
            if has_body { &["POST", "PUT", "PATCH"] } else { &["GET", "GET", "GET", "DELETE"] };
        let mut headers = Vec::new();
        if self.has_source {
            headers.push(("x-source".to_owned(), "of the source".to_owned()));
            headers.push(("x-client".to_owned(), "of the client".to_owned()));
        }
        let endpoint = Endpoint {
            coordinate: coordinate.to_owned(),
            method: chance.pick::<&'static str>(methods),
            asked,
            inputs,
            wrapped: Wrapped { shape, under },
            max_batch,
            headers,
        };
        let text = self.directive(&endpoint, key);
        self.directives.entry(coordinate.to_owned()).or_default().push(directive(&text));
        self.endpoints.push(endpoint);
    }

    fn directive(&self, endpoint: &Endpoint, key: &[Vec<String>]) -> String {
        let of = |carrier: Carrier| endpoint.inputs.iter().filter(move |it| it.carrier == carrier);
        let expression = |input: &Input| input.expression(key);
        let base = if self.has_source { "" } else { self.url };
        let mut url = format!("{base}/c{}", self.endpoints.len());
        for input in of(Carrier::Segment) {
            url.push_str(&format!("/{{{}}}", expression(input)));
        }
        if of(Carrier::Segment).next().is_some() {
            // A segment that is empty is one only if another follows.
            url.push_str("/end");
        }
        for (index, input) in of(Carrier::Query).enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            url.push_str(&format!("{separator}{}={{{}}}", input.name, expression(input)));
        }
        let mut http = format!("{}: {}", endpoint.method, quoted(&url));
        let path: Vec<String> = of(Carrier::PathItem).map(expression).collect();
        if !path.is_empty() {
            http.push_str(&format!(" path: {}", quoted(&format!("$([{}])", path.join(", ")))));
        }
        let named = |input: &Input| format!("{}: {}", input.name, expression(input));
        let query: Vec<String> = of(Carrier::QueryParams).map(named).collect();
        if !query.is_empty() {
            http.push_str(&format!(" queryParams: {}", quoted(&query.join(" "))));
        }
        let headers = of(Carrier::Header).map(|input| {
            let value = quoted(&format!("{{{}}}", expression(input)));
            format!("{{ name: \"x-{}\", value: {value} }}", input.name)
        });
        let headers: Vec<String> = headers.collect();
        if !headers.is_empty() {
            http.push_str(&format!(" headers: [{}]", headers.join(", ")));
        }
        let body: Vec<String> = of(Carrier::Body).map(named).collect();
        if !body.is_empty() {
            http.push_str(&format!(" body: {}", quoted(&body.join(" "))));
        }
        let source = if self.has_source { "source: \"api\" " } else { "" };
        let batch =
            endpoint.max_batch.map_or(String::new(), |max| format!(" batch: {{ maxSize: {max} }}"));
        let entity = match endpoint.asked {
            Asked::Entity(_) if endpoint.coordinate.starts_with("Query.") => " entity: true",
            _ => "",
        };
        let selection = quoted(&endpoint.wrapped.text());
        format!("@connect({source}http: {{ {http} }}{batch} selection: {selection}{entity})")
    }

    /// The fields that no selection has and no connector stands on.
    fn missing(&self, apart: &Coordinates) -> Coordinates {
        let mut given = apart.clone();
        for endpoint in &self.endpoints {
            note(&endpoint.wrapped.shape, &mut given);
        }
        let mut missing = Coordinates::new();
        for (name, ty) in self.subgraph.types.iter().filter(|(_, ty)| ty.is_object) {
            if name == "Query" || name == "Mutation" {
                continue;
            }
            let in_key =
                |field: &str| ty.keys.iter().flat_map(|key| &key.leaves).any(|way| way[0] == field);
            let fields = ty.fields.iter().map(|field| (name.clone(), field.name.to_string()));
            missing.extend(fields.filter(|it| !given.contains(it) && !in_key(&it.1)));
        }
        missing
    }

    fn service(self) -> Option<Service> {
        let mut document = self.subgraph.document.clone();
        for definition in &mut document.definitions {
            match definition {
                Definition::SchemaExtension(schema) => {
                    let schema = schema.make_mut();
                    let links = schema
                        .directives
                        .iter()
                        .map(|link| directive(&link.to_string().replace("/v2.8", "/v2.13")));
                    let links: Vec<Node<Directive>> = links.collect();
                    schema.directives.clear();
                    schema.directives.extend(links);
                    schema.directives.extend(self.of_schema());
                }
                Definition::ObjectTypeDefinition(object) => {
                    let object = object.make_mut();
                    let own = self.directives.get(object.name.as_str());
                    object.directives.extend(own.into_iter().flatten().cloned());
                    for field in &mut object.fields {
                        let coordinate = format!("{}.{}", object.name, field.name);
                        let own = self.directives.get(&coordinate);
                        field.make_mut().directives.extend(own.into_iter().flatten().cloned());
                    }
                }
                _ => {}
            }
        }
        let mut sdl = document.to_string();
        if !self.by_query.is_empty() {
            let extend = if self.subgraph.ty("Query").is_some() { "extend " } else { "" };
            let fields = self.by_query.iter().map(|field| {
                let name = field.split('(').next().unwrap_or_default();
                let own = self.directives.get(&format!("Query.{name}"));
                let own = own.into_iter().flatten().map(ToString::to_string);
                format!("  {field} {}", own.collect::<Vec<_>>().join(" "))
            });
            let fields = fields.collect::<Vec<_>>().join("\n");
            sdl.push_str(&format!("\n{extend}type Query {{\n{fields}\n}}\n"));
        }
        Some(Service { name: self.subgraph.name.clone(), sdl, endpoints: self.endpoints })
    }

    fn of_schema(&self) -> Vec<Node<Directive>> {
        let version = match self.subgraph.has_abstract_types() {
            true => "v0.4",
            false => self.chances.at("version").pick::<&str>(&["v0.2", "v0.3", "v0.4"]),
        };
        let mut directives = vec![directive(&format!(
            "@link(url: \"https://specs.apollo.dev/connect/{version}\", import: [\"@source\", \"@connect\"])"
        ))];
        if self.has_source {
            directives.push(directive(&format!(
                "@source(name: \"api\", http: {{ baseURL: {}, headers: [{{ name: \"x-source\", value: \"of the \
                 source\" }}, {{ name: \"x-client\", from: \"x-client\" }}] }})",
                quoted(self.url)
            )));
        }
        directives
    }
}

fn note(shape: &Shape, given: &mut Coordinates) {
    let mut of_object = |object: &ObjectShape| {
        for field in &object.fields {
            given.insert((object.ty.clone(), field.field.clone()));
            note(&field.shape, given);
        }
    };
    match shape {
        Shape::Leaf => {}
        Shape::Object(object) => of_object(object),
        Shape::Abstract(_, objects) => objects.iter().for_each(of_object),
    }
}

fn arguments(field: &FieldDefinition, has_body: bool, chance: &mut Chance) -> Vec<Input> {
    let arguments = field.arguments.iter().enumerate().map(|(number, argument)| {
        let of = (argument.name.as_str(), &*argument.ty, argument.default_value.is_some());
        Input::argument(of, number, has_body, chance)
    });
    arguments.collect()
}

fn argument_types(field: &FieldDefinition) -> Vec<(String, String)> {
    let types = field.arguments.iter().map(|it| (it.name.to_string(), it.ty.to_string()));
    types.collect()
}

fn leaves(key: &[Vec<String>], has_body: bool, chance: &mut Chance) -> Vec<Input> {
    let leaf = |(number, way): (usize, &Vec<String>)| Input::leaf(way, number, has_body, chance);
    key.iter().enumerate().map(leaf).collect()
}

/// Reads a directive.
fn directive(text: &str) -> Node<Directive> {
    let document = Document::parse(format!("extend schema {text}"), "directive.graphql");
    let document = document.unwrap_or_else(|error| panic!("{text}: {error}"));
    let Some(Definition::SchemaExtension(schema)) = document.definitions.first() else {
        panic!("{text} is no directive");
    };
    schema.directives[0].clone()
}

/// A string of GraphQL.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
