//! Shows how two texts differ, line by line.
//!
//! **In:** what was expected and what came. **Out:** all lines, the changed ones marked `-` and `+`.
//!
//! **Never here:** colors.
//!
//! **Holds:** the number of lines is bounded by whoever calls: the work is their product.

/// Lines of `expected` that are gone get `-`, lines of `actual` that are new get `+`.
pub(super) fn line_diff(expected: &str, actual: &str) -> String {
    let old: Vec<&str> = expected.lines().collect();
    let new: Vec<&str> = actual.lines().collect();
    // `common[i][j]`: the longest run of lines, in order, that `old[i..]` and `new[j..]` share.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut diff = String::new();
    let mut push = |mark: char, line: &str| {
        diff.push(mark);
        diff.push(' ');
        diff.push_str(line);
        diff.push('\n');
    };
    while i < old.len() || j < new.len() {
        let same = i < old.len() && j < new.len() && old[i] == new[j];
        if same {
            push(' ', old[i]);
            i += 1;
            j += 1;
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            push('-', old[i]);
            i += 1;
        } else {
            push('+', new[j]);
            j += 1;
        }
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::line_diff;

    #[test]
    fn only_changed_lines_are_marked() {
        assert_eq!(line_diff("a\nb\nc\n", "a\nx\nc\nz\n"), "  a\n- b\n+ x\n  c\n+ z\n");
    }

    #[test]
    fn nothing_against_something() {
        assert_eq!(line_diff("", "a\n"), "+ a\n");
        assert_eq!(line_diff("a\n", ""), "- a\n");
    }
}
