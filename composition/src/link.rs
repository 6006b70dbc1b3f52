//! Reads `@link`: which specifications a subgraph uses, and under which names.
//!
//! **In:** the `@link` applications on a subgraph's schema. **Out:** [`Links`]: the federation
//! edition, and the meaning of each local directive name.
//!
//! **Never here:** the table of federation elements (`vocabulary`), checking definitions that a
//! subgraph writes itself (`rules::definitions`).
//!
//! **Holds:** a name that is not in [`Links`] has no federation meaning, however familiar it looks.
//!
//! **Read first:** [`read_links`].
//!
//! Spec: <https://specs.apollo.dev/link/v1.0>

use apollo_compiler::Node;
use apollo_compiler::ast::{Directive, Document, Value};
use indexmap::IndexMap;

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::source::{SourceText, Span};
use crate::vocabulary::{ELEMENTS, FEATURE_SPECS, Known, NEWEST_MINOR, SPEC_TYPES};
use crate::words;

const APOLLO: &str = "https://specs.apollo.dev";

/// The edition of federation a subgraph is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edition {
    /// No `@link` to the federation specification.
    One,
    /// Federation 2 with this minor version.
    Two(u32),
}

/// One `@link`.
#[derive(Clone, Debug)]
pub(crate) struct Feature {
    /// The URL without the version.
    pub(crate) identity: String,
    /// The name in the URL.
    pub(crate) name: String,
    pub(crate) version: (u32, u32),
    /// The version as written, such as `v1.0`.
    pub(crate) version_text: String,
    /// The prefix for names that are not imported.
    pub(crate) prefix: String,
    pub(crate) imports: Vec<Import>,
    pub(crate) span: Span,
}

/// One item of an import list; directives keep their `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) local: String,
}

/// The specifications a subgraph links.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub(crate) edition: Edition,
    pub(crate) features: Vec<Feature>,
    /// Local directive names with a meaning.
    directives: IndexMap<String, Known>,
    /// Local names of federation types, by their own names.
    types: IndexMap<&'static str, String>,
}

impl Links {
    /// What a directive means in this subgraph.
    pub(crate) fn meaning(&self, directive: &str) -> Option<Known> {
        match directive {
            "deprecated" => Some(Known::Deprecated),
            "specifiedBy" => Some(Known::SpecifiedBy),
            "oneOf" => Some(Known::OneOf),
            _ => self.directives.get(directive).copied(),
        }
    }

    /// The names under which federation directives can be used here.
    pub(crate) fn directives(&self) -> impl Iterator<Item = (&str, Known)> {
        self.directives.iter().map(|(name, known)| (name.as_str(), *known))
    }

    /// The names that an import gives to a directive of a specification.
    pub(crate) fn imported_names(&self, known: Known) -> impl Iterator<Item = &str> {
        self.directives
            .iter()
            .filter(move |(name, meaning)| **meaning == known && !name.contains("__"))
            .map(|(name, _)| name.as_str())
    }

    /// The local name of a federation type.
    pub(crate) fn type_name(&self, spec_type: &str) -> String {
        self.types.get(spec_type).cloned().unwrap_or_else(|| format!("federation__{spec_type}"))
    }

    /// The linked specification that a local directive name belongs to.
    pub(crate) fn feature_of(&self, directive: &str) -> Option<(&Feature, String)> {
        let with_at = format!("@{directive}");
        self.features.iter().find_map(|feature| {
            if let Some(import) = feature.imports.iter().find(|import| import.local == with_at) {
                return Some((feature, import.name.trim_start_matches('@').to_owned()));
            }
            if feature.prefix == directive {
                return Some((feature, feature.name.clone()));
            }
            let own = directive.strip_prefix(&feature.prefix)?.strip_prefix("__")?;
            Some((feature, own.to_owned()))
        })
    }
}

/// Reads all `@link`s of a document. Whatever is wrong with them is pushed to `errors`.
pub(crate) fn read_links<'a>(
    document: &'a Document,
    source: &'a SourceText,
    errors: &'a mut Vec<CompositionError>,
) -> Links {
    let defined = document
        .definitions
        .iter()
        .filter_map(|definition| definition.as_directive_definition())
        .map(|definition| definition.name.as_str());
    let mut reader = Reader { source, errors, defined: defined.collect() };
    let mut features: Vec<Feature> = Vec::new();
    for directive in link_applications(document) {
        let Some(feature) = reader.feature(directive) else { continue };
        if features.iter().any(|earlier| earlier.identity == feature.identity) {
            reader.invalid(
                feature.span,
                format!("`{}` is linked twice", feature.identity),
                "merge the two `@link`s into one with one import list",
            );
            continue;
        }
        features.push(feature);
    }
    reader.links(features)
}

/// The applications of `@link`, under whatever name the link specification itself was given.
fn link_applications(document: &Document) -> Vec<&Node<Directive>> {
    let on_schema: Vec<&Node<Directive>> = document
        .definitions
        .iter()
        .filter(|definition| {
            definition.as_schema_definition().is_some()
                || definition.as_schema_extension().is_some()
        })
        .flat_map(|definition| definition.directives().iter())
        .collect();
    let local = on_schema.iter().find_map(|directive| {
        let url = directive.specified_argument_by_name("url")?.as_str()?;
        url.starts_with("https://specs.apollo.dev/link/v").then(|| {
            directive
                .specified_argument_by_name("as")
                .and_then(|value| value.as_str())
                .unwrap_or("link")
        })
    });
    let local = local.unwrap_or("link");
    on_schema.into_iter().filter(|directive| directive.name == local).collect()
}

struct Reader<'a> {
    source: &'a SourceText,
    errors: &'a mut Vec<CompositionError>,
    /// The directives that the document defines itself.
    defined: Vec<&'a str>,
}

impl Reader<'_> {
    fn report(&mut self, code: ErrorCode, span: Span, message: String, fix: impl Into<String>) {
        let name = &self.source.subgraph;
        self.errors.push(
            CompositionError::new(code, format!("[{name}] {message}"))
                .at(name, self.source.locate(span))
                .fix(fix),
        );
    }

    fn invalid(&mut self, span: Span, message: String, fix: impl Into<String>) {
        self.report(ErrorCode::InvalidLinkDirectiveUsage, span, message, fix);
    }

    fn feature(&mut self, directive: &Node<Directive>) -> Option<Feature> {
        let span = directive.location();
        let url = directive.specified_argument_by_name("url")?.as_str()?;
        let Some(mut feature) = parse_url(url) else {
            self.report(
                ErrorCode::InvalidLinkIdentifier,
                span,
                format!(
                    "`@link` has the URL `{url}`, which has no name or no version `vMAJOR.MINOR`"
                ),
                "write a URL such as `https://specs.apollo.dev/federation/v2.9`",
            );
            return None;
        };
        feature.span = span;
        if let Some(prefix) =
            directive.specified_argument_by_name("as").and_then(|value| value.as_str())
        {
            prefix.clone_into(&mut feature.prefix);
        }
        if let Some(Value::List(items)) =
            directive.specified_argument_by_name("import").map(|value| value.as_ref())
        {
            feature.imports = items.iter().filter_map(|item| self.import(item)).collect();
        }
        Some(feature)
    }

    fn import(&mut self, item: &Node<Value>) -> Option<Import> {
        let import = match item.as_ref() {
            Value::String(name) => Import { name: name.clone(), local: name.clone() },
            Value::Object(fields) => {
                let field = |wanted: &str| {
                    fields
                        .iter()
                        .find(|(name, _)| name == wanted)
                        .and_then(|(_, value)| value.as_str().map(str::to_owned))
                };
                let unknown = fields.iter().any(|(key, _)| key != "name" && key != "as");
                let name = field("name").filter(|_| !unknown);
                let Some(name) = name else {
                    self.bad_item(item);
                    return None;
                };
                Import { local: field("as").unwrap_or_else(|| name.clone()), name }
            }
            _ => {
                self.bad_item(item);
                return None;
            }
        };
        if import.name.starts_with('@') != import.local.starts_with('@') {
            self.invalid(
                item.location(),
                format!(
                    "`@link` imports `{}` as `{}`: one is a directive, the other is not",
                    import.name, import.local
                ),
                format!(
                    "write `{{ name: \"{}\", as: \"{}\" }}`",
                    import.name,
                    if import.name.starts_with('@') {
                        format!("@{}", import.local)
                    } else {
                        import.local.trim_start_matches('@').to_owned()
                    }
                ),
            );
            return None;
        }
        Some(import)
    }

    fn bad_item(&mut self, item: &Node<Value>) {
        self.invalid(
            item.location(),
            format!("`@link` cannot import `{}`", item.as_ref()),
            "import a name (`\"@key\"`) or a renamed one (`{ name: \"@key\", as: \"@entityKey\" \
             }`)",
        );
    }

    fn links(&mut self, features: Vec<Feature>) -> Links {
        let mut links = Links {
            edition: Edition::One,
            features: Vec::new(),
            directives: IndexMap::new(),
            types: IndexMap::new(),
        };
        for feature in &features {
            if feature.identity == format!("{APOLLO}/federation") {
                self.federation(feature, &mut links);
            } else if feature.identity == format!("{APOLLO}/{}", feature.name) {
                self.single_feature(feature, &mut links);
            }
        }
        if !features.is_empty() && !links.directives.values().any(|known| *known == Known::Link) {
            links.directives.insert("link".to_owned(), Known::Link);
        }
        if links.edition == Edition::One {
            // A Federation 1 subgraph may define later directives itself, and then they count.
            let known = ELEMENTS.iter().filter(|element| {
                element.in_federation_one || self.defined.contains(&element.name)
            });
            for element in known {
                links.directives.insert(element.name.to_owned(), element.known);
            }
        }
        links.features = features;
        links
    }

    fn federation(&mut self, feature: &Feature, links: &mut Links) {
        let (major, minor) = feature.version;
        if major != 2 || minor > NEWEST_MINOR {
            self.report(
                ErrorCode::UnknownFederationLinkVersion,
                feature.span,
                format!("`@link` names federation `{}`, which is not known", feature.version_text),
                format!("use a version from `v2.0` to `v2.{NEWEST_MINOR}`"),
            );
        }
        links.edition = Edition::Two(minor);
        let spec_directives: Vec<_> =
            ELEMENTS.iter().filter(|element| element.since <= minor).collect();
        for import in &feature.imports {
            let known = match import.name.strip_prefix('@') {
                Some(name) => spec_directives.iter().any(|element| element.name == name),
                None => {
                    SPEC_TYPES.iter().any(|(name, since)| *name == import.name && *since <= minor)
                }
            };
            if !known {
                self.unknown_import(feature, import, minor);
            }
        }
        for element in spec_directives {
            let name = imported_as(feature, &format!("@{}", element.name)).map_or_else(
                || format!("{}__{}", feature.prefix, element.name),
                |local| local.trim_start_matches('@').to_owned(),
            );
            links.directives.insert(name, element.known);
        }
        for (name, _) in SPEC_TYPES {
            let local =
                imported_as(feature, name).unwrap_or_else(|| format!("{}__{name}", feature.prefix));
            links.types.insert(name, local);
        }
    }

    fn single_feature(&mut self, feature: &Feature, links: &mut Links) {
        let Some(spec) = FEATURE_SPECS.iter().find(|spec| spec.name == feature.name) else {
            return;
        };
        let (major, minor) = spec.newest;
        if feature.version.0 != major || feature.version.1 > minor {
            let code = match feature.name.as_str() {
                "connect" => ErrorCode::UnknownConnectorsVersion,
                _ => ErrorCode::UnknownLinkVersion,
            };
            self.report(
                code,
                feature.span,
                format!(
                    "`@link` names `{}` `{}`, which is not known",
                    feature.name, feature.version_text
                ),
                match code {
                    ErrorCode::UnknownConnectorsVersion => {
                        "use a version from `v0.1` to `v0.4`".to_owned()
                    }
                    _ => format!("use `v{major}.{minor}`"),
                },
            );
        }
        for known in spec.directives {
            let own = known.name();
            let default = if own == feature.name {
                feature.prefix.clone()
            } else {
                format!("{}__{own}", feature.prefix)
            };
            let local = imported_as(feature, &format!("@{own}"))
                .map_or(default, |local| local.trim_start_matches('@').to_owned());
            links.directives.insert(local, *known);
        }
    }

    fn unknown_import(&mut self, feature: &Feature, import: &Import, minor: u32) {
        let own = import.name.trim_start_matches('@');
        let fix = match ELEMENTS.iter().find(|element| element.name == own) {
            Some(element) if !import.name.starts_with('@') => {
                format!("write `@{}`", element.name)
            }
            Some(element) => format!(
                "link federation v2.{} or later, which has `{}`",
                element.since, import.name
            ),
            None => {
                let names = ELEMENTS.iter().filter(|e| e.since <= minor).map(|e| e.name);
                match words::nearest(own, names) {
                    Some(nearest) => format!("did you mean `@{nearest}`?"),
                    None => format!("remove `{}` from the import list", import.name),
                }
            }
        };
        self.invalid(
            feature.span,
            format!(
                "`@link` imports `{}`, which federation {} does not have",
                import.name, feature.version_text
            ),
            fix,
        );
    }
}

fn imported_as(feature: &Feature, name: &str) -> Option<String> {
    feature.imports.iter().find(|import| import.name == name).map(|import| import.local.clone())
}

/// Splits a link URL into identity, name and version.
fn parse_url(url: &str) -> Option<Feature> {
    let trimmed = url.trim_end_matches('/');
    let (identity, version_text) = trimmed.rsplit_once('/')?;
    let (major, minor) = version_text.strip_prefix('v')?.split_once('.')?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    let (_, path) = identity.split_once("://")?;
    let (_, name) = path.rsplit_once('/')?;
    if name.is_empty() {
        return None;
    }
    Some(Feature {
        identity: identity.to_owned(),
        name: name.to_owned(),
        version,
        version_text: version_text.to_owned(),
        prefix: name.to_owned(),
        imports: Vec::new(),
        span: None,
    })
}
