//! Puts lists of names into sentences, and guesses what a misspelt name meant.
//!
//! **In:** names. **Out:** parts of messages.
//!
//! **Never here:** whole messages; each rule writes its own.

/// `` `a` ``, `` `a` and `b` ``, `` `a`, `b` and `c` ``.
pub(crate) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> =
        names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// `` subgraph `a` `` or `` subgraphs `a` and `b` ``.
pub(crate) fn subgraphs<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<S> = names.into_iter().collect();
    let word = if names.len() == 1 { "subgraph" } else { "subgraphs" };
    format!("{word} {}", list(names))
}

/// The candidate nearest to `name`, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1) + 1;
    let (letters, wanted) = (letters(name), name.to_lowercase());
    candidates
        .into_iter()
        .filter(|candidate| may_be_within(limit, letters, name, candidate))
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Whether two names can be that near: a schema may have thousands of names, and as many that are
/// misspelt, so most pairs must fall without being measured. An edit changes the length by one at
/// most, and takes away or brings one letter at most.
fn may_be_within(limit: usize, letters_of_name: u64, name: &str, candidate: &str) -> bool {
    if !name.is_ascii() || !candidate.is_ascii() {
        return true;
    }
    let theirs = letters(candidate);
    name.len().abs_diff(candidate.len()) <= limit
        && (letters_of_name & !theirs).count_ones() as usize <= limit
        && (theirs & !letters_of_name).count_ones() as usize <= limit
}

/// Which characters occur, regardless of case, as bits; some share one.
fn letters(name: &str) -> u64 {
    name.bytes().fold(0, |set, byte| set | 1 << (byte.to_ascii_lowercase() % 64))
}

/// How many characters must be inserted, removed, replaced or swapped with their neighbor (the
/// optimal string alignment distance).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let replaced = above[j] + usize::from(l != r);
            let mut best = replaced.min(row[j] + 1).min(above[j + 1] + 1);
            if i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, letters, may_be_within, nearest};

    #[test]
    fn swapped_letters_are_one_slip() {
        assert_eq!(nearest("Itn", ["Boolean", "Float", "ID", "Int", "String"]), Some("Int"));
        assert_eq!(nearest("Prodcut", ["Product", "Products", "Produce"]), Some("Product"));
    }

    #[test]
    fn what_is_near_is_measured() {
        let names = [
            "Int", "Itn", "a", "ab", "ba", "Product", "prodcut", "Products", "_Any", "ANY", "x9",
            "9x",
        ];
        for left in names {
            for right in names {
                let apart = distance(&left.to_lowercase(), &right.to_lowercase());
                assert!(may_be_within(apart, letters(left), left, right), "{left} {right}");
            }
        }
    }

    #[test]
    fn what_is_not_near_is_not_meant() {
        assert_eq!(nearest("Price", ["Boolean", "Shipment"]), None);
    }
}
