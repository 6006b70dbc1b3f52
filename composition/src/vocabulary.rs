//! Knows the directives of the federation specifications: names, versions, definitions.
//!
//! **In:** nothing. **Out:** [`ELEMENTS`], and definitions in SDL under the names of a subgraph.
//!
//! **Never here:** what a subgraph imports (`link` reads that), what a directive does.
//!
//! **Holds:** the table is the one place that knows since when a directive exists and where it may
//! stand.
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9>

/// The newest minor version of federation 2 that we read.
pub(crate) const NEWEST_MINOR: u32 = 14;

/// The scalars that every schema has without defining them.
pub(crate) const BUILT_IN_SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// Directives with a meaning to composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Known {
    Key,
    Requires,
    Provides,
    External,
    Shareable,
    Override,
    Extends,
    InterfaceObject,
    ComposeDirective,
    Context,
    FromContext,
    Link,
    Tag,
    Inaccessible,
    Authenticated,
    RequiresScopes,
    Policy,
    Cost,
    ListSize,
    CacheTag,
    /// `@source` of the `connect` specification.
    Source,
    /// `@connect` of the `connect` specification.
    Connect,
    Deprecated,
    SpecifiedBy,
    OneOf,
}

/// A directive of the federation specification.
pub(crate) struct Element {
    pub(crate) known: Known,
    pub(crate) name: &'static str,
    /// The minor version of federation 2 that introduced it.
    pub(crate) since: u32,
    /// Whether Federation 1 has it.
    pub(crate) in_federation_one: bool,
    /// What follows the name in the definition; `{FieldSet}` and the like stand for type names.
    pub(crate) definition: &'static str,
}

const fn element(
    known: Known,
    name: &'static str,
    since: u32,
    definition: &'static str,
) -> Element {
    Element { known, name, since, in_federation_one: false, definition }
}

const fn original(known: Known, name: &'static str, definition: &'static str) -> Element {
    Element { known, name, since: 0, in_federation_one: true, definition }
}

/// The federation directives, in the order their definitions are printed.
pub(crate) const ELEMENTS: &[Element] = &[
    original(
        Known::Key,
        "key",
        "(fields: {FieldSet}!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE",
    ),
    original(Known::Requires, "requires", "(fields: {FieldSet}!) on FIELD_DEFINITION"),
    original(Known::Provides, "provides", "(fields: {FieldSet}!) on FIELD_DEFINITION"),
    original(Known::External, "external", "(reason: String) on OBJECT | FIELD_DEFINITION"),
    element(Known::Shareable, "shareable", 0, " repeatable on OBJECT | FIELD_DEFINITION"),
    element(Known::Override, "override", 0, "(from: String!, label: String) on FIELD_DEFINITION"),
    original(Known::Extends, "extends", " on OBJECT | INTERFACE"),
    original(
        Known::Tag,
        "tag",
        "(name: String!) repeatable on ARGUMENT_DEFINITION | ENUM | ENUM_VALUE | FIELD_DEFINITION \
         | INPUT_FIELD_DEFINITION | INPUT_OBJECT | INTERFACE | OBJECT | SCALAR | SCHEMA | UNION",
    ),
    element(
        Known::Inaccessible,
        "inaccessible",
        0,
        " on ARGUMENT_DEFINITION | ENUM | ENUM_VALUE | FIELD_DEFINITION | INPUT_FIELD_DEFINITION \
         | INPUT_OBJECT | INTERFACE | OBJECT | SCALAR | UNION",
    ),
    element(Known::ComposeDirective, "composeDirective", 1, "(name: String) repeatable on SCHEMA"),
    element(Known::InterfaceObject, "interfaceObject", 3, " on OBJECT"),
    element(
        Known::Authenticated,
        "authenticated",
        5,
        " on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    ),
    element(
        Known::RequiresScopes,
        "requiresScopes",
        5,
        "(scopes: [[{Scope}!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    ),
    element(
        Known::Policy,
        "policy",
        6,
        "(policies: [[{Policy}!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    ),
    element(
        Known::Context,
        "context",
        8,
        "(name: String!) repeatable on INTERFACE | OBJECT | UNION",
    ),
    element(
        Known::FromContext,
        "fromContext",
        8,
        "(field: {ContextFieldValue}) on ARGUMENT_DEFINITION",
    ),
    element(
        Known::Cost,
        "cost",
        9,
        "(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION \
         | OBJECT | SCALAR",
    ),
    element(
        Known::ListSize,
        "listSize",
        9,
        "(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], \
         requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
    ),
    element(
        Known::CacheTag,
        "cacheTag",
        12,
        "(format: String!) repeatable on INTERFACE | OBJECT | FIELD_DEFINITION",
    ),
];

/// Types of the federation specification, with the version that introduced them.
pub(crate) const SPEC_TYPES: &[(&str, u32)] =
    &[("FieldSet", 0), ("Scope", 5), ("Policy", 6), ("ContextFieldValue", 8)];

/// A specification that a subgraph may link by itself.
pub(crate) struct FeatureSpec {
    pub(crate) name: &'static str,
    /// The newest version we know; all of them are of one major version.
    pub(crate) newest: (u32, u32),
    pub(crate) directives: &'static [Known],
}

const fn feature(
    name: &'static str,
    newest: (u32, u32),
    directives: &'static [Known],
) -> FeatureSpec {
    FeatureSpec { name, newest, directives }
}

pub(crate) const FEATURE_SPECS: &[FeatureSpec] = &[
    feature("link", (1, 0), &[Known::Link]),
    feature("tag", (0, 3), &[Known::Tag]),
    feature("inaccessible", (0, 2), &[Known::Inaccessible]),
    feature("authenticated", (0, 1), &[Known::Authenticated]),
    feature("requiresScopes", (0, 1), &[Known::RequiresScopes]),
    feature("policy", (0, 1), &[Known::Policy]),
    feature("cost", (0, 1), &[Known::Cost, Known::ListSize]),
    feature("connect", (0, 5), &[Known::Source, Known::Connect]),
];

impl Known {
    pub(crate) fn element(self) -> Option<&'static Element> {
        ELEMENTS.iter().find(|element| element.known == self)
    }

    /// The directive's own name, whatever a subgraph calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Source => "source",
            Self::Connect => "connect",
            Self::Deprecated => "deprecated",
            Self::SpecifiedBy => "specifiedBy",
            Self::OneOf => "oneOf",
            other => other.element().map_or("", |element| element.name),
        }
    }

    /// Directives that are carried over into the supergraph.
    pub(crate) fn is_merged(self) -> bool {
        matches!(
            self,
            Self::Tag
                | Self::Inaccessible
                | Self::Authenticated
                | Self::RequiresScopes
                | Self::Policy
                | Self::Cost
                | Self::ListSize
                | Self::Deprecated
                | Self::SpecifiedBy
                | Self::OneOf
        )
    }
}

impl Element {
    /// The definition in SDL, with the directive's and the types' names of one subgraph.
    pub(crate) fn sdl(&self, name: &str, type_name: impl Fn(&str) -> String) -> String {
        let mut definition = self.definition.to_owned();
        for (spec_type, _) in SPEC_TYPES {
            let placeholder = format!("{{{spec_type}}}");
            if definition.contains(&placeholder) {
                definition = definition.replace(&placeholder, &type_name(spec_type));
            }
        }
        format!("directive @{name}{definition}")
    }
}
