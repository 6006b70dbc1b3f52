//! Holds what grows to its limits: texts, values, problems, the stack.
//!
//! **In:** mappings made to explode. **Out:** a named error, or a bounded result; steps and sizes are
//! counted, never time.
//!
//! **Never here:** what mappings mean (`fixtures`).

#![expect(clippy::unwrap_used, reason = "a mapping of ours that is not read fails the test")]

use mapping::{
    Connector, Exceeded, Given, Inputs, Json, Level, Limits, Mapping, ParseErrorKind, Place, Shape,
    Version, Wanted,
};

const LIMITS: Limits = Limits { steps: 100_000, size: 100_000, problems: 10 };

fn evaluated(text: &str, body: &str, limits: Limits) -> Result<Option<String>, Exceeded> {
    let mapping = Mapping::parse(text, Version::V0_4).unwrap();
    let body = Json::read(body.as_bytes()).unwrap();
    let evaluated = mapping.evaluate(&Inputs::of_body(&body), &Wanted::All, limits)?;
    Ok(evaluated.value.map(|value| value.to_json()))
}

#[test]
fn a_value_that_doubles_at_each_step_is_too_large() {
    let doubled = format!("$(1){}", "->echo([@, @])".repeat(40));
    let exceeded = evaluated(&doubled, "null", LIMITS).unwrap_err();
    assert_eq!(exceeded, Exceeded::Size { limit: 100_000 });
    assert_eq!(exceeded.to_string(), "the mapping makes a value larger than 100000");
    let as_text = format!("{doubled}->jsonStringify->size");
    assert_eq!(evaluated(&as_text, "null", LIMITS), Err(Exceeded::Size { limit: 100_000 }));
    let compared = format!("{doubled}->as($x)->echo($x->eq($x))");
    assert_eq!(evaluated(&compared, "null", LIMITS), Err(Exceeded::Steps { limit: 100_000 }));
    // It is shared, so to hold it is cheap, and to take one end of it too.
    assert_eq!(evaluated(&format!("{doubled}->first->size"), "null", LIMITS), Ok(Some("2".into())));
}

#[test]
fn a_text_that_doubles_is_too_large() {
    let doubled = format!("$('ab'){}", "->echo([@, @]->joinNotNull(''))".repeat(30));
    assert_eq!(evaluated(&doubled, "null", LIMITS), Err(Exceeded::Size { limit: 100_000 }));
    let escaped = format!("$('\"'){}", "->jsonStringify".repeat(60));
    assert_eq!(evaluated(&escaped, "null", LIMITS), Err(Exceeded::Size { limit: 100_000 }));
}

#[test]
fn loops_in_loops_take_too_many_steps() {
    let list: Vec<String> = (0..50).map(|i| i.to_string()).collect();
    let text = "$->map($->map($->map($->map(1))))->size";
    let body = format!("[{}]", list.join(","));
    assert_eq!(evaluated(text, &body, LIMITS), Err(Exceeded::Steps { limit: 100_000 }));
}

#[test]
fn a_value_of_too_many_levels_is_refused() {
    let deep = |n: usize| format!("$(1){}", "->echo([@])".repeat(n));
    assert!(evaluated(&deep(128), "null", LIMITS).unwrap().is_some());
    assert_eq!(evaluated(&deep(129), "null", LIMITS), Err(Exceeded::Depth));
}

#[test]
fn texts_have_limits() {
    let refused = |text: &str| Mapping::parse(text, Version::V0_4).unwrap_err().kind;
    let nested = |n: usize| format!("{}a{}", "a { ".repeat(n), " }".repeat(n));
    assert!(Mapping::parse(&nested(64), Version::V0_4).is_ok());
    assert_eq!(refused(&nested(65)), ParseErrorKind::TooDeep { limit: 64 });
    for open in ["$(", "[", "{ a: ", "a->map(", "x: { "] {
        assert_eq!(
            refused(&open.repeat(70_000 / open.len())),
            ParseErrorKind::TooDeep { limit: 64 }
        );
    }
    assert_eq!(
        refused(&format!("$.a{}", ".a".repeat(256))),
        ParseErrorKind::TooManySteps { limit: 256 }
    );
    assert_eq!(refused(&" ".repeat(300_000)), ParseErrorKind::TooLong { limit: 262_144 });
}

#[test]
fn the_deepest_text_over_the_deepest_value_fits_on_a_small_stack() {
    let work = || {
        let body = format!("{}{}", "[".repeat(126), "]".repeat(126));
        let nestings = [
            ("a { ", " }", 64),
            ("a: { ", " }", 64),
            ("[$, ", "]", 64),
            ("$->map({ a: ", " })", 32),
            ("$->match([@, ", "])", 32),
        ];
        for (open, close, n) in nestings {
            let text = format!("{}a{}", open.repeat(n), close.repeat(n));
            let mapping = Mapping::parse(&text, Version::V0_4).unwrap();
            assert_eq!(mapping.text(), text);
            let json = Json::read(body.as_bytes()).unwrap();
            let _ = mapping.evaluate(&Inputs::of_body(&json), &Wanted::All, LIMITS);
            let checked = mapping.check(&Given::at(Place::Selection(Connector::Field)));
            assert_eq!(checked.findings, []);
        }
    };
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn many_members_of_one_object_are_not_compared_one_by_one() {
    let members: Vec<String> = (0..20_000).map(|i| format!("\"k_{i}\":{i}")).collect();
    let body = format!("{{{}}}", members.join(","));
    let limits = Limits { steps: 300_000, size: 1_000_000, problems: 10 };
    assert!(evaluated("... $ ... $", &body, limits).unwrap().is_some());
    assert!(evaluated("$->keysToCamelCaseDeep", &body, limits).unwrap().is_some());
    assert_eq!(evaluated("$->entries->size", &body, limits), Ok(Some("20000".into())));
}

#[test]
fn problems_are_counted_together_and_bounded() {
    let mapping = Mapping::parse("$->map(@.a)", Version::V0_3).unwrap();
    let body = Json::read(b"[{},{},{},1]").unwrap();
    let evaluated = mapping.evaluate(&Inputs::of_body(&body), &Wanted::All, LIMITS).unwrap();
    let found: Vec<_> = evaluated.problems.iter().map(|it| (it.path.as_str(), it.count)).collect();
    assert_eq!(found, [("@.a", 3), ("@.a", 1)]);

    let many: Vec<String> = (0..50).map(|i| format!("k{i} r{i}: $(1)->withError('e')")).collect();
    let mapping = Mapping::parse(&many.join(" "), Version::V0_3).unwrap();
    let body = Json::read(b"{}").unwrap();
    let evaluated = mapping.evaluate(&Inputs::of_body(&body), &Wanted::All, LIMITS).unwrap();
    assert_eq!((evaluated.problems.len(), evaluated.n_more_problems), (10, 40));
    assert_eq!((evaluated.reports.len(), evaluated.n_more_reports), (10, 40));
    assert!(evaluated.reports.iter().all(|report| report.level == Level::Error));
}

#[test]
fn only_what_is_wanted_is_evaluated() {
    let text = "id title: none.x author { name born: none } ... p { q r: none }";
    let mapping = Mapping::parse(text, Version::V0_4).unwrap();
    let body = Json::read(br#"{"id":1,"author":{"name":"Ann"},"p":{"q":2}}"#).unwrap();
    let inputs = Inputs::of_body(&body);
    let wanted = Wanted::members([
        ("id", Wanted::All),
        ("author", Wanted::members([("name", Wanted::All)])),
        ("q", Wanted::All),
    ]);
    let evaluated = mapping.evaluate(&inputs, &wanted, LIMITS).unwrap();
    assert_eq!(evaluated.problems, []);
    let value = evaluated.value.map(|value| value.to_json());
    assert_eq!(value.as_deref(), Some(r#"{"id":1,"author":{"name":"Ann"},"q":2}"#));
    // A merged null makes the whole null, whether or not anything of it is wanted.
    let body = Json::read(br#"{"id":1,"p":null}"#).unwrap();
    let inputs = Inputs::of_body(&body);
    let wanted = Wanted::members([("id", Wanted::All)]);
    let evaluated = mapping.evaluate(&inputs, &wanted, LIMITS).unwrap();
    assert_eq!(evaluated.value.map(|value| value.to_json()).as_deref(), Some("null"));
}

#[test]
fn a_shape_that_doubles_becomes_unknown() {
    let text = format!("$(1){}", "->as($x)->echo([$x, $x])".repeat(60));
    let mapping = Mapping::parse(&text, Version::V0_3).unwrap();
    let checked = mapping.check(&Given::at(Place::Selection(Connector::RootField)));
    assert_eq!((checked.output, checked.findings.len()), (Shape::Unknown, 0));
    let mut deep = "$(1)".to_owned();
    for _ in 0..20 {
        deep = format!("$({deep}){}", "->echo([@])".repeat(200));
    }
    let mapping = Mapping::parse(&deep, Version::V0_3).unwrap();
    let checked = mapping.check(&Given::at(Place::Selection(Connector::RootField)));
    assert!(checked.output.to_string().len() < 2_000);
    let arms = "... $.k->match(['a', { a: 1 }], ['b', { b: 2 }], ['c', { c: 3 }]) ".repeat(12);
    let mapping = Mapping::parse(&arms, Version::V0_4).unwrap();
    let checked = mapping.check(&Given::at(Place::Selection(Connector::RootField)));
    assert!(checked.output.to_string().len() < 20_000);
}
