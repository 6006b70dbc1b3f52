//! Scans leaves, and lists of them.
//!
//! **In:** the beginning of a value in a leaf's slot. **Out:** a slot with its text and kind.
//!
//! **Never here:** whether the kind is one that the type accepts (`leaf`).
//!
//! **Read first:** [`leaf`].

use super::{
    scan::{Broken, Scanned, Scanner},
    store::{Slot, index, kind},
};

/// Takes a value for a leaf's slot.
#[inline]
pub(super) fn leaf(scan: &mut Scanner<'_>, buffer: u16) -> Scanned<Slot> {
    let first = scan.value_start()?;
    let start = scan.at;
    let kind = match first {
        b'[' => {
            let kinds = list(scan)?;
            let (start, len) = (index(start), index(scan.at - start));
            return Ok(Slot::Leaves { kinds, buffer, start, len });
        }
        b'{' => scan.skip_value().map(|()| kind::OTHER)?,
        first => scalar(scan, first)?,
    };
    if kind == kind::NULL {
        return Ok(Slot::Null);
    }
    Ok(Slot::Leaf { kind, buffer, start: index(start), len: index(scan.at - start) })
}

#[inline]
fn scalar(scan: &mut Scanner<'_>, first: u8) -> Scanned<u8> {
    match first {
        b'"' => Ok(if scan.string()? { kind::ESCAPED } else { kind::PLAIN }),
        b'-' | b'0'..=b'9' => scan.number(),
        b't' => scan.literal(b"true").map(|()| kind::BOOLEAN),
        b'f' => scan.literal(b"false").map(|()| kind::BOOLEAN),
        b'n' => scan.literal(b"null").map(|()| kind::NULL),
        _ => Err(Broken),
    }
}

/// The kinds of all items of a list. Whitespace counts as something other: then the text is not what
/// is shown.
fn list(scan: &mut Scanner<'_>) -> Scanned<u8> {
    scan.enter()?;
    let mut kinds = 0;
    let mut end = scan.at;
    let (mut more, mut n_items) = (scan.has_first(b']'), 0);
    if !more && scan.at != end + 1 {
        kinds = kind::OTHER;
    }
    while more {
        scan.count(&mut n_items)?;
        let first = scan.value_start()?;
        if scan.at != end {
            kinds |= kind::OTHER;
        }
        kinds |= match first {
            b'[' | b'{' => scan.skip_value().map(|()| kind::OTHER)?,
            first => scalar(scan, first)?,
        };
        end = scan.at;
        more = scan.has_next(b']')?;
        if scan.at != end + 1 {
            kinds |= kind::OTHER;
        }
        end = scan.at;
    }
    scan.leave();
    Ok(kinds)
}
