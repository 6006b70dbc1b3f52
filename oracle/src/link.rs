//! Which local name means which federation directive, and the definitions a subgraph may leave out.
//!
//! **In:** a subgraph's SDL as an AST: Federation 1 (no `@link`) or 2 (`@link`, imports, renames).
//! **Out:** the names, and SDL text of every federation definition that is used but not written.
//!
//! **Never here:** what a directive means (`subgraph_schema`).
//!
//! **Holds:** a definition that the subgraph writes itself is never touched.
//!
//! **Read first:** [`Names::of`].
//!
//! Spec: <https://specs.apollo.dev/link/v1.0>

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::ast::{Definition, Directive, Document, Value};

/// Local names of the federation's definitions.
pub(crate) struct Names {
    /// Local directive name by its name in the federation specification.
    local: BTreeMap<&'static str, String>,
    link: String,
    /// Imported scalars: local name.
    scalars: BTreeSet<String>,
}

const ANYWHERE: &str = "FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | \
     SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION";

/// Name, and the rest of the definition. `*` stands for [`ANYWHERE`].
const DIRECTIVES: &[(&str, &str)] = &[
    (
        "key",
        "(fields: federation__FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE",
    ),
    ("requires", "(fields: federation__FieldSet!) on FIELD_DEFINITION"),
    ("provides", "(fields: federation__FieldSet!) on FIELD_DEFINITION"),
    ("external", "(reason: String) on OBJECT | INTERFACE | FIELD_DEFINITION"),
    ("extends", " on OBJECT | INTERFACE"),
    ("shareable", " repeatable on OBJECT | FIELD_DEFINITION"),
    ("override", "(from: String!, label: String) on FIELD_DEFINITION"),
    ("interfaceObject", " on OBJECT"),
    ("inaccessible", " on *"),
    ("tag", "(name: String!) repeatable on * | SCHEMA"),
    ("composeDirective", "(name: String) repeatable on SCHEMA"),
    ("authenticated", " on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM"),
    (
        "requiresScopes",
        "(scopes: [[federation__Scope!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    ),
    (
        "policy",
        "(policies: [[federation__Policy!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    ),
    ("cost", "(weight: Int!) on *"),
    (
        "listSize",
        "(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], \
         requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
    ),
    ("context", "(name: String!) repeatable on INTERFACE | OBJECT | UNION"),
    ("fromContext", "(field: federation__ContextFieldValue) on ARGUMENT_DEFINITION"),
    ("cacheTag", "(format: String!) repeatable on OBJECT | FIELD_DEFINITION"),
];

const SCALARS: &[&str] = &[
    "federation__FieldSet",
    "federation__Scope",
    "federation__Policy",
    "federation__ContextFieldValue",
    "link__Import",
    "link__Purpose",
];

impl Names {
    /// Reads the `@link`s of a subgraph; without one to the federation it is Federation 1, where
    /// every directive has its plain name.
    pub(crate) fn of(document: &Document) -> Self {
        let links: Vec<_> = document
            .definitions
            .iter()
            .filter(|definition| {
                matches!(
                    definition,
                    Definition::SchemaDefinition(_) | Definition::SchemaExtension(_)
                )
            })
            .flat_map(|definition| definition.directives().iter())
            .collect();
        let linked = |specification: &str| {
            links.iter().find(|link| {
                text(link, "url").is_some_and(|url| {
                    url.trim_start_matches("https://").contains(&format!("/{specification}/v"))
                })
            })
        };
        let link = linked("link").and_then(|link| text(link, "as")).unwrap_or("link").to_owned();
        let federation = linked("federation");
        let namespace = federation.and_then(|l| text(l, "as")).unwrap_or("federation");
        let mut names = Self { local: BTreeMap::new(), link, scalars: BTreeSet::new() };
        for (name, _) in DIRECTIVES {
            let local = match federation {
                Some(_) => format!("{namespace}__{name}"),
                None => (*name).to_owned(),
            };
            names.local.insert(name, local);
        }
        // Imports by the tag, inaccessible, cost and authenticated specifications count as well.
        for import in links.iter().filter_map(|link| link.specified_argument_by_name("import")) {
            for item in import.as_list().unwrap_or_default() {
                names.import(item);
            }
        }
        names
    }

    /// The local name of a directive of the federation.
    pub(crate) fn local(&self, name: &str) -> &str {
        self.local.get(name).map_or("", String::as_str)
    }

    /// SDL text of the definitions that the document uses and does not write.
    pub(crate) fn missing_definitions(&self, document: &Document) -> String {
        let written: BTreeSet<&str> = document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::DirectiveDefinition(directive) => Some(directive.name.as_str()),
                _ => None,
            })
            .collect();
        let types: BTreeSet<&str> = document
            .definitions
            .iter()
            .filter(|definition| definition.as_directive_definition().is_none())
            .filter_map(|definition| definition.name().map(|name| name.as_str()))
            .collect();
        let mut text = String::new();
        for (name, rest) in DIRECTIVES {
            let local = self.local(name);
            if !written.contains(local) {
                text.push_str(&format!("directive @{local}{}\n", rest.replace('*', ANYWHERE)));
            }
        }
        if !written.contains(self.link.as_str()) {
            text.push_str(&format!(
                "directive @{}(url: String, as: String, for: link__Purpose, import: [link__Import]) \
                 repeatable on SCHEMA\n",
                self.link
            ));
        }
        if !written.contains("oneOf") {
            text.push_str("directive @oneOf on INPUT_OBJECT\n");
        }
        let imported = self.scalars.iter().map(String::as_str);
        for scalar in SCALARS.iter().copied().chain(imported) {
            if !types.contains(scalar) {
                text.push_str(&format!("scalar {scalar}\n"));
            }
        }
        text
    }

    fn import(&mut self, item: &Value) {
        let (name, alias) = match item {
            Value::String(name) => (name.as_str(), name.as_str()),
            Value::Object(fields) => {
                let field = |key: &str| {
                    let found = fields.iter().find(|(name, _)| name == key);
                    found.and_then(|(_, value)| value.as_str())
                };
                let Some(name) = field("name") else { return };
                (name, field("as").unwrap_or(name))
            }
            _ => return,
        };
        match (name.strip_prefix('@'), alias.strip_prefix('@')) {
            (Some(name), Some(alias)) => {
                if let Some((known, _)) = DIRECTIVES.iter().find(|(known, _)| *known == name) {
                    self.local.insert(known, alias.to_owned());
                }
            }
            _ => drop(self.scalars.insert(alias.to_owned())),
        }
    }
}

fn text<'d>(directive: &'d Directive, argument: &str) -> Option<&'d str> {
    directive.specified_argument_by_name(argument)?.as_str()
}
