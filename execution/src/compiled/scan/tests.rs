//! Scanning, against the strict reader.

use super::{Scanner, kind};
use crate::{
    compiled::{leaves::leaf, store::Slot},
    json::{Json, ReaderLimits},
};
use bytes::Bytes;
use proptest::prelude::{any, prop_assert_eq, proptest};

const LIMITS: ReaderLimits = ReaderLimits { max_depth: 3, max_list_length: 4 };

/// Whether a text is one value, by the scanner.
fn is_value(text: &[u8]) -> bool {
    let mut scan = Scanner::new(text, LIMITS);
    let skipped = scan.skip_value();
    scan.skip_whitespace();
    let is_whole = skipped.is_ok() && scan.at == text.len();
    is_whole && (scan.is_ascii() || std::str::from_utf8(text).is_ok())
}

fn agree(text: &[u8]) {
    let strict = Json::read(&Bytes::copy_from_slice(text), LIMITS).is_ok();
    assert_eq!(is_value(text), strict, "{:?}", String::from_utf8_lossy(text));
}

fn kind_of(text: &str) -> Slot {
    leaf(&mut Scanner::new(text.as_bytes(), LIMITS), 0).unwrap()
}

#[test]
fn numbers_have_kinds() {
    let cases = [
        ("0", kind::INT),
        ("-0", kind::INT),
        ("2147483647", kind::INT),
        ("-2147483648", kind::INT),
        ("2147483648", kind::BIG),
        ("-2147483649", kind::BIG),
        ("12345678901234567890", kind::BIG),
        ("1.0", kind::FLOAT),
        ("1e2", kind::FLOAT),
        ("1E-2", kind::FLOAT),
        ("true", kind::BOOLEAN),
        ("\"\"", kind::PLAIN),
        ("\"a\\n\"", kind::ESCAPED),
        ("{}", kind::OTHER),
    ];
    for (text, expected) in cases {
        let Slot::Leaf { kind, start: 0, len, .. } = kind_of(text) else { panic!("{text}") };
        assert_eq!((kind, len as usize), (expected, text.len()), "{text}");
    }
    assert_eq!(kind_of("null"), Slot::Null);
}

#[test]
fn lists_have_the_kinds_of_their_items() {
    let cases = [
        ("[]", 0),
        ("[1,2]", kind::INT),
        ("[1,null]", kind::INT | kind::NULL),
        ("[ 1]", kind::INT | kind::OTHER),
        ("[1 ,2]", kind::INT | kind::OTHER),
        ("[1, 2]", kind::INT | kind::OTHER),
        ("[1 ]", kind::INT | kind::OTHER),
        ("[ ]", kind::OTHER),
        ("[[]]", kind::OTHER),
        ("[\"a\",\"\\u0061\"]", kind::PLAIN | kind::ESCAPED),
    ];
    for (text, expected) in cases {
        let Slot::Leaves { kinds, .. } = kind_of(text) else { panic!("{text}") };
        assert_eq!(kinds, expected, "{text}");
    }
}

#[test]
fn a_string_ends_wherever_something_special_stands() {
    for length in 0..80 {
        for special in
            ["\"", "\\n", "\u{1f}", "\\", "é", "\u{80}", "\\u12", "\\ud83d\\ude00", "\\udc00"]
        {
            for at in 0..=length {
                let text = format!("\"{}{special}{}\"", "a".repeat(at), "b".repeat(length - at));
                agree(text.as_bytes());
                agree(&text.as_bytes()[..text.len() - 1]);
            }
        }
    }
}

#[test]
fn what_is_no_json_is_not_taken() {
    let texts = [
        "",
        " ",
        "1 ",
        " 1",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "nul",
        "nulll",
        "tru e",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" : 1 , \"b\":2 }",
        "{a:1}",
        "[1 2]",
        "[1}",
        "{]",
        "[[[1]]]",
        "[[[[1]]]]",
        "[1,2,3,4]",
        "[1,2,3,4,5]",
        "\"a",
        "'a'",
        "\u{feff}1",
        "1//",
        "{\"a\":[{\"b\":[]}]}",
        "NaN",
    ];
    texts.iter().for_each(|text| agree(text.as_bytes()));
    for bytes in [&b"\"\xff\""[..], b"\"\xc3\"", b"\xff", b"\"\xed\xa0\x80\"", b"[1\x00]"] {
        agree(bytes);
    }
}

proptest! {
    #[test]
    fn the_scanner_agrees_with_the_strict_reader(seed in any::<[u8; 24]>()) {
        const PIECES: [&[u8]; 24] = [
            b"{", b"}", b"[", b"]", b"\"", b",", b":", b"\"a\":", b"\"b\"", b"1", b"0", b"-", b".5", b"e1", b" ",
            b"null", b"true", b"\\", b"\\u0061", b"\xc3\xa9", b"\xff", b"abcdefghijklmnopqrstuvwxyz", b"\n", b"\x01",
        ];
        for length in 1..seed.len() {
            let text: Vec<u8> =
                seed[..length].iter().flat_map(|byte| PIECES[usize::from(*byte) % 24]).copied().collect();
            let strict = Json::read(&Bytes::copy_from_slice(&text), LIMITS).is_ok();
            prop_assert_eq!(is_value(&text), strict);
        }
    }
}
