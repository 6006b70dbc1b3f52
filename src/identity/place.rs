//! Looks for credentials in the headers of a request, and takes them away.
//!
//! **In:** a [`Place`] and headers. **Out:** the text of the credential; the challenge that asks for one.
//!
//! **Never here:** what the text means.
//!
//! **Holds:** of two headers or cookies of one name none is chosen: what stands before the gateway may
//! have looked at the other. A header with another word before it (`Basic ...`) is nothing of ours.
//!
//! **Read first:** [`find`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc9110#section-11>, <https://www.rfc-editor.org/rfc/rfc6265#section-5.4>

use http::header::{COOKIE, HeaderMap, HeaderValue};

use super::error::{IdentityError, IdentityErrorKind};
use crate::config::Place;

/// What stands at a place.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Found<'a> {
    /// Nothing of ours.
    Nothing,
    /// A credential.
    Credential(&'a [u8]),
    /// More than one.
    Repeated,
}

/// What stands at a place of a request.
pub(super) fn find<'a>(place: &Place, headers: &'a HeaderMap) -> Found<'a> {
    match place {
        Place::Header { name, prefix } => {
            let mut values = headers.get_all(name).iter();
            let Some(value) = values.next() else { return Found::Nothing };
            if values.next().is_some() {
                return Found::Repeated;
            }
            match prefix {
                None => Found::Credential(value.as_bytes().trim_ascii()),
                Some(prefix) => match after(value.as_bytes(), prefix.as_bytes()) {
                    Some(text) => Found::Credential(text),
                    None => Found::Nothing,
                },
            }
        }
        Place::Cookie { name } => {
            let mut found = cookies(headers).filter(|(of, _)| *of == name.as_bytes());
            match (found.next(), found.next()) {
                (None, _) => Found::Nothing,
                (Some((_, text)), None) => Found::Credential(text),
                (Some(_), Some(_)) => Found::Repeated,
            }
        }
    }
}

/// Takes what stands at a place out of the headers; other cookies stay.
pub(super) fn take_away(place: &Place, headers: &mut HeaderMap) {
    match place {
        Place::Header { name, prefix: None } => {
            headers.remove(name);
        }
        Place::Header { name, .. } => {
            if find(place, headers) != Found::Nothing {
                headers.remove(name);
            }
        }
        Place::Cookie { name } => {
            if find(place, headers) == Found::Nothing {
                return;
            }
            let mut rest = Vec::new();
            for (of, value) in cookies(headers).filter(|(of, _)| *of != name.as_bytes()) {
                let separator: &[u8] = if rest.is_empty() { b"" } else { b"; " };
                rest.extend_from_slice(&[separator, of, b"=", value].concat());
            }
            headers.remove(COOKIE);
            if let (false, Ok(value)) = (rest.is_empty(), HeaderValue::from_bytes(&rest)) {
                headers.insert(COOKIE, value);
            }
        }
    }
}

/// Puts a credential where [`find`] finds it; none if it cannot stand there.
pub(super) fn put(place: &Place, text: &str, headers: &mut HeaderMap) -> Option<()> {
    let (name, text) = match place {
        Place::Header { name, prefix: None } => (name.clone(), text.to_owned()),
        Place::Header { name, prefix: Some(prefix) } => (name.clone(), format!("{prefix} {text}")),
        Place::Cookie { name } => (COOKIE, format!("{name}={text}")),
    };
    headers.append(name, HeaderValue::from_str(&text).ok()?);
    Some(())
}

/// Asks for a credential at a place, and says what was wrong with the one that came.
pub(super) fn challenge(place: &Place, error: Option<&IdentityError>) -> Option<HeaderValue> {
    let text = match place {
        Place::Header { prefix: Some(scheme), .. } => {
            let mut text = format!("{scheme} realm=\"graphloom\"");
            if let Some(error) = error.filter(|_| scheme.eq_ignore_ascii_case("bearer")) {
                // RFC 6750, section 3.1.
                let several = IdentityErrorKind::Several;
                let is_request = error.kind == several || error.kind == IdentityErrorKind::Repeated;
                let code = if is_request { "invalid_request" } else { "invalid_token" };
                let why = error.message();
                text.push_str(&format!(", error=\"{code}\", error_description=\"{why}\""));
            }
            text
        }
        // No scheme is registered for these; the names are those that others use.
        Place::Header { name, prefix: None } => {
            format!("ApiKey realm=\"graphloom\", header=\"{name}\"")
        }
        Place::Cookie { name } => format!("Cookie realm=\"graphloom\", cookie-name=\"{name}\""),
    };
    HeaderValue::from_str(&text).ok()
}

/// What follows a word and a space, as the grammar of `credentials` has it.
fn after<'a>(value: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let head = value.get(..word.len())?;
    let rest = &value[word.len()..];
    let is_word = head.eq_ignore_ascii_case(word) && rest.first().is_none_or(|byte| *byte == b' ');
    is_word.then(|| rest.trim_ascii())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let values = headers.get_all(COOKIE).iter();
    values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';')).filter_map(|pair| {
        let pair = pair.trim_ascii();
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((pair[..at].trim_ascii_end(), pair[at + 1..].trim_ascii_start()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Found, find, take_away};
    use crate::config::Place;
    use http::HeaderMap;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_word_is_compared_without_case_and_another_word_is_nothing_of_ours() {
        let prefix = Some("Bearer".to_owned());
        let place = Place::Header { name: http::header::AUTHORIZATION, prefix };
        let at = |value: &str| headers(&[("authorization", value)]);
        assert_eq!(find(&place, &at("bEARER  t ")), Found::Credential(b"t"));
        assert_eq!(find(&place, &at("Bearer")), Found::Credential(b""));
        assert_eq!(find(&place, &at("Bearert")), Found::Nothing);
        assert_eq!(find(&place, &at("Basic t")), Found::Nothing);
        let two = headers(&[("authorization", "Bearer t"), ("authorization", "Basic t")]);
        assert_eq!(find(&place, &two), Found::Repeated);
    }

    #[test]
    fn other_cookies_stay() {
        let place = Place::Cookie { name: "session".to_owned() };
        let mut two = headers(&[("cookie", "a=1; session=s"), ("cookie", "b=2=3")]);
        assert_eq!(find(&place, &two), Found::Credential(b"s"));
        take_away(&place, &mut two);
        assert_eq!(two, headers(&[("cookie", "a=1; b=2=3")]));
        let twice = headers(&[("cookie", "session=s"), ("cookie", "session=s")]);
        assert_eq!(find(&place, &twice), Found::Repeated);
        let mut only = headers(&[("cookie", "session=s")]);
        take_away(&place, &mut only);
        assert!(only.is_empty());
    }
}
