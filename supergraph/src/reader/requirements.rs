//! Which requirements count for a type, for a field, and for all that a selection of a field meets.
//!
//! **In:** the access directives of the document. **Out:** `TypeDef::requirements`,
//! `FieldDef::requirements`, `FieldDef::touched`, each requirement interned.
//!
//! **Never here:** merging the requirements of several subgraphs (composition did), who meets them.
//!
//! **Holds:** what stands on an interface is of one of two kinds. What follows from the types that
//! implement it was put there by composition for planners that look at no runtime types; we look at
//! them, so it is left out. Anything more was meant for everyone who comes through the interface: all
//! its implementations require it, and no fragment leads around it.
//!
//! **Read first:** `Reader::read_requirements`.
//!
//! Spec: <https://specs.apollo.dev/authenticated/v0.1/>, <https://specs.apollo.dev/link/v1.0/>

use super::{Reader, SupergraphErrorKind, definitions::shapes};
use crate::{
    id::{FieldId, IdVec, RequirementId, TypeId},
    requirements::Requirement,
    set::IdSet,
    table::TypeKind,
};
use apollo_compiler::ast;
use std::collections::HashMap;

/// Where the specifications of federation are.
const FEDERATION: &str = "https://specs.apollo.dev/";

/// What stands on a type or on a field.
type Applied = Vec<Requirement>;

/// The names that the document gives to the directives.
struct Names {
    authenticated: String,
    scopes: String,
    policy: String,
}

/// What the document says, before interfaces and return types are looked at.
struct Written {
    types: HashMap<TypeId, Applied>,
    fields: HashMap<FieldId, Applied>,
}

impl Reader<'_> {
    pub(super) fn read_requirements(&mut self) {
        let written = self.written();
        if written.types.is_empty() && written.fields.is_empty() {
            return;
        }
        let written = self.with_interfaces(written);
        let mut interned: HashMap<Requirement, RequirementId> = HashMap::new();
        let ids: Vec<TypeId> = self.types.ids().collect();
        for ty in ids {
            let applied = written.types.get(&ty);
            self.types[ty].requirements = intern(&mut self.requirements, &mut interned, applied);
        }
        let ids: Vec<FieldId> = self.fields.ids().collect();
        for field in &ids {
            let own = intern(&mut self.requirements, &mut interned, written.fields.get(field));
            let returned = &self.types[self.fields[*field].ty.named()].requirements;
            self.fields[*field].requirements = union(&[&own, returned]);
        }
        for field in ids {
            self.fields[field].touched = self.touched(field);
        }
    }

    fn written(&self) -> Written {
        let names = Names::of(self.document);
        let mut written = Written { types: HashMap::new(), fields: HashMap::new() };
        for shape in shapes(self.document) {
            let ty = self.type_names[shape.name.as_str()];
            let applied = names.applied(shape.directives);
            if !applied.is_empty() {
                written.types.insert(ty, applied);
            }
            for node in shape.fields {
                let applied = names.applied(&node.directives);
                if !applied.is_empty() {
                    written.fields.insert(self.types[ty].fields[node.name.as_str()], applied);
                }
            }
        }
        written
    }

    /// Leaves out what interfaces have from their implementations, and gives these what else they have.
    fn with_interfaces(&self, written: Written) -> Written {
        let mut types = written.types.clone();
        let mut fields = written.fields.clone();
        let of_kind = |kind| self.types.iter().filter(move |(_, row)| row.kind == kind);
        for (interface, row) in of_kind(TypeKind::Interface) {
            let members: Vec<TypeId> = row.possible.iter().collect();
            let own = more_than_implied(&written.types, interface, &members);
            members.iter().for_each(|member| require(&mut types, *member, &own));
            replace(&mut types, interface, own);
            for (name, field) in &row.fields {
                let implementing = members.iter().filter_map(|it| self.types[*it].fields.get(name));
                let implementing: Vec<FieldId> = implementing.copied().collect();
                let own = more_than_implied(&written.fields, *field, &implementing);
                implementing.iter().for_each(|it| require(&mut fields, *it, &own));
                replace(&mut fields, *field, own);
            }
        }
        Written { types, fields }
    }

    /// All that may decide what a selection of the field shows, whatever the runtime types are.
    fn touched(&self, field: FieldId) -> Vec<RequirementId> {
        let row = &self.fields[field];
        let mut touched = IdSet::new();
        let mut touch = |requirements: &[RequirementId]| {
            touched.extend_with(requirements.iter().copied());
        };
        touch(&row.requirements);
        touch(&self.types[row.parent].requirements);
        for member in self.types[row.parent].possible.iter() {
            touch(&self.types[member].requirements);
            if let Some(field) = self.types[member].fields.get(&row.name) {
                touch(&self.fields[*field].requirements);
                for returned in self.types[self.fields[*field].ty.named()].possible.iter() {
                    touch(&self.types[returned].requirements);
                }
            }
        }
        for returned in self.types[row.ty.named()].possible.iter() {
            touch(&self.types[returned].requirements);
        }
        touched.iter().collect()
    }
}

/// What stands on an interface and does not follow from what stands on its members.
fn more_than_implied<I: Copy + Eq + std::hash::Hash>(
    written: &HashMap<I, Applied>,
    interface: I,
    members: &[I],
) -> Applied {
    let Some(applied) = written.get(&interface) else { return Vec::new() };
    let mut below: Vec<&Requirement> =
        members.iter().filter_map(|member| written.get(member)).flatten().collect();
    below.sort();
    below.dedup();
    applied.iter().filter(|requirement| !requirement.is_implied_by(&below)).cloned().collect()
}

fn require<I: Eq + std::hash::Hash>(rows: &mut HashMap<I, Applied>, id: I, more: &[Requirement]) {
    if !more.is_empty() {
        rows.entry(id).or_default().extend(more.iter().cloned());
    }
}

fn replace<I: Eq + std::hash::Hash>(rows: &mut HashMap<I, Applied>, id: I, applied: Applied) {
    if applied.is_empty() {
        rows.remove(&id);
    } else {
        rows.insert(id, applied);
    }
}

fn intern(
    requirements: &mut IdVec<RequirementId, Requirement>,
    interned: &mut HashMap<Requirement, RequirementId>,
    applied: Option<&Applied>,
) -> Vec<RequirementId> {
    let ids = applied.into_iter().flatten().map(|requirement| {
        let known = interned.entry(requirement.clone());
        *known.or_insert_with(|| requirements.push(requirement.clone()))
    });
    let ids: IdSet<RequirementId> = ids.collect();
    ids.iter().collect()
}

fn union(lists: &[&[RequirementId]]) -> Vec<RequirementId> {
    let ids: IdSet<RequirementId> = lists.iter().flat_map(|list| list.iter().copied()).collect();
    ids.iter().collect()
}

impl Names {
    fn of(document: &ast::Document) -> Self {
        Self {
            authenticated: name_here(document, "authenticated"),
            scopes: name_here(document, "requiresScopes"),
            policy: name_here(document, "policy"),
        }
    }

    fn applied(&self, directives: &ast::DirectiveList) -> Applied {
        let authenticated =
            directives.has(&self.authenticated).then_some(Requirement::Authenticated);
        let scopes = directives.get_all(&self.scopes);
        let scopes = scopes.map(|it| Requirement::Scopes(Requirement::alternatives(it, "scopes")));
        let policies = directives.get_all(&self.policy);
        let policies =
            policies.map(|it| Requirement::Policies(Requirement::alternatives(it, "policies")));
        authenticated.into_iter().chain(scopes).chain(policies).collect()
    }
}

/// The name that the document's `@link` gives to the directive of a feature: its own, unless it is
/// imported or the feature is linked under another.
pub(super) fn name_here(document: &ast::Document, feature: &str) -> String {
    let name = name_by_link(document, FEDERATION, feature);
    name.unwrap_or_else(|| feature.to_owned())
}

/// The same for a directive that is not called as its feature is.
pub(super) fn element_here(document: &ast::Document, feature: &str, element: &str) -> String {
    let Some(link) = link_of(document, FEDERATION, feature) else { return element.to_owned() };
    let prefix = link.specified_argument_by_name("as").and_then(|it| it.as_str());
    let prefix = prefix.unwrap_or(feature);
    imported(link, element).unwrap_or_else(|| format!("{prefix}__{element}"))
}

/// The name that a `@link` gives to the directive of a feature; none if it is not linked.
pub(super) fn name_by_link(document: &ast::Document, base: &str, feature: &str) -> Option<String> {
    let link = link_of(document, base, feature)?;
    let text = |name: &str| link.specified_argument_by_name(name)?.as_str();
    let name = imported(link, feature).or_else(|| text("as").map(str::to_owned));
    Some(name.unwrap_or_else(|| feature.to_owned()))
}

/// The `@link` of a feature.
fn link_of<'a>(
    document: &'a ast::Document,
    base: &str,
    feature: &str,
) -> Option<&'a ast::Directive> {
    links(document).find(|link| {
        let rest = link_url(link).strip_prefix(base).and_then(|rest| rest.strip_prefix(feature));
        rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
    })
}

fn imported(link: &ast::Directive, feature: &str) -> Option<String> {
    let imports = link.specified_argument_by_name("import")?.as_list()?;
    imports.iter().find_map(|import| {
        let member =
            |key: &str| import.as_object()?.iter().find(|(name, _)| name == key)?.1.as_str();
        let name = import.as_str().or_else(|| member("name"))?;
        let name_here = member("as").unwrap_or(name);
        (name.strip_prefix('@')? == feature).then(|| name_here.trim_start_matches('@').to_owned())
    })
}

/// The specifications for security that are enforced. `@fromContext` is one: clients must not fill its arguments.
const ENFORCED: [&str; 5] =
    ["authenticated", "context", "inaccessible", "policy", "requiresScopes"];

/// What is linked `for: SECURITY` must be enforced by whoever reads the document.
pub(super) fn check_security(document: &ast::Document) -> Result<(), SupergraphErrorKind> {
    for link in links(document) {
        let purpose = link.specified_argument_by_name("for").and_then(|it| it.as_enum());
        if purpose.is_none_or(|purpose| purpose != "SECURITY") {
            continue;
        }
        let url = link_url(link);
        let feature = url.strip_prefix(FEDERATION).and_then(|rest| rest.split('/').next());
        if !feature.is_some_and(|feature| ENFORCED.contains(&feature)) {
            return Err(SupergraphErrorKind::UnknownSecurity { url: url.to_owned() });
        }
    }
    Ok(())
}

fn links(document: &ast::Document) -> impl Iterator<Item = &ast::Directive> {
    let schemas = document.definitions.iter().filter(|definition| {
        matches!(
            definition,
            ast::Definition::SchemaDefinition(_) | ast::Definition::SchemaExtension(_)
        )
    });
    schemas
        .flat_map(|definition| definition.directives().iter())
        .filter(|node| node.name == "link" || node.name == "core")
        .map(|node| &**node)
}

/// The address of a specification, as `@link` or its ancestor `@core` gives it.
fn link_url(link: &ast::Directive) -> &str {
    let text = |name: &str| link.specified_argument_by_name(name)?.as_str();
    text("url").or_else(|| text("feature")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::{Requirement, Supergraph};

    fn supergraph(link: &str, field: &str) -> Result<Supergraph, String> {
        let sdl = format!(
            "schema @link(url: \"https://specs.apollo.dev/link/v1.0\") {link} {{ query: Query }}
             enum join__Graph {{ A @join__graph(name: \"a\", url: \"\") }}
             type Query @join__type(graph: A) {{ a: Int {field} }}"
        );
        Supergraph::parse(&sdl).map_err(|error| error.kind.to_string())
    }

    fn required(link: &str, field: &str) -> Vec<Requirement> {
        let supergraph = supergraph(link, field).unwrap();
        let field = supergraph.field_named(supergraph.query_type(), "a").unwrap();
        let ids = supergraph.field(field).requirements.iter();
        ids.map(|id| supergraph.requirements()[*id].clone()).collect()
    }

    #[test]
    fn directives_are_known_by_the_name_that_the_link_gives_them() {
        let link = |more: &str| {
            format!(
                "@link(url: \"https://specs.apollo.dev/authenticated/v0.1\", {more} for: SECURITY)"
            )
        };
        let authenticated = [Requirement::Authenticated];
        assert_eq!(required(&link(""), "@authenticated"), authenticated);
        assert_eq!(required(&link("as: \"known\","), "@known"), authenticated);
        let import = "import: [{ name: \"@authenticated\", as: \"@known\" }],";
        assert_eq!(required(&link(import), "@known"), authenticated);
        assert_eq!(required("", "@authenticated"), authenticated, "linked or not");
    }

    #[test]
    fn what_cannot_be_read_is_met_by_nobody() {
        for wrong in ["", "(scopes: [])", "(scopes: null)", "(scopes: [[1]])"] {
            let nobody = [Requirement::Scopes(Vec::new())];
            assert_eq!(required("", &format!("@requiresScopes{wrong}")), nobody, "{wrong}");
        }
        let one = [Requirement::Scopes(vec![vec!["a".to_owned()]])];
        assert_eq!(required("", "@requiresScopes(scopes: \"a\")"), one);
        assert_eq!(required("", "@requiresScopes(scopes: [[\"a\", \"a\"], \"a\"])"), one);
    }

    #[test]
    fn unknown_security_is_refused() {
        let link = "@link(url: \"https://example.com/vault/v1.0\", for: SECURITY)";
        let error = supergraph(link, "").unwrap_err();
        assert!(error.contains("`https://example.com/vault/v1.0` for security"), "{error}");
        assert!(supergraph(&link.replace("SECURITY", "EXECUTION"), "").is_ok());
    }
}
