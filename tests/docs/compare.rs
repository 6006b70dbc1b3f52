//! Compares what a command printed with what the page says.
//!
//! **In:** two texts. **Out:** whether the second fits the first.
//!
//! **Never here:** running commands (`run`).
//!
//! **Holds:** JSON is compared as JSON, so that a page may lay it out for people. In texts `...` stands for
//! anything in a line, as a line of its own for any lines; in JSON a text may contain it. An example that says nothing
//! of the output expects none.

use serde_json::Value;

/// Whether what was printed is what the page says.
pub(crate) fn fits(expected: &str, printed: &str) -> bool {
    let (expected, printed) = (expected.trim_end(), printed.trim_end());
    if expected == printed {
        return true;
    }
    match (serde_json::from_str(expected), serde_json::from_str(printed)) {
        (Ok(expected), Ok(printed)) => fits_json(&expected, &printed),
        _ => {
            let expected: Vec<&str> = expected.lines().collect();
            let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
            fits_lines(&expected, &printed)
        }
    }
}

fn fits_json(expected: &Value, printed: &Value) -> bool {
    match (expected, printed) {
        (Value::String(expected), Value::String(printed)) => fits_line(expected, printed),
        // Any value at all.
        (Value::String(expected), _) => expected == "...",
        (Value::Array(expected), Value::Array(printed)) => {
            expected.len() == printed.len()
                && expected
                    .iter()
                    .zip(printed)
                    .all(|(expected, printed)| fits_json(expected, printed))
        }
        (Value::Object(expected), Value::Object(printed)) => {
            let fits = |(name, expected): (&String, &Value)| {
                printed.get(name).is_some_and(|printed| fits_json(expected, printed))
            };
            expected.len() == printed.len() && expected.iter().all(fits)
        }
        _ => expected == printed,
    }
}

fn fits_lines(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|at| fits_lines(rest, &printed[at..])),
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, lines)| fits_line(first, line) && fits_lines(rest, lines)),
    }
}

fn fits_line(expected: &str, printed: &str) -> bool {
    let Some((before, after)) = expected.split_once("...") else { return expected == printed };
    let Some(rest) = printed.strip_prefix(before) else { return false };
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.any(|at| fits_line(after, &rest[at..]))
}

#[test]
fn three_dots_stand_for_what_changes_from_run_to_run() {
    assert!(fits("a ... c", "a b c\r\n"));
    assert!(!fits("a ... c", "a b d"));
    assert!(fits("x\n...\ny\n", "x\n1\n2\ny"));
    assert!(!fits("x\n...\ny\n", "x\n1\n2"));
    assert!(fits("{ \"a\": \"glk_...\", \"b\": \"...\" }", "{\"b\":[1],\"a\":\"glk_1\"}"));
    assert!(!fits("{ \"a\": 1 }", "{\"a\":1,\"b\":2}"));
    assert!(!fits("", "something"));
}
