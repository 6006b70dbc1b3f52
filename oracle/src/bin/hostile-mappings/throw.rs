//! Throws one case at the crate `mapping`, and says what it got wrong.
//!
//! **In:** a seed. **Out:** nothing, or why the case failed.
//!
//! **Never here:** what a mapping gives (`slow`), how it is written (`write`).
//!
//! **Holds:** what a case is follows from its seed alone.
//!
//! **Read first:** [`throw`].

use crate::invent::{Invented, invent};
use crate::model::{Flavor, Plain};
use crate::mutate::mutate;
use crate::slow::Slow;
use crate::write::{canonical, noisy};
use mapping::{
    Connector, FieldShape, Given, HeaderTemplate, Inputs, Json, Key, Limits, Mapping, ObjectShape,
    Place, Read, Shape, Source, UrlKind, UrlTemplate, Value, Variable, Version, View, Wanted,
    apply_edits, edits_for_v0_4,
};
use oracle::Chance;

const LIMITS: Limits = Limits { steps: 100_000, size: 100_000, problems: 1_000 };

/// What was thrown.
#[derive(Default)]
pub(crate) struct Thrown {
    pub(crate) n_bytes: usize,
    pub(crate) has_value: bool,
    pub(crate) was_read: bool,
}

/// One case: half of them a mapping whose value is known, half of them a damaged text.
pub(crate) fn throw(seed: u64) -> Result<Thrown, String> {
    let mut chance = Chance::new(seed);
    let (flavor, version) = *chance.pick(&[
        (Flavor::First, Version::V0_1),
        (Flavor::First, Version::V0_2),
        (Flavor::Third, Version::V0_3),
        (Flavor::Unified, Version::V0_4),
        (Flavor::Unified, Version::V0_5),
    ]);
    let invented = invent(flavor, &mut chance);
    let text = noisy(&invented.root, flavor, &mut chance);
    let told = |why: String| {
        format!("seed {seed}, {version}: {why}\nmapping: {text}\ninputs: {}", invented.inputs)
    };
    if chance.percent(50) {
        return throw_damaged(&text, &invented, &mut chance).map_err(told);
    }
    let canonical = canonical(&invented.root, flavor);
    throw_right(&text, &canonical, version, &invented, &mut chance).map_err(told)
}

fn throw_right(
    text: &str,
    canonical: &str,
    version: Version,
    invented: &Invented,
    chance: &mut Chance,
) -> Result<Thrown, String> {
    let mapping = Mapping::parse(text, version).map_err(|error| {
        format!("is not read: {error} at {:?}, fix {:?}", error.span, error.fix)
    })?;
    if mapping.text() != canonical {
        return Err(format!("is printed as\n{}\nand not as\n{canonical}", mapping.text()));
    }
    let inputs_text = invented.inputs.to_string();
    let values = Json::read(inputs_text.as_bytes()).map_err(|error| error.to_string())?;
    let inputs = inputs_of(&values);
    let Ok(evaluated) = mapping.evaluate(&inputs, &Wanted::All, LIMITS) else {
        return Ok(Thrown { n_bytes: text.len(), ..Thrown::default() });
    };
    let (expected, n_problems) = slowly(invented);
    let found = evaluated.value.as_ref().map(Value::to_json);
    if found != expected.as_ref().map(Plain::to_json) {
        return Err(format!("gives {found:?} and not {:?}", expected.map(|it| it.to_json())));
    }
    let n_found: u64 = evaluated.problems.iter().map(|it| it.count).sum();
    if n_found != n_problems && evaluated.n_more_problems == 0 {
        return Err(format!("has {n_found} problems and not {n_problems}"));
    }
    check_reads(&mapping, &invented.inputs, found.as_ref())?;
    check_migrated(text, version, &inputs, found.as_ref())?;
    check_wanted(&mapping, &inputs, evaluated.value.as_ref(), chance)?;
    check_part_of_body(&mapping, &invented.inputs, &inputs, chance)?;
    if let (Some(value), 0) = (&evaluated.value, n_found) {
        check_shape(&mapping, &values, value)?;
    }
    Ok(Thrown { n_bytes: text.len(), has_value: found.is_some(), was_read: true })
}

fn slowly(invented: &Invented) -> (Option<Plain>, u64) {
    let mut slow = Slow::default();
    let mut body = Plain::Object(Vec::new());
    if let Plain::Object(members) = Plain::of_json(&invented.inputs) {
        for (name, value) in members {
            if name == "$" { body = value } else { slow.variables.push((name, value)) }
        }
    }
    let value = slow.evaluate(&invented.root, &body);
    (value, slow.n_problems)
}

fn inputs_of<'a>(values: &'a Json<'a>) -> Inputs<'a> {
    let mut inputs = values.get("$").map_or_else(Inputs::default, Inputs::of_body);
    for variable in Variable::ALL {
        if let Some(value) = values.get(variable.name()) {
            inputs = inputs.with(variable, value);
        }
    }
    inputs
}

/// A mapping gives the same when it gets no more than what it is known to read.
fn check_reads(
    mapping: &Mapping,
    inputs: &serde_json::Value,
    expected: Option<&String>,
) -> Result<(), String> {
    let checked = mapping.check(&Given::at(Place::Selection(Connector::Field)));
    let mut pruned = inputs.clone();
    for (name, value) in pruned.as_object_mut().into_iter().flatten() {
        let of = |read: &&Read| match read.source {
            Source::Body => name == "$",
            Source::Variable(variable) => name == variable.name(),
        };
        let paths: Vec<&[Key]> =
            checked.reads.iter().filter(of).map(|read| read.path.as_slice()).collect();
        prune(value, &paths);
    }
    let text = pruned.to_string();
    let values = Json::read(text.as_bytes()).map_err(|error| error.to_string())?;
    let inputs = inputs_of(&values);
    let Ok(evaluated) = mapping.evaluate(&inputs, &Wanted::All, LIMITS) else {
        return Err(format!("takes more when it gets less: {pruned}"));
    };
    let found = evaluated.value.map(|value| value.to_json());
    if found.as_ref() == expected {
        return Ok(());
    }
    Err(format!("gives {found:?} and not {expected:?} of what it is known to read: {pruned}"))
}

fn prune(value: &mut serde_json::Value, paths: &[&[Key]]) {
    if paths.iter().any(|path| path.is_empty()) {
        return;
    }
    match value {
        serde_json::Value::Array(list) => list.iter_mut().for_each(|it| prune(it, paths)),
        serde_json::Value::Object(members) => members.retain(|name, value| {
            let is_next = |path: &&&[Key]| path.first().is_some_and(|key| *key.name == **name);
            let below: Vec<&[Key]> = paths.iter().filter(is_next).map(|path| &path[1..]).collect();
            prune(value, &below);
            !below.is_empty()
        }),
        _ => {}
    }
}

/// A migrated text gives the same in v0.4.
fn check_migrated(
    text: &str,
    version: Version,
    inputs: &Inputs<'_>,
    expected: Option<&String>,
) -> Result<(), String> {
    let edits = edits_for_v0_4(text, version).map_err(|error| error.to_string())?;
    let migrated = apply_edits(text, &edits);
    let mapping = Mapping::parse(&migrated, Version::V0_4)
        .map_err(|error| format!("is migrated to what is not read: {error}\n{migrated}"))?;
    let Ok(evaluated) = mapping.evaluate(inputs, &Wanted::All, LIMITS) else {
        return Err("takes more when it is migrated".to_owned());
    };
    let found = evaluated.value.map(|value| value.to_json());
    if found.as_ref() == expected {
        return Ok(());
    }
    Err(format!("gives {found:?} and not {expected:?} when it is migrated to\n{migrated}"))
}

/// A body of which no more was read than is needed gives the same.
fn check_part_of_body(
    mapping: &Mapping,
    inputs: &serde_json::Value,
    whole: &Inputs<'_>,
    chance: &mut Chance,
) -> Result<(), String> {
    let wanted = some_wanted(chance);
    let body = inputs.get("$").map(ToString::to_string).unwrap_or("{}".to_owned());
    let read = mapping.body_read(&wanted);
    let part = Json::read_only(body.as_bytes(), &read).map_err(|error| error.to_string())?;
    let mut with_part = *whole;
    with_part.body = Some(&part);
    let of = |inputs: &Inputs<'_>| {
        let evaluated = mapping.evaluate(inputs, &wanted, LIMITS);
        evaluated.map(|it| it.value.map(|value| only(&value, &wanted)))
    };
    let [expected, found] = [of(whole), of(&with_part)];
    if expected == found {
        return Ok(());
    }
    Err(format!("gives {found:?} and not {expected:?} for {wanted:?} when only {read:?} is read"))
}

/// What is wanted of a result is there, whatever else is left out.
fn check_wanted(
    mapping: &Mapping,
    inputs: &Inputs<'_>,
    whole: Option<&Value<'_>>,
    chance: &mut Chance,
) -> Result<(), String> {
    let wanted = some_wanted(chance);
    let Ok(part) = mapping.evaluate(inputs, &wanted, LIMITS) else {
        return Err("takes more when less is wanted".to_owned());
    };
    let [whole, part] = [whole, part.value.as_ref()].map(|it| it.map(|it| only(it, &wanted)));
    if whole == part {
        return Ok(());
    }
    Err(format!("gives {part:?} of {wanted:?}, but as a whole {whole:?}"))
}

fn some_wanted(chance: &mut Chance) -> Wanted {
    let inner = Wanted::members([("a", Wanted::All), ("id", Wanted::All)]);
    let names = chance.some(&["a", "b", "id", "items", "x-y"], 50);
    let of = |chance: &mut Chance| if chance.percent(50) { Wanted::All } else { inner.clone() };
    Wanted::members(names.into_iter().map(|name| (name, of(chance))))
}

fn only(value: &Value<'_>, wanted: &Wanted) -> serde_json::Value {
    let Wanted::Members(names) = wanted else { return value.to_tree() };
    match value.view() {
        View::Array(elements) => elements.iter().map(|element| only(&element, wanted)).collect(),
        View::Object(fields) => {
            let kept = fields.iter().filter_map(|(name, value)| {
                Some((name.to_owned(), only(&value, names.get(name)?)))
            });
            serde_json::Value::Object(kept.collect())
        }
        _ => value.to_tree(),
    }
}

/// A value has the shape that was known before, if nothing was in its way. Of what these methods
/// give nothing is known, and braces behind them are taken for those of an object.
fn check_shape(mapping: &Mapping, inputs: &Json<'_>, value: &Value<'_>) -> Result<(), String> {
    let text = mapping.text();
    if text.contains("jsonParse") || text.contains("keysToCamelCase") {
        return Ok(());
    }
    let mut given = Given::at(Place::Selection(Connector::Field));
    given.body = inputs.get("$").map_or_else(|| Shape::object::<&str>([]), shape_of);
    for variable in Variable::ALL {
        if let Some(value) = inputs.get(variable.name()) {
            given = given.with(variable, shape_of(value));
        }
    }
    let checked = mapping.check(&given);
    if checked.findings.is_empty() && !has_shape(value, &checked.output) {
        return Err(format!("gives {}, which is no {}", value.to_json(), checked.output));
    }
    Ok(())
}

/// What a schema could say of a value; objects may have more members.
fn shape_of(json: &Json<'_>) -> Shape {
    match json {
        Json::Null => Shape::Null,
        Json::Boolean(_) => Shape::Boolean(None),
        Json::Number(number) if number.is_f64() => Shape::Float,
        Json::Number(_) => Shape::Integer(None),
        Json::String(_) => Shape::String(None),
        Json::Array(list) => Shape::list(Shape::one_of(list.iter().map(shape_of))),
        Json::Object(members) => {
            let field = |(name, value): &(std::borrow::Cow<'_, str>, Json<'_>)| {
                let span = mapping::Span::default();
                let (name, shape) = (name.as_ref().into(), shape_of(value));
                FieldShape { name, shape, name_span: span, value_span: span }
            };
            let fields = members.iter().map(field).collect();
            Shape::Object(Box::new(ObjectShape { fields, rest: Some(Shape::Unknown) }))
        }
    }
}

fn has_shape(value: &Value<'_>, shape: &Shape) -> bool {
    shape.branches().iter().any(|branch| match (value.view(), branch) {
        (_, Shape::Unknown) | (View::Null, Shape::Null) => true,
        (View::Boolean(value), Shape::Boolean(known)) => known.is_none_or(|it| it == value),
        (View::Number(number), Shape::Integer(known)) => {
            !number.is_f64() && known.is_none_or(|it| Some(it) == number.as_i64())
        }
        (View::Number(_), Shape::Float) => true,
        (View::String(text), Shape::String(known)) => known.as_ref().is_none_or(|it| **it == *text),
        // What is missing is null in a list.
        (View::Array(elements), Shape::Array(list)) => {
            elements.iter().enumerate().all(|(i, it)| {
                it.is_null() || has_shape(&it, list.prefix.get(i).unwrap_or(&list.rest))
            })
        }
        // Braces over what nobody knows are taken for those of an object; it may be a list. What
        // nobody knows may be null, and then so is what it is merged into.
        (View::Array(elements), Shape::Object(_)) => {
            elements.iter().all(|it| it.is_null() || has_shape(&it, branch))
        }
        (View::Null, Shape::Object(object)) => object.rest == Some(Shape::Unknown),
        (View::Object(fields), Shape::Object(object)) => {
            fields.iter().all(|(name, value)| match (object.field(name), &object.rest) {
                (Some(field), _) => has_shape(&value, &field.shape),
                (None, Some(rest)) => has_shape(&value, rest),
                (None, None) => false,
            })
        }
        _ => false,
    })
}

/// A text that may be anything: nothing panics, and what is read prints to what reads the same.
fn throw_damaged(text: &str, invented: &Invented, chance: &mut Chance) -> Result<Thrown, String> {
    let damaged = mutate(text, chance);
    let inputs_text = invented.inputs.to_string();
    let values = Json::read(inputs_text.as_bytes()).map_err(|error| error.to_string())?;
    let inputs = inputs_of(&values);
    let mut thrown = Thrown { n_bytes: damaged.len(), ..Thrown::default() };
    let small = Limits { steps: 300, size: 300, problems: 3 };
    for version in Version::ALL {
        let place = |span: mapping::Span| {
            damaged.get(span.range()).map(drop).ok_or(format!("has no {span:?}: {damaged}"))
        };
        match Mapping::parse(&damaged, version) {
            Err(error) => place(error.span)?,
            Ok(mapping) => {
                thrown.was_read = true;
                let printed = mapping.text();
                let again = Mapping::parse(&printed, version)
                    .map_err(|error| format!("`{damaged}` prints `{printed}`: {error}"))?;
                if again.text() != printed {
                    return Err(format!("`{printed}` is printed as `{}`", again.text()));
                }
                let checked = mapping.check(&Given::at(Place::Request(Connector::Type)));
                checked.reads.iter().try_for_each(|read| place(read.span))?;
                checked.findings.iter().try_for_each(|finding| place(finding.span))?;
                drop(mapping.evaluate(&inputs, &Wanted::All, small));
                let both = [&mapping, &again].map(|it| {
                    let evaluated = it.evaluate(&inputs, &Wanted::All, LIMITS);
                    evaluated.map(|it| it.value.map(|value| value.to_json()))
                });
                if both[0] != both[1] {
                    return Err(format!("`{damaged}` and `{printed}` give {both:?}"));
                }
            }
        }
        throw_template(&damaged, version, &inputs)?;
    }
    Ok(thrown)
}

fn throw_template(text: &str, version: Version, inputs: &Inputs<'_>) -> Result<(), String> {
    let url = format!("https://h.example/a/{text}?q={{$args.id}}");
    let url = UrlTemplate::parse(&url, UrlKind::Connect, version);
    if let Ok(url) = &url {
        let address = mapping::Address { url: Some(url), ..mapping::Address::default() };
        if let Ok(address) = address.expand(inputs, LIMITS) {
            let is_right = |c: char| c.is_ascii_graphic() && c != '#' && c != '"' && c != '<';
            if address.origin != "https://h.example" || !address.url().chars().all(is_right) {
                return Err(format!("the template becomes `{}`", address.url()));
            }
        }
    }
    if let Ok(header) = HeaderTemplate::parse(text, version)
        && let Ok((Some(value), _)) = header.expand(inputs, LIMITS)
        && value.contains(['\r', '\n', '\0'])
    {
        return Err(format!("the header becomes {value:?}"));
    }
    Ok(())
}
