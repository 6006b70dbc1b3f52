//! Holds what `@source` and `@connect` say, read and settled.
//!
//! **In:** filled by the readers of this room. **Out:** plain data for whoever sends the requests.
//!
//! **Never here:** values, requests, configuration.
//!
//! **Holds:** what a connector takes over from its source is there already: headers are merged,
//! `isSuccess` and `errors` are chosen.
//!
//! **Read first:** [`Connector`].

use std::num::NonZeroUsize;
use std::sync::Arc;

use mapping::{Address, HeaderTemplate, Mapping, UrlTemplate, Version};
use supergraph::{Id, SubgraphId};

/// The connectors of a supergraph, by the subgraphs that they are in its tables.
#[derive(Clone, Debug, Default)]
pub struct Connectors {
    by_subgraph: Vec<Option<Arc<Connector>>>,
    sources: Vec<Arc<Source>>,
}

/// One `@source`.
#[derive(Clone, Debug)]
pub struct Source {
    /// The subgraph that declares it, by the name it was registered by.
    pub subgraph: String,
    /// Its name there.
    pub name: String,
    /// What all its URLs begin with.
    pub base_url: UrlTemplate,
    /// `path`: further segments.
    pub path: Option<Mapping>,
    /// `queryParams`
    pub query: Option<Mapping>,
    /// Headers, names in lower case.
    pub headers: Vec<Header>,
    /// `isSuccess`
    pub is_success: Option<Mapping>,
    /// `errors.message`
    pub error_message: Option<Mapping>,
    /// `errors.extensions`
    pub error_extensions: Option<Mapping>,
}

/// One `@connect`.
#[derive(Clone, Debug)]
pub struct Connector {
    /// The subgraph that declares it, by the name it was registered by.
    pub subgraph: String,
    /// What it stands on: `Query.reviews`, `Product.reviews`, or `Product`.
    pub coordinate: String,
    /// Which of the connectors there it is, from 0.
    pub index: usize,
    /// `id`: the name that its author gave it.
    pub id: Option<String>,
    /// The version of the texts.
    pub version: Version,
    /// The source it uses, if it does not name a whole URL itself.
    pub source: Option<Arc<Source>>,
    /// The request; `None`: its selection is computed without one.
    pub request: Option<Request>,
    /// What is made of the response.
    pub selection: Mapping,
    /// `batch.maxSize`
    pub max_batch: Option<NonZeroUsize>,
    /// When a response counts: the connector's own condition, or its source's.
    pub is_success: Option<Mapping>,
    /// What a failed call says.
    pub errors: ErrorMapping,
    /// What it answers, and when it is asked.
    pub kind: ConnectorKind,
}

/// The request of a connector.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The URL, absolute or behind that of the source.
    pub url: UrlTemplate,
    /// `path`: further segments.
    pub path: Option<Mapping>,
    /// `queryParams`
    pub query: Option<Mapping>,
    /// The headers of the source that the connector does not set itself, then its own; names in
    /// lower case.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Option<Mapping>,
}

/// An HTTP method that a connector may use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

/// A header of a request.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// Where its value comes from.
    pub value: HeaderValue,
}

/// Where the value of a header comes from.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    /// All values of this header (in lower case) of the client's request.
    From(String),
    /// The filled template.
    Template(HeaderTemplate),
}

/// What a failed call says.
#[derive(Clone, Debug, Default)]
pub struct ErrorMapping {
    /// The message: the connector's own, or its source's.
    pub message: Option<Mapping>,
    /// The extensions, later over earlier: the source's, then the connector's own.
    pub extensions: Vec<Mapping>,
}

/// What a connector answers, and when it is asked.
///
/// Keys are leaf paths (`["id"]`, `["seller", "id"]`), in the order of the key's fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConnectorKind {
    /// A field of `Query` or `Mutation`, once for each selection of it.
    RootField {
        /// Which of the two.
        operation: RootOperation,
        /// The field.
        field: String,
    },
    /// The same field, where it stands `entity: true`: objects, once for each representation, which
    /// is `$args` without its `__typename`. As a root field it is another connector of its own.
    EntityByQuery {
        /// Their type.
        ty: String,
        /// The field of `Query`.
        field: String,
        /// What `$args` holds.
        key: Vec<Vec<String>>,
    },
    /// A field of other objects, once for each representation, which is `$this`.
    Field {
        /// The type that has the field.
        ty: String,
        /// The field.
        field: String,
        /// What `$this` holds.
        key: Vec<Vec<String>>,
    },
    /// Objects, once for each representation, which is `$this`.
    Entity {
        /// Their type.
        ty: String,
        /// What `$this` holds.
        key: Vec<Vec<String>>,
    },
    /// Objects, once for many representations, which are `$batch`. The selection gives a list; its
    /// elements belong to the representations whose key they have.
    Batch {
        /// Their type.
        ty: String,
        /// What the elements of `$batch` hold, and what the elements of the result hold, too.
        key: Vec<Vec<String>>,
    },
}

/// A root type whose fields may be connected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RootOperation {
    /// `Query`
    Query,
    /// `Mutation`
    Mutation,
}

impl Connectors {
    pub(super) fn new(by_subgraph: Vec<Option<Arc<Connector>>>, sources: Vec<Arc<Source>>) -> Self {
        Self { by_subgraph, sources }
    }

    /// The connector behind a subgraph of the tables; `None`: it is a GraphQL subgraph.
    #[must_use]
    pub fn of(&self, subgraph: SubgraphId) -> Option<&Arc<Connector>> {
        self.by_subgraph.get(subgraph.index())?.as_ref()
    }

    /// All connectors.
    pub fn iter(&self) -> impl Iterator<Item = (SubgraphId, &Arc<Connector>)> {
        let with_ids = self.by_subgraph.iter().enumerate();
        with_ids.filter_map(|(index, it)| Some((SubgraphId::from_index(index), it.as_ref()?)))
    }

    /// All sources, used or not.
    #[must_use]
    pub fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// Whether there is no connector.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_subgraph.iter().all(Option::is_none)
    }
}

impl Source {
    /// `subgraph.name`, as configuration names it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.subgraph, self.name)
    }
}

impl Connector {
    /// What makes up the address of its requests; `None` without one.
    #[must_use]
    pub fn address(&self) -> Option<Address<'_>> {
        let request = self.request.as_ref()?;
        let source = self.source.as_deref();
        Some(Address {
            base: source.map(|source| &source.base_url),
            source_path: source.and_then(|source| source.path.as_ref()),
            source_query: source.and_then(|source| source.query.as_ref()),
            url: Some(&request.url),
            path: request.path.as_ref(),
            query: request.query.as_ref(),
        })
    }

    /// `subgraph:Query.reviews[0]`, as errors and metrics name it.
    #[must_use]
    pub fn full_coordinate(&self) -> String {
        format!("{}:{}[{}]", self.subgraph, self.coordinate, self.index)
    }

    /// Whether each object costs a call of its own: a list of a hundred asks a hundred times.
    #[must_use]
    pub fn is_asked_per_object(&self) -> bool {
        !matches!(self.kind, ConnectorKind::RootField { .. } | ConnectorKind::Batch { .. })
    }
}

impl Method {
    /// All methods, by the names that `http` and HTTP know them by.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}
