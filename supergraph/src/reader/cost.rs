//! Reads `@cost` and `@listSize`.
//!
//! **In:** the document, once its fields are rows. **Out:** [`Costs`].
//!
//! **Never here:** merging what several subgraphs say (composition did), defaults (`query-planner`).
//!
//! **Holds:** a weight is a whole number, as the federation's directive has it; what is none is not read.
//!
//! **Read first:** `Reader::read_costs`.
//!
//! Spec: <https://specs.apollo.dev/cost/v0.1>

use super::{Reader, SupergraphErrorKind, definitions::shapes, requirements};
use crate::{
    Value,
    cost::{Costs, FieldCost, InputCost, ListSize},
    id::{FieldId, TypeId},
    table::{Names, TypeKind},
};
use apollo_compiler::{Node, ast};

/// The names that the document gives to the directives.
struct Directives {
    cost: String,
    list_size: String,
}

impl Reader<'_> {
    pub(super) fn read_costs(&self) -> Result<Costs, SupergraphErrorKind> {
        let directives = Directives {
            cost: requirements::name_here(self.document, "cost"),
            list_size: requirements::element_here(self.document, "cost", "listSize"),
        };
        let mut costs = Costs::default();
        for shape in shapes(self.document) {
            let ty = self.type_names[shape.name.as_str()];
            if let Some(weight) = directives.weight(shape.directives) {
                costs.types.insert(ty, weight.max(0));
                costs.told_apart.insert(ty);
            }
            for node in shape.fields {
                if let Some(cost) = directives.of_field(node) {
                    costs.fields.insert(self.types[ty].fields[node.name.as_str()], cost);
                }
            }
        }
        self.inherit_list_sizes(&mut costs);
        for field in costs.fields.keys() {
            costs.told_apart.insert(self.fields[*field].parent);
        }
        self.read_inputs(&directives, &mut costs)?;
        self.find_weighed_inputs(&mut costs);
        Ok(costs)
    }

    /// Who selects through an interface is promised its length.
    fn inherit_list_sizes(&self, costs: &mut Costs) {
        let mut inherited: Vec<(FieldId, ListSize)> = Vec::new();
        for (id, row) in self.types.iter().filter(|(_, row)| row.kind == TypeKind::Interface) {
            for (name, field) in &row.fields {
                let size = costs.fields.get(field).and_then(|cost| cost.list_size.clone());
                let Some(size) = size else { continue };
                let members = self.types[id].possible.iter();
                let implementing = members.filter_map(|it| self.types[it].fields.get(name));
                inherited.extend(implementing.map(|field| (*field, size.clone())));
            }
        }
        for (field, size) in inherited {
            costs.fields.entry(field).or_default().list_size.get_or_insert(size);
        }
    }

    fn read_inputs(
        &self,
        directives: &Directives,
        costs: &mut Costs,
    ) -> Result<(), SupergraphErrorKind> {
        for definition in &self.document.definitions {
            let ast::Definition::InputObjectTypeDefinition(node) = definition else { continue };
            let Some(ty) = self.type_names.get(node.name.as_str()) else { continue };
            let mut fields = Names::default();
            for field in &node.fields {
                let coordinate = format!("{}.{}", node.name, field.name);
                let row = InputCost {
                    ty: self.type_ref(&coordinate, &field.ty)?,
                    default: field.default_value.as_deref().map(Value::read),
                    weight: directives.weight(&field.directives).unwrap_or(0),
                };
                fields.insert(field.name.to_string(), row);
            }
            costs.inputs.insert(*ty, fields);
        }
        Ok(())
    }

    /// Those that count something, and those that hold such: a least fixpoint, for inputs may be recursive.
    fn find_weighed_inputs(&self, costs: &mut Costs) {
        let weighed = costs.types.iter().filter(|(_, weight)| **weight != 0).map(|(ty, _)| *ty);
        costs.weighed_inputs = weighed.collect();
        loop {
            let weighs =
                |row: &InputCost| row.weight != 0 || costs.weighed_inputs.contains(row.ty.named());
            let more: Vec<TypeId> = (costs.inputs.iter())
                .filter(|(ty, _)| !costs.weighed_inputs.contains(**ty))
                .filter(|(_, fields)| fields.values().any(weighs))
                .map(|(ty, _)| *ty)
                .collect();
            if more.is_empty() {
                return;
            }
            costs.weighed_inputs.extend_with(more);
        }
    }
}

impl Directives {
    fn weight(&self, directives: &ast::DirectiveList) -> Option<i64> {
        whole(directives.get(&self.cost)?, "weight")
    }

    fn of_field(&self, node: &Node<ast::FieldDefinition>) -> Option<FieldCost> {
        let arguments = node.arguments.iter().filter_map(|argument| {
            let weight = self.weight(&argument.directives)?;
            Some((argument.name.to_string(), weight))
        });
        let cost = FieldCost {
            weight: self.weight(&node.directives),
            list_size: node.directives.get(&self.list_size).map(|it| list_size(it)),
            arguments: arguments.collect(),
        };
        let says = cost.weight.is_some() || cost.list_size.is_some() || !cost.arguments.is_empty();
        says.then_some(cost)
    }
}

fn list_size(directive: &ast::Directive) -> ListSize {
    let slicing = names(directive, "slicingArguments");
    let require_one = directive.specified_argument_by_name("requireOneSlicingArgument");
    let require_one = require_one.and_then(|it| it.to_bool()).unwrap_or(true);
    ListSize {
        assumed: whole(directive, "assumedSize").map(|size| u64::try_from(size).unwrap_or(0)),
        require_one: require_one && !slicing.is_empty(),
        slicing: slicing.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect(),
        sized_fields: names(directive, "sizedFields"),
    }
}

fn whole(directive: &ast::Directive, argument: &str) -> Option<i64> {
    match &**directive.specified_argument_by_name(argument)? {
        ast::Value::Int(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

fn names(directive: &ast::Directive, argument: &str) -> Vec<String> {
    let Some(value) = directive.specified_argument_by_name(argument) else { return Vec::new() };
    // A single value stands for a list of one.
    if let Some(text) = value.as_str() {
        return vec![text.to_owned()];
    }
    let items = value.as_list().into_iter().flatten();
    items.filter_map(|item| item.as_str()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::Supergraph;

    fn supergraph(link: &str, directives: [&str; 2]) -> Supergraph {
        let [cost, list_size] = directives;
        let sdl = format!(
            "schema @link(url: \"https://specs.apollo.dev/link/v1.0\") {link} {{ query: Query }}
             enum join__Graph {{ A @join__graph(name: \"a\", url: \"\") }}
             scalar Heavy @join__type(graph: A) @{cost}(weight: 3)
             input Page @join__type(graph: A) {{ first: Int inner: Inner }}
             input Inner @join__type(graph: A) {{ again: Page heavy: Heavy }}
             interface Node @join__type(graph: A) {{ all: [Int] @{list_size}(assumedSize: 7) }}
             type Query implements Node @join__type(graph: A) @join__implements(graph: A, interface: \"Node\") {{
               all(page: Page @{cost}(weight: -2)): [Int]
               some: Int @{cost}(weight: 5)
             }}"
        );
        Supergraph::parse(&sdl).unwrap_or_else(|error| panic!("{}", error.kind))
    }

    #[test]
    fn directives_are_known_by_the_name_that_the_link_gives_them() {
        let link = |more: &str| format!("@link(url: \"https://specs.apollo.dev/cost/v0.1\"{more})");
        let import = ", import: [{ name: \"@listSize\", as: \"@sized\" }]";
        for (link, names) in [
            (String::new(), ["cost", "listSize"]),
            (link(""), ["cost", "cost__listSize"]),
            (link(", import: [\"@cost\", \"@listSize\"]"), ["cost", "listSize"]),
            (link(import), ["cost", "sized"]),
            (link(", as: \"price\""), ["price", "price__listSize"]),
        ] {
            let supergraph = supergraph(&link, names);
            let query = supergraph.query_type();
            let cost = |name: &str| {
                let field = supergraph.field_named(query, name).unwrap();
                supergraph.costs().of_field(field).unwrap()
            };
            assert_eq!(cost("some").weight, Some(5), "{link}");
            assert_eq!(cost("all").arguments, [("page".to_owned(), -2)], "{link}");
            assert_eq!(cost("all").list_size.as_ref().unwrap().assumed, Some(7), "inherited");
        }
    }

    #[test]
    fn an_input_weighs_what_it_may_hold() {
        let supergraph = supergraph("", ["cost", "listSize"]);
        let weighs =
            |name: &str| supergraph.costs().weighs_input(supergraph.type_named(name).unwrap());
        assert!(weighs("Heavy") && weighs("Inner") && weighs("Page"));
        assert!(!weighs("Int"));
    }
}
