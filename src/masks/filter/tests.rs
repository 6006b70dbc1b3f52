//! What the filter gives for texts and masks, however the bytes are cut.
//!
//! **Never here:** paths by themselves (`path`), values by themselves (`masks`).

use std::sync::Arc;

use serde_json::Value;

use super::{JsonFilter, Unreadable};
use crate::masks::{Action, HashKey, JsonPath, Mask, PathMask};

fn masks(all: &[(&str, Action)]) -> Arc<[PathMask]> {
    let mask = |(path, action): &(&str, Action)| PathMask {
        path: JsonPath::parse(path).unwrap(),
        mask: Mask { action: action.clone(), unless: None },
    };
    all.iter().map(mask).collect()
}

fn filtered(
    text: &[u8],
    masks: &Arc<[PathMask]>,
    piece: usize,
) -> Result<String, (String, Unreadable)> {
    let mut filter = JsonFilter::new(Arc::clone(masks));
    let mut out = Vec::new();
    let mut run = || {
        for piece in text.chunks(piece) {
            out.extend(filter.push(piece)?);
        }
        out.extend(filter.finish()?);
        Ok(())
    };
    let done = run();
    let out = String::from_utf8_lossy(&out).into_owned();
    done.map(|()| out.clone()).map_err(|error| (out, error))
}

/// The same for every way to cut the bytes.
fn expect(text: &str, all: &[(&str, Action)], expected: &str) {
    let masks = masks(all);
    for piece in 1..=text.len() {
        assert_eq!(filtered(text.as_bytes(), &masks, piece).as_deref(), Ok(expected), "{text}");
    }
    assert!(serde_json::from_str::<Value>(expected).is_ok(), "{expected}");
}

fn replace() -> Action {
    Action::Replace("\"***\"".to_owned())
}

#[test]
fn what_no_mask_selects_stays_as_it_was_without_whitespace() {
    let text = " { \"a\" : [ 1 , -2.5e+10, true,null ] , \"b\\u0041\" : \"x\\\"\\\\ é\" , \"c\":{}, \"d\":[] } ";
    expect(
        text,
        &[("$.z", Action::Remove)],
        r#"{"a":[1,-2.5e+10,true,null],"b\u0041":"x\"\\ é","c":{},"d":[]}"#,
    );
    expect("17", &[("$.z", Action::Remove)], "17");
    expect("\"\"", &[("$.z", Action::Remove)], "\"\"");
}

#[test]
fn removed_members_and_items_leave_no_gap() {
    let remove = [("$..card", Action::Remove)];
    expect(r#"{"card":1}"#, &remove, "{}");
    expect(
        r#"{"card":{"a":[1,{}]},"b":2,"card":"x","c":{"card":[]}}"#,
        &remove,
        r#"{"b":2,"c":{}}"#,
    );
    expect(r#"{"a":1,"card":"x"}"#, &remove, r#"{"a":1}"#);
    expect("[1,[2],{}]", &[("$[*]", Action::Remove)], "[]");
    expect(r#"[{"card":1},{"x":[{"card":2,"y":3}]}]"#, &remove, r#"[{},{"x":[{"y":3}]}]"#);
}

#[test]
fn names_are_compared_by_their_characters() {
    expect(
        r#"{"c\u0061rd":1,"card\u0020":2}"#,
        &[("$.card", Action::Remove)],
        r#"{"card\u0020":2}"#,
    );
    expect(r#"{"a b":1,"a":{"b":2}}"#, &[("$['a b']", Action::Remove)], r#"{"a":{"b":2}}"#);
}

#[test]
fn a_selected_value_is_replaced_whole() {
    let rules = [("$.a", replace())];
    expect(r#"{"a":{"b":[1,2]},"c":1}"#, &rules, r#"{"a":"***","c":1}"#);
    expect(r#"{"a":[],"a":null}"#, &rules, r#"{"a":"***","a":"***"}"#);
    expect(r#"[[1,2],3]"#, &[("$[*]", replace())], r#"["***","***"]"#);
}

#[test]
fn the_leaves_of_a_selected_value_are_masked_and_null_stays() {
    let rules = [("$.a", Action::KeepLast(2))];
    let text = r#"{"a":{"n":"abcdef","l":[12345,true,null,"x",[]]},"b":"abcdef"}"#;
    expect(
        text,
        &rules,
        r#"{"a":{"n":"****ef","l":["****45","****",null,"****",[]]},"b":"abcdef"}"#,
    );
    let rules = [("$.a", Action::Hash(HashKey::new(b"Jefe")))];
    let hash = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let text = r#"{"a":"what do ya want for nothing?"}"#;
    expect(text, &rules, &format!(r#"{{"a":"{hash}"}}"#));
}

#[test]
fn the_stronger_mask_goes_first() {
    let rules = [("$.a", Action::KeepLast(1)), ("$.a.b", replace()), ("$..c", Action::Remove)];
    expect(r#"{"a":{"b":"xy","c":"xy","d":"xy"}}"#, &rules, r#"{"a":{"b":"***","d":"****y"}}"#);
    let rules = [("$.a", replace()), ("$.a", Action::Remove)];
    expect(r#"{"a":1,"b":2}"#, &rules, r#"{"b":2}"#);
    // Within what is replaced, nothing more is written.
    let rules = [("$.a", replace()), ("$.a.b", replace())];
    expect(r#"{"a":{"b":1,"c":2},"d":3}"#, &rules, r#"{"a":"***","d":3}"#);
}

#[test]
fn what_is_not_json_ends_the_stream_before_anything_leaks() {
    let rules = masks(&[("$..card", replace())]);
    for text in [
        "",
        " ",
        "{",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "\"a",
        "\"\\u12",
        "tru",
        "-",
        "1.",
        "01",
        "+1",
        "1e",
        "nul",
        "{,}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:2}",
        "[1 2]",
        "1 2",
        "{}{}",
        "[1}",
        "{\"a\":1]",
        "\"\\x\"",
        "\"a\tb\"",
        "'a'",
        "NaN",
        "\u{feff}{}",
        "// x\n1",
        "]",
        "}",
        ",",
        ":",
        "{\"a\"::1}",
        "[,1]",
        "{\"card\":\"4711\"",
        "{\"a\\ud800\":1}",
        "{\"card\":01}",
    ] {
        for piece in 1..=text.len().max(1) {
            let (out, _) = filtered(text.as_bytes(), &rules, piece).unwrap_err();
            assert!(!out.contains("4711"), "{text}: {out}");
        }
    }
    assert!(filtered(b"{\"\xff\":1}", &rules, 3).is_err());
}

#[test]
fn depth_and_masked_texts_are_bounded_and_others_are_not() {
    let rules = masks(&[("$.card", Action::KeepLast(4))]);
    let deep = "[".repeat(513);
    assert_eq!(filtered(deep.as_bytes(), &rules, 64).unwrap_err().1, Unreadable::TooDeep);
    let long = "x".repeat(2 << 20);
    let text = format!("{{\"card\":\"{long}\"}}");
    assert_eq!(filtered(text.as_bytes(), &rules, 4_096).unwrap_err().1, Unreadable::TokenTooLong);
    let text = format!("{{\"other\":\"{long}\"}}");
    assert_eq!(filtered(text.as_bytes(), &rules, 4_096).as_deref(), Ok(&*text));
}

#[test]
fn a_filter_keeps_nothing_of_a_long_list_but_its_place() {
    let mut filter = JsonFilter::new(masks(&[("$[*].card", Action::KeepLast(4))]));
    let mut n_out = filter.push(b"[{\"card\":\"0\"}").unwrap().len();
    for _ in 0..20_000 {
        let out = filter.push(b",{\"id\":7,\"card\":\"4111111111111234\"}").unwrap();
        assert_eq!(out, b",{\"id\":7,\"card\":\"****1234\"}");
        n_out += out.len();
    }
    n_out += filter.push(b"]").unwrap().len() + filter.finish().unwrap().len();
    assert_eq!(n_out, "[{\"card\":\"****\"}]".len() + 20_000 * 27);
    assert!(filter.writer.out.capacity() < 1_000 && filter.writer.frames.is_empty());
}
