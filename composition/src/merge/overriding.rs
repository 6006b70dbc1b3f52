//! Decides which definitions of a field `@override` takes out of force.
//!
//! **In:** the definitions of one field. **Out:** [`Overrides`]; errors and hints.
//!
//! **Never here:** choosing between both sides of a progressive override: that is per request.
//!
//! **Holds:** a rejected `@override` takes nothing out of force.
//!
//! **Read first:** [`Merger::check_overrides`].
//!
//! Spec: <https://specs.apollo.dev/federation/v2.9#@override>

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::{ErrorCode, HintCode};
use crate::failure::CompositionError;
use crate::merge::{Merger, Parent, Sources};
use crate::schema::{External, FieldDef, Kind, Override};
use crate::words;

/// The overridden definitions of one field, by subgraph index.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    /// Overridden, and used there by nothing.
    pub(super) unused: BTreeSet<usize>,
    /// Overridden, but still used by a key, a requirement or an interface there.
    pub(super) used: BTreeSet<usize>,
    /// Labels of progressive overrides, for both sides.
    pub(super) labels: BTreeMap<usize, String>,
    /// Whether some override is in force.
    in_force: bool,
}

impl Overrides {
    /// Whether every definition stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        !self.in_force && self.labels.is_empty()
    }

    pub(super) fn is_overridden(&self, index: usize) -> bool {
        self.unused.contains(&index) || self.used.contains(&index)
    }
}

/// One `@override`, where it stands.
struct Site<'s, 'a> {
    index: usize,
    field: &'a FieldDef,
    overriding: &'a Override,
    coordinate: &'s str,
}

impl<'a> Merger<'a> {
    pub(super) fn check_overrides(
        &mut self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
    ) -> Overrides {
        let mut overrides = Overrides::default();
        if fields.iter().all(|(_, field)| field.overriding.is_none()) {
            return overrides;
        }
        let coordinate = format!("{}.{}", parent.name, fields[0].1.name);
        for (index, field) in fields {
            let Some(overriding) = &field.overriding else { continue };
            let site = Site { index: *index, field, overriding, coordinate: &coordinate };
            self.check_override(parent, fields, &site, &mut overrides);
        }
        overrides
    }

    fn check_override(
        &mut self,
        parent: &Parent<'_, 'a>,
        fields: &Sources<'a, FieldDef>,
        site: &Site<'_, 'a>,
        overrides: &mut Overrides,
    ) {
        let Site { index, field, overriding, coordinate } = *site;
        let on =
            parent.sources.iter().find(|(i, _)| *i == index).map(|(_, definition)| *definition);
        if on.is_some_and(|definition| definition.kind == Kind::Interface) {
            self.override_error(
                site,
                ErrorCode::OverrideOnInterface,
                format!(
                    "`@override` on `{coordinate}` has no effect: the field belongs to an interface"
                ),
                "put `@override` on the fields of the implementing types",
            );
            return;
        }
        if on.is_some_and(|definition| definition.interface_object) {
            self.override_error(
                site,
                ErrorCode::OverrideCollisionWithAnotherDirective,
                format!(
                    "`@override` on `{coordinate}` cannot be used on a field of an \
                     `@interfaceObject` type"
                ),
                "remove `@override`",
            );
            return;
        }
        if overriding.from == self.name(index) {
            self.override_error(
                site,
                ErrorCode::OverrideFromSelfError,
                format!("`@override` on `{coordinate}` names its own subgraph"),
                "name the subgraph that the field comes from",
            );
            return;
        }
        let Some(&from) = self.by_name.get(overriding.from.as_str()) else {
            self.hint_unknown_source(site);
            overrides.in_force = true;
            return;
        };
        if field.external == External::Yes {
            self.override_error(
                site,
                ErrorCode::OverrideCollisionWithAnotherDirective,
                format!("`{coordinate}` has both `@override` and `@external`"),
                "remove `@external`: an overriding field is resolved here",
            );
            return;
        }
        let Some((_, source)) = fields.iter().find(|(i, _)| *i == from) else {
            self.override_without_source(parent, site, from, overrides);
            return;
        };
        self.override_source(parent, site, (from, source), overrides);
    }

    fn override_without_source(
        &mut self,
        parent: &Parent<'_, 'a>,
        site: &Site<'_, 'a>,
        from: usize,
        overrides: &mut Overrides,
    ) {
        let coordinate = site.coordinate;
        let through =
            parent.sources.iter().flat_map(|(_, d)| d.implements.keys()).any(|interface| {
                self.subgraphs[from].types.get(interface).is_some_and(|definition| {
                    definition.interface_object && definition.fields.contains_key(&site.field.name)
                })
            });
        if through {
            self.override_error(
                site,
                ErrorCode::OverrideCollisionWithAnotherDirective,
                format!(
                    "`@override` on `{coordinate}` cannot take the field from `{}`, which has it \
                     through an `@interfaceObject`",
                    self.name(from)
                ),
                "remove the field from the interface object",
            );
            return;
        }
        overrides.in_force = true;
        self.hint_at(
            HintCode::OverrideDirectiveCanBeRemoved,
            coordinate,
            format!(
                "`{}` no longer has `{coordinate}`; `@override` can be removed",
                self.name(from)
            ),
            [(site.index, site.overriding.span)],
        );
    }

    fn override_source(
        &mut self,
        parent: &Parent<'_, 'a>,
        site: &Site<'_, 'a>,
        (from, source): (usize, &'a FieldDef),
        overrides: &mut Overrides,
    ) {
        let coordinate = site.coordinate;
        if source.overriding.is_some() {
            let error = CompositionError::new(
                ErrorCode::OverrideSourceHasOverride,
                format!(
                    "`{coordinate}` is overridden in `{}` from `{}`, where it has `@override`, too",
                    self.name(site.index),
                    self.name(from)
                ),
            )
            .on(coordinate)
            .fix("keep one `@override`, in the subgraph that shall resolve the field");
            self.error_at(error, [(site.index, site.overriding.span), (from, source.span)]);
            return;
        }
        let collision = if source.provides.is_some() {
            Some("provides")
        } else {
            source.requires.is_some().then_some("requires")
        };
        // A field that needs `@requires` at its source may move as a whole; but with a label both
        // sides stay in force, and a plan would have to satisfy the requirement on either one.
        let collision =
            collision.filter(|name| *name == "provides" || site.overriding.label.is_some());
        if let Some(directive) = collision {
            let error = CompositionError::new(
                ErrorCode::OverrideCollisionWithAnotherDirective,
                format!(
                    "`{coordinate}` is overridden in `{}` from `{}`, where it has `@{directive}`",
                    self.name(site.index),
                    self.name(from)
                ),
            )
            .on(coordinate)
            .fix(format!("remove `@{directive}` in `{}` first", self.name(from)));
            self.error_at(error, [(site.index, site.overriding.span), (from, source.span)]);
            return;
        }
        overrides.in_force = true;
        let usage = &self.subgraphs[from].usage;
        if source.external == External::Yes {
            self.hint_at(
                HintCode::OverrideDirectiveCanBeRemoved,
                coordinate,
                format!(
                    "`{coordinate}` is `@external` in `{}`; `@override` can be removed",
                    self.name(from)
                ),
                [(site.index, site.overriding.span)],
            );
        } else {
            let used = usage.is_used(parent.name, &source.name);
            let gone = if used { &mut overrides.used } else { &mut overrides.unused };
            gone.insert(from);
            self.hint_overridden(site, (from, source), used);
        }
        self.check_label(site, from, overrides);
    }

    fn hint_overridden(
        &mut self,
        site: &Site<'_, 'a>,
        (from, source): (usize, &'a FieldDef),
        used: bool,
    ) {
        // With a label both sides stay in force.
        if site.overriding.label.is_some() {
            return;
        }
        let advice = if used {
            "and stays only because a key, a requirement or an interface there uses it"
        } else {
            "and can be removed"
        };
        self.hint_at(
            HintCode::OverriddenFieldCanBeRemoved,
            site.coordinate,
            format!("`{}` in `{}` is overridden {advice}", site.coordinate, self.name(from)),
            [(from, source.span)],
        );
    }

    fn check_label(&mut self, site: &Site<'_, 'a>, from: usize, overrides: &mut Overrides) {
        let Some(label) = &site.overriding.label else { return };
        if !is_valid_label(label) {
            self.override_error(
                site,
                ErrorCode::OverrideLabelInvalid,
                format!("`@override` on `{}` has the label `{label}`", site.coordinate),
                "start with a letter and go on with letters, digits or `_-:./`; or write \
                 `percent(n)` with n from 0 to 100 and at most 8 decimals",
            );
            return;
        }
        overrides.labels.insert(site.index, label.clone());
        overrides.labels.insert(from, label.clone());
        self.hint_at(
            HintCode::OverrideMigrationInProgress,
            site.coordinate,
            format!(
                "`{}` is being moved from `{}` to `{}`",
                site.coordinate,
                self.name(from),
                self.name(site.index)
            ),
            [(site.index, site.overriding.span)],
        );
    }

    fn override_error(&mut self, site: &Site<'_, 'a>, code: ErrorCode, message: String, fix: &str) {
        let error = CompositionError::new(code, format!("[{}] {message}", self.name(site.index)))
            .on(site.coordinate)
            .fix(fix);
        self.error_at(error, [(site.index, site.overriding.span)]);
    }

    fn hint_unknown_source(&mut self, site: &Site<'_, 'a>) {
        let from = &site.overriding.from;
        let guess = words::nearest(from, self.by_name.keys().copied())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        self.hint_at(
            HintCode::FromSubgraphDoesNotExist,
            site.coordinate,
            format!(
                "`@override` on `{}` names `{from}`, which is no subgraph{guess}",
                site.coordinate
            ),
            [(site.index, site.overriding.span)],
        );
    }
}

fn is_valid_label(label: &str) -> bool {
    if let Some(percent) = label.strip_prefix("percent(").and_then(|l| l.strip_suffix(')')) {
        let (whole, decimals) = percent.split_once('.').unwrap_or((percent, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let value: Option<f64> = percent.parse().ok();
        return digits(whole)
            && digits(decimals)
            && decimals.len() <= 8
            && value.is_some_and(|value| value <= 100.0);
    }
    label.starts_with(|c: char| c.is_ascii_alphabetic())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || "_-:./".contains(c))
}
