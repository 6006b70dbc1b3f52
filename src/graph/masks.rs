//! The masks of a graph: the configuration's, looked up in the schema.
//!
//! **In:** masks by `Type.field`, and a supergraph. **Out:** [`GraphMasks`]: for executors the fields that have
//! masks, for a request those that hide; or a [`Problem`].
//!
//! **Never here:** what stands instead of a value (`masks`), rendering (`execution`).
//!
//! **Holds:** a mask that fits no field of the schema is a bad graph: it would hide nothing, and nobody would
//! know. What stands instead is a value that the field's type allows.
//!
//! **Read first:** [`find`], [`GraphMasks::hiding`].

use std::sync::Arc;

use execution::{MaskedBy, MaskedFields, Masks};
use supergraph::{FieldId, Supergraph, TypeId, TypeKind};

use super::problem::Problem;
use crate::config::{ConfigErrors, FieldMask, nearest};
use crate::expressions::Scope;
use crate::masks::{Action, Mask};

/// The masks of a graph.
#[derive(Debug, Default)]
pub struct GraphMasks {
    fields: Arc<MaskedFields>,
    masks: Vec<Mask>,
}

/// The masks of a graph for one request.
#[derive(Debug, Clone, Copy)]
pub struct Hiding<'a> {
    masks: &'a [Mask],
    /// Those that hide, in order.
    hiding: &'a [u32],
}

impl GraphMasks {
    /// Which fields have masks.
    pub fn fields(&self) -> Arc<MaskedFields> {
        Arc::clone(&self.fields)
    }

    /// Those of `used` that hide something from a request.
    pub fn hiding(&self, used: &[u32], scope: &Scope<'_>) -> Vec<u32> {
        let hides = |mask: &u32| self.masks.get(*mask as usize).is_none_or(|it| it.hides(scope));
        used.iter().copied().filter(hides).collect()
    }

    /// The masks for a request of which these hide.
    pub fn of_request<'a>(&'a self, hiding: &'a [u32]) -> Hiding<'a> {
        Hiding { masks: &self.masks, hiding }
    }
}

impl Masks for Hiding<'_> {
    fn hides(&self, mask: u32) -> bool {
        self.hiding.contains(&mask)
    }

    fn instead_of(&self, mask: u32, leaf: &str) -> String {
        let mask = self.masks.get(mask as usize);
        mask.map_or_else(|| "null".to_owned(), |mask| mask.action.instead_of(leaf))
    }
}

/// Looks the masks up.
///
/// # Errors
/// All masks that do not fit the schema.
pub(super) fn find(all: &[FieldMask], supergraph: &Supergraph) -> Result<GraphMasks, Problem> {
    let mut fields = MaskedFields::default();
    let (mut masks, mut errors) = (Vec::new(), Vec::new());
    for (index, field_mask) in (0..).zip(all) {
        match fit(field_mask, supergraph) {
            Ok((mask, types)) => {
                let removes = matches!(mask.action, Action::Remove);
                let by = MaskedBy { mask: index, removes };
                types.iter().for_each(|ty| fields.add(*ty, &field_mask.field, by));
                masks.push(mask);
            }
            Err((message, fix)) => {
                let mut error = field_mask.place.clone();
                (error.message, error.fix) = (message, fix);
                errors.push(error);
            }
        }
    }
    if !errors.is_empty() {
        return Err(Problem::of_configuration(&ConfigErrors { errors }));
    }
    Ok(GraphMasks { fields: Arc::new(fields), masks })
}

/// What is wrong, and what to do.
type Misfit = (String, String);

/// The mask as it is for its field, and the object types that have the field.
fn fit(mask: &FieldMask, supergraph: &Supergraph) -> Result<(Mask, Vec<TypeId>), Misfit> {
    let (ty, field) = declared(mask, supergraph)?;
    let possible = supergraph.ty(ty).possible.iter();
    let types: Vec<(TypeId, FieldId)> =
        possible.filter_map(|ty| Some((ty, supergraph.field_named(ty, &mask.field)?))).collect();
    let mut action = mask.mask.action.clone();
    for field in [field].into_iter().chain(types.iter().map(|(_, field)| *field)) {
        action = fitting(mask, action, field, supergraph)?;
    }
    let types = types.into_iter().map(|(ty, _)| ty).collect();
    Ok((Mask { action, unless: mask.mask.unless.clone() }, types))
}

fn declared(mask: &FieldMask, supergraph: &Supergraph) -> Result<(TypeId, FieldId), Misfit> {
    let with_fields = |kind| matches!(kind, TypeKind::Object | TypeKind::Interface);
    let found = supergraph.type_named(&mask.ty).filter(|ty| with_fields(supergraph.ty(*ty).kind));
    let Some(ty) = found else {
        let known = supergraph.types().iter().filter(|(_, ty)| with_fields(ty.kind));
        let fix = match nearest(&mask.ty, known.map(|(_, ty)| ty.name.as_str())) {
            Some(name) => format!("did you mean `{name}.{}`?", mask.field),
            None => "name an object type or an interface of the schema".to_owned(),
        };
        return Err((format!("the schema has no type `{}` with fields", mask.ty), fix));
    };
    supergraph.field_named(ty, &mask.field).map(|field| (ty, field)).ok_or_else(|| {
        let known = supergraph.ty(ty).fields.iter();
        let known = known.map(|(_, field)| supergraph.field(*field).name.as_str());
        let fix = match nearest(&mask.field, known) {
            Some(name) => format!("did you mean `{}.{name}`?", mask.ty),
            None => format!("name a field of `{}`", mask.ty),
        };
        (format!("`{}` has no field `{}`", mask.ty, mask.field), fix)
    })
}

/// The action as it is for one field.
fn fitting(
    mask: &FieldMask,
    action: Action,
    field: FieldId,
    supergraph: &Supergraph,
) -> Result<Action, Misfit> {
    let coordinate = supergraph.coordinate(field);
    let field = supergraph.field(field);
    let (ty, printed) = (supergraph.ty(field.ty.named()), supergraph.print_type(&field.ty));
    if !matches!(ty.kind, TypeKind::Scalar | TypeKind::Enum) {
        let fix =
            "mask the fields below it, or let `@requiresScopes` or `@policy` deny it".to_owned();
        return Err((format!("`{coordinate}` has objects, not values"), fix));
    }
    let of_texts = !matches!(ty.name.as_str(), "Int" | "Float" | "Boolean");
    let of_texts = of_texts && ty.kind == TypeKind::Scalar;
    match (&action, &mask.replacement) {
        (Action::Remove, _) if field.ty.is_non_null() => {
            let fix = "use `replace`, or let the schema allow null there".to_owned();
            Err((format!("`{coordinate}` is `{printed}`: it cannot be removed"), fix))
        }
        (Action::KeepLast(_) | Action::Hash(_), _) if !of_texts => {
            let fix = "use `replace` or `remove` where values are not texts".to_owned();
            Err((format!("`{coordinate}` is `{printed}`: what would stand there is a text"), fix))
        }
        (Action::Replace(_), Some(text)) if !of_texts => {
            let is_value = match (ty.kind, ty.name.as_str()) {
                (TypeKind::Enum, _) => {
                    ty.enum_values.iter().any(|value| value.accessible && value.name == *text)
                }
                (_, "Int") => text.parse::<i32>().is_ok_and(|number| number.to_string() == *text),
                (_, "Float") => {
                    let number = serde_json::from_str::<serde_json::Number>(text);
                    number.is_ok_and(|number| number.as_f64().is_some_and(f64::is_finite))
                }
                _ => matches!(text.as_str(), "true" | "false"),
            };
            if !is_value {
                let fix = format!("write a value of `{}`", ty.name);
                return Err((format!("`{coordinate}` is `{printed}`, and `{text}` is none"), fix));
            }
            Ok(if ty.kind == TypeKind::Enum { action } else { Action::Replace(text.clone()) })
        }
        _ => Ok(action),
    }
}
