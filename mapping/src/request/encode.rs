//! Percent-encodes texts for URLs and forms.
//!
//! **Never here:** which part of a URL a text is (`request::url`, `request::query`).
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc3986#section-2>

/// What an author wrote: only what may not stand in a URI is encoded, and `#`, which
/// would end it.
pub(super) fn push_written(out: &mut String, text: &str) {
    push(out, text, |byte| is_unreserved(byte) || b":/?[]@!$&'()*+,;=%".contains(&byte));
}

/// What came out of an expression: everything but unreserved characters is encoded.
pub(super) fn push_value(out: &mut String, text: &str) {
    push(out, text, is_unreserved);
}

/// A name or value of a form.
pub(super) fn push_form(out: &mut String, text: &str) {
    for (i, words) in text.split(' ').enumerate() {
        if i > 0 {
            out.push('+');
        }
        push(out, words, |byte| byte.is_ascii_alphanumeric() || b"*-._".contains(&byte));
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn push(out: &mut String, text: &str, is_kept: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if is_kept(byte) {
            out.push(char::from(byte));
        } else {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            out.extend(['%', char::from(high), char::from(low)]);
        }
    }
}
