//! Finds a byte of a string's value in the literal that was written.
//!
//! **In:** a GraphQL string literal with its quotes, and an offset in the value it has.
//! **Out:** the offset in the literal.
//!
//! **Never here:** lines and columns (`source`), the value itself (the parser has it).
//!
//! **Holds:** an offset that cannot be found is that of the opening quote.
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-String-Value>

/// The byte of a literal at which a byte of its value is written.
pub(super) fn offset_in_literal(literal: &str, byte: usize) -> usize {
    match literal.strip_prefix("\"\"\"") {
        Some(rest) => in_block(rest.strip_suffix("\"\"\"").unwrap_or(rest), byte).map(|at| at + 3),
        None => literal.strip_prefix('"').and_then(|rest| in_string(rest, byte)).map(|at| at + 1),
    }
    .unwrap_or(0)
}

fn in_string(text: &str, byte: usize) -> Option<usize> {
    let (mut at, mut value) = (0, 0);
    while value < byte {
        let (written, meant) = character(&text[at..])?;
        at += written;
        value += meant;
    }
    Some(at)
}

/// How many bytes the first character takes where it is written, and in the value.
fn character(text: &str) -> Option<(usize, usize)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first != '\\' {
        return Some((first.len_utf8(), first.len_utf8()));
    }
    let escape = characters.next()?;
    if escape != 'u' {
        return Some((1 + escape.len_utf8(), 1));
    }
    let rest = characters.as_str();
    let (digits, written) = match rest.strip_prefix('{') {
        Some(braced) => {
            let end = braced.find('}')?;
            (&braced[..end], 2 + 1 + end + 1)
        }
        None => (rest.get(..4)?, 2 + 4),
    };
    let code = u32::from_str_radix(digits, 16).ok()?;
    // Two escapes may make one character; each then stands for half of its four bytes.
    Some((written, char::from_u32(code).map_or(2, char::len_utf8)))
}

/// Block strings lose their common indentation and the empty lines at both ends.
fn in_block(text: &str, byte: usize) -> Option<usize> {
    let lines: Vec<(usize, &str)> = lines(text);
    let is_blank = |line: &str| line.bytes().all(|byte| byte == b' ' || byte == b'\t');
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let indented = lines.iter().skip(1).map(|(_, line)| *line).filter(|line| !is_blank(line));
    let indent = indented.map(indent_of).min().unwrap_or(0);
    let first = lines.iter().position(|(_, line)| !is_blank(line))?;
    let mut left = byte;
    for (index, (start, line)) in lines.iter().enumerate().skip(first) {
        let cut = if index == 0 { 0 } else { indent.min(line.len()) };
        let written = &line[cut..];
        let meant = written.replace("\\\"\"\"", "\"\"\"").len();
        if left <= meant {
            let escapes = quotes_before(written, left);
            return Some(start + cut + left + escapes);
        }
        left -= meant + 1;
    }
    None
}

/// Lines with their offsets; `\r\n` and `\r` end one, too.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = match bytes[at] {
            b'\n' => 1,
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
            b'\r' => 1,
            _ => 0,
        };
        if length > 0 {
            lines.push((start, &text[start..at]));
            start = at + length;
        }
        at += length.max(1);
    }
    lines.push((start, &text[start..]));
    lines
}

/// The escaped quotes in front of a byte of the value; each has one byte more than it means.
fn quotes_before(written: &str, byte: usize) -> usize {
    let mut escapes = 0;
    for (at, _) in written.match_indices("\\\"\"\"") {
        if at - escapes >= byte {
            break;
        }
        escapes += 1;
    }
    escapes
}

#[cfg(test)]
mod tests {
    use super::offset_in_literal;
    use apollo_compiler::ast::{Definition, Document};

    /// Each byte that the value has is found where it is written.
    fn check(literal: &str) {
        let document = Document::parse(format!("scalar S @a(b: {literal})"), "s").unwrap();
        let Definition::ScalarTypeDefinition(scalar) = &document.definitions[0] else { panic!() };
        let value = scalar.directives.0[0].arguments[0].value.as_str().unwrap().to_owned();
        for (byte, character) in value.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()) {
            let at = offset_in_literal(literal, byte);
            assert!(literal[at..].starts_with(character), "{byte} of {value:?} in {literal}");
        }
    }

    #[test]
    fn a_byte_of_the_value_is_found_in_what_was_written() {
        check(r#""abc""#);
        check(r#""a\nb\"c\u00e9d\u{1F600}e\\f""#);
        check("\"\"\"a b\"\"\"");
        check("\"\"\"\n    a\n      b é c\n\n    d \\\"\"\" e\n  \"\"\"");
        check("\"\"\"a\r\n    b\r\n     c\"\"\"");
    }
}
