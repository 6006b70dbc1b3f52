//! Masks: what stands instead of a value, by the field of an object type.
//!
//! **Never here:** what masks do to a text (the gateway).

use crate::builder::{Builder, ask, ask_below};
use crate::driver::{Outcome, SUPERGRAPH, Script, ok};
use execution::{MaskedBy, MaskedFields, Masks};
use query_planner::{QueryPlan, ResponseCase, ResponseSelection, RuntimeType};

/// Mask 1 hides nothing, all others everything; what they hide is told in brackets.
pub(crate) struct Told;

impl Masks for Told {
    fn hides(&self, mask: u32) -> bool {
        mask != 1
    }

    fn instead_of(&self, mask: u32, leaf: &str) -> String {
        format!("\"{mask}:{}\"", leaf.replace('"', "'"))
    }
}

fn masked(fields: &[(&str, &str, u32, bool)]) -> MaskedFields {
    let mut all = MaskedFields::default();
    for (ty, field, mask, removes) in fields {
        let ty = SUPERGRAPH.type_named(ty).unwrap();
        all.add(ty, field, MaskedBy { mask: *mask, removes: *removes });
    }
    all
}

/// `{ leaves { a: FIELD b: FIELD } }`
fn leaf(field: &str, value: &str, fields: &[(&str, &str, u32, bool)]) -> Outcome {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (leaves, position) = plan.composite(root, "leaves");
    let leaf = plan.slot(position, field);
    let below = plan.select(position, vec![ask("f", leaf)]);
    let selection = plan.select(root, vec![ask_below("leaves", leaves, below)]);
    plan.root_fetch("a", selection);
    let both = vec![plan.show("a", leaf), plan.show("b", leaf)];
    let shown = plan.show_objects("leaves", leaves, both);
    let plan = plan.finish(vec![shown]);
    let answer = ok(&format!(r#"{{"data":{{"leaves":{{"f":{value}}}}}}}"#));
    let mut script = Script::new(&plan, vec![answer]);
    script.masked = masked(fields);
    script.run()
}

#[test]
fn a_masked_leaf_has_something_else_instead_at_all_its_places() {
    for (field, value, instead) in [
        ("string", r#""a""#, r#""0:'a'""#),
        ("id", "7", r#""0:7""#),
        ("any", r#"{"b":[1]}"#, r#""0:{'b':[1]}""#),
        ("any", "[1,2]", r#""0:[1,2]""#),
        ("ints", "[1,null,2]", r#"["0:1",null,"0:2"]"#),
        ("ints", "[]", "[]"),
        // Null says nothing.
        ("string", "null", "null"),
    ] {
        let outcome = leaf(field, value, &[("Leaves", field, 0, false)]);
        assert_eq!(outcome.data(), format!(r#"{{"leaves":{{"a":{instead},"b":{instead}}}}}"#));
        assert_eq!(outcome.errors(), [] as [&str; 0], "{field}: {value}");
    }
}

#[test]
fn the_first_mask_that_hides_counts_and_others_do_nothing() {
    let not_hiding = ("Leaves", "string", 1, false);
    let outcome = leaf("string", r#""a""#, &[not_hiding]);
    assert_eq!(outcome.data(), r#"{"leaves":{"a":"a","b":"a"}}"#);
    let rules = [not_hiding, ("Leaves", "string", 2, false), ("Leaves", "string", 3, true)];
    let outcome = leaf("string", r#""a""#, &rules);
    assert_eq!(outcome.data(), r#"{"leaves":{"a":"2:'a'","b":"2:'a'"}}"#);
    let outcome = leaf("string", r#""a""#, &[("Leaves", "id", 0, false)]);
    assert_eq!(outcome.data(), r#"{"leaves":{"a":"a","b":"a"}}"#);
}

#[test]
fn what_is_removed_is_null_without_an_error_whatever_it_was() {
    for (field, value) in [("string", r#""a""#), ("ints", "[1,2]"), ("int", "\"wrong\"")] {
        let outcome = leaf(field, value, &[("Leaves", field, 0, true)]);
        assert_eq!(outcome.data(), r#"{"leaves":{"a":null,"b":null}}"#);
        assert_eq!(outcome.errors(), [] as [&str; 0], "{field}");
    }
}

#[test]
fn a_value_of_another_class_is_an_error_that_does_not_tell_it() {
    let outcome = leaf("string", "4711", &[("Leaves", "string", 0, false)]);
    assert_eq!(outcome.data(), r#"{"leaves":{"a":null,"b":null}}"#);
    assert_eq!(outcome.errors().len(), 2);
    assert!(!outcome.response.contains("4711"), "{}", outcome.response);
}

/// `{ media { title } }`, whose objects are what they are asked to be; `asked`: the subgraph tells.
fn titles(asked: bool, answer: &str) -> Outcome {
    let plan = media_plan(asked);
    let mut script = Script::new(&plan, vec![ok(answer)]);
    script.masked = masked(&[("Book", "title", 0, false)]);
    script.run()
}

fn media_plan(asked: bool) -> QueryPlan {
    let mut plan = Builder::new(&SUPERGRAPH);
    let root = plan.root();
    let (media, position) = plan.composite(root, "media");
    let title = plan.slot(position, "title");
    let mut below = plan.select(position, vec![ask("title", title)]);
    below.runtime_type = if asked { RuntimeType::Asked } else { RuntimeType::Unknown };
    let selection = plan.select(root, vec![ask_below("media", media, below)]);
    plan.root_fetch("a", selection);
    let cases = vec![ResponseCase { types: None, fields: vec![plan.show("title", title)] }];
    let denied = supergraph::TypeSet::new();
    let selection = ResponseSelection { position, cases, denied };
    let shown = plan.show_below("media", media, Some(selection));
    plan.finish(vec![shown])
}

#[test]
fn a_mask_follows_the_object_through_interfaces() {
    let objects = r#"{"__typename":"Book","title":"secret"},{"__typename":"Film","title":"open"}"#;
    let outcome = titles(true, &format!(r#"{{"data":{{"media":[{objects}]}}}}"#));
    assert_eq!(outcome.data(), r#"{"media":[{"title":"0:'secret'"},{"title":"open"}]}"#);
}

#[test]
fn an_object_whose_type_nobody_told_has_the_masks_of_all_types_it_could_have() {
    let outcome = titles(false, r#"{"data":{"media":[{"title":"secret"}]}}"#);
    assert!(!outcome.data().contains("\"secret\""), "{}", outcome.response);
    assert_eq!(outcome.data(), r#"{"media":[{"title":"0:'secret'"}]}"#);
}
