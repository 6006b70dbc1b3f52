//! The reader against serde_json, an independent witness.
//!
//! **Never here:** GraphQL.

use super::{Json, JsonError, Kind, ReaderLimits};
use bytes::Bytes;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use serde_json::Value;

const WIDE: ReaderLimits = ReaderLimits { max_depth: 64, max_list_length: 1000 };

fn read(text: &str) -> Result<Json, JsonError> {
    Json::read(&Bytes::copy_from_slice(text.as_bytes()), WIDE)
}

/// The value as serde_json would have it, made of our tree alone.
fn to_value(json: &Json) -> Value {
    match json.kind() {
        Kind::Null => Value::Null,
        Kind::Boolean => Value::Bool(json.text() == "true"),
        Kind::Number => serde_json::from_str(json.text()).unwrap(),
        Kind::String => Value::String(json.as_str().unwrap().into_owned()),
        Kind::Array(items) => items.iter().map(to_value).collect(),
        Kind::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), to_value(value))).collect()
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_value_reads_back(value in values(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let json = read(&text).unwrap();
        assert_eq!(to_value(&json), value);
        assert_eq!(json.text(), text);
    }

    #[test]
    fn what_serde_json_refuses_is_refused(text in r#"[\[\]{}:," \\0-9a-fu.eE+\-"tnrl]{0,24}"#) {
        let theirs = serde_json::from_str::<Value>(&text);
        let ours = read(&text);
        // A number beyond f64 is JSON; serde_json alone cannot hold it.
        let out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        assert!(theirs.is_ok() == ours.is_ok() || out_of_range, "{text:?}: {ours:?} and {theirs:?}");
    }

    #[test]
    fn a_mutilated_text_is_judged_alike(value in values(), at in any::<usize>(), byte in 0x20u8..0x7f) {
        let mut text = serde_json::to_string(&value).unwrap();
        let at = at % text.len();
        if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
            text.replace_range(at..=at, &char::from(byte).to_string());
        }
        let theirs = serde_json::from_str::<Value>(&text);
        let out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        assert!(theirs.is_ok() == read(&text).is_ok() || out_of_range, "{text:?}");
    }
}

#[test]
fn escapes_mean_what_they_say() {
    let text = r#""\u0041\n\"\\\/\ud83d\ude00 é""#;
    assert_eq!(read(text).unwrap().as_str().unwrap(), "A\n\"\\/\u{1f600} é");
    for wrong in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83dA""#, r#""\x""#, "\"\n\"", r#""\u00g0""#]
    {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn numbers_keep_their_text() {
    for number in ["1e2", "12345678901234567890", "-0", "1.0", "1e400", "0.1E+5"] {
        assert_eq!(read(number).unwrap().text(), number);
    }
    for wrong in ["01", "1.", ".5", "+1", "-", "1e", "0x1", "NaN"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_first_of_equal_names_wins_also_in_large_objects() {
    let json = read(r#"{"a":1,"\u0061":2}"#).unwrap();
    assert_eq!(json.get("a").unwrap().text(), "1");
    assert_eq!(json.as_object().unwrap().len(), 1);
    let many: Vec<String> = (0..200).map(|i| format!("\"k{}\":{i}", i % 100)).collect();
    let json = read(&format!("{{{}}}", many.join(","))).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 100);
    assert_eq!(json.get("k99").unwrap().text(), "99");
}

#[test]
fn limits_hold() {
    let tight = ReaderLimits { max_depth: 2, max_list_length: 2 };
    let read = |text: &'static str| Json::read(&Bytes::from_static(text.as_bytes()), tight);
    assert!(read("[[1,2],[]]").is_ok());
    assert_eq!(read("[[[]]]").unwrap_err(), JsonError::TooDeep { limit: 2 });
    assert_eq!(read("[1,2,3]").unwrap_err(), JsonError::ListTooLong { limit: 2 });
    assert_eq!(
        Json::read(&Bytes::from_static(b"\"\xff\""), tight).unwrap_err(),
        JsonError::NotUtf8
    );
}
