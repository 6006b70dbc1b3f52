//! Checks `@cost` and `@listSize`.
//!
//! **In:** one Federation 2 subgraph. **Out:** `COST_*` and `LIST_SIZE_*` errors.
//!
//! **Never here:** computing costs.
//!
//! Spec: <https://specs.apollo.dev/cost/v0.1>

use apollo_compiler::ast::Value;

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::schema::{Applied, FieldDef, Kind, Subgraph, has};
use crate::vocabulary::Known;
use crate::words;

pub(crate) fn check_cost(subgraph: &Subgraph, errors: &mut Vec<CompositionError>) {
    for definition in subgraph.types.values() {
        for field in definition.fields.values().filter(|field| !field.applied.is_empty()) {
            let coordinate = format!("{}.{}", definition.name, field.name);
            if definition.kind == Kind::Interface && has(&field.applied, Known::Cost) {
                let message = format!("`@cost` stands on `{coordinate}`, a field of an interface");
                errors.push(
                    subgraph
                        .error(ErrorCode::CostAppliedToInterfaceField, field.span, &message)
                        .on(&coordinate)
                        .fix("put it on the fields of the implementing types"),
                );
            }
            if let Some(list_size) = field.applied.iter().find(|a| a.is(Known::ListSize)) {
                ListSize { subgraph, coordinate: &coordinate, field, list_size, errors }.check();
            }
        }
    }
}

struct ListSize<'a> {
    subgraph: &'a Subgraph,
    coordinate: &'a str,
    field: &'a FieldDef,
    list_size: &'a Applied,
    errors: &'a mut Vec<CompositionError>,
}

impl ListSize<'_> {
    fn check(mut self) {
        self.assumed_size();
        self.slicing_arguments();
        self.sized_fields_form();
        let sized: Vec<String> = self.names("sizedFields");
        if sized.is_empty() && !self.field.ty.is_list() {
            self.report(
                ErrorCode::ListSizeAppliedToNonList,
                format!("`@listSize` stands on `{}`, which is no list", self.coordinate),
                "name the lists below it in `sizedFields`".to_owned(),
            );
        }
        for name in sized {
            self.sized_field(&name);
        }
    }

    fn report(&mut self, code: ErrorCode, message: String, fix: String) {
        let error = self.subgraph.error(code, self.list_size.span(), &message);
        self.errors.push(error.on(self.coordinate).fix(fix));
    }

    fn names(&self, argument: &str) -> Vec<String> {
        let value = self.list_size.argument(argument);
        // A single value stands for a list of one.
        if let Some(text) = value.and_then(|value| value.as_str()) {
            return vec![text.to_owned()];
        }
        let list = value.and_then(|value| value.as_list());
        let texts = list.into_iter().flatten().filter_map(|value| value.as_str());
        texts.map(str::to_owned).collect()
    }

    /// GraphQL would take a bare string for a list of one; the composers in use read its letters.
    fn sized_fields_form(&mut self) {
        let value = self.list_size.argument("sizedFields");
        let Some(text) = value.and_then(|value| value.as_str()) else { return };
        let message = format!(
            "`sizedFields` of `@listSize` on `{}` is the text `\"{text}\"`, not a list",
            self.coordinate
        );
        let fix = format!("write `sizedFields: [\"{text}\"]`");
        self.report(ErrorCode::ListSizeInvalidSizedField, message, fix);
    }

    fn assumed_size(&mut self) {
        if let Some(Value::Int(size)) =
            self.list_size.argument("assumedSize").map(|value| value.as_ref())
            && size.try_to_i32().is_ok_and(|size| size < 0)
        {
            self.report(
                ErrorCode::ListSizeInvalidAssumedSize,
                format!("`@listSize` on `{}` assumes a negative size", self.coordinate),
                "write zero or more".to_owned(),
            );
        }
    }

    fn slicing_arguments(&mut self) {
        for name in self.names("slicingArguments") {
            let argument = self.field.arguments.get(name.as_str());
            let is_int =
                argument.is_some_and(|a| a.ty.is_named() && a.ty.inner_named_type() == "Int");
            if is_int {
                continue;
            }
            let names = self.field.arguments.keys().map(|name| name.as_str());
            let (what, fix) = match argument {
                Some(argument) => (
                    format!(
                        "slicing argument `{}({name}:)` is of type `{}`",
                        self.coordinate, argument.ty
                    ),
                    "name an argument of type `Int`".to_owned(),
                ),
                None => (
                    format!("`{}` has no argument `{name}` to slice by", self.coordinate),
                    words::nearest(&name, names).map_or_else(
                        || "name an argument of type `Int`".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    ),
                ),
            };
            self.report(ErrorCode::ListSizeInvalidSlicingArgument, what, fix);
        }
    }

    fn sized_field(&mut self, name: &str) {
        let returned = self.field.ty.inner_named_type();
        let definition = self.subgraph.types.get(returned);
        let field = definition.and_then(|definition| definition.fields.get(name));
        match field {
            None => self.report(
                ErrorCode::ListSizeInvalidSizedField,
                format!(
                    "`@listSize` on `{}` names the sized field `{name}`, which `{returned}` does \
                     not have",
                    self.coordinate
                ),
                "name a list field of the returned type".to_owned(),
            ),
            Some(field) if !field.ty.is_list() => self.report(
                ErrorCode::ListSizeAppliedToNonList,
                format!(
                    "`@listSize` on `{}` names the sized field `{returned}.{name}`, which is no \
                     list",
                    self.coordinate
                ),
                "name a list field of the returned type".to_owned(),
            ),
            Some(_) => {}
        }
    }
}
