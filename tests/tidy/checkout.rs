//! Reads the text files of the checkout, once for each rule that asks.
//!
//! **Out:** [`Checkout`]: relative paths with `/` and their text, in order of path, and the top
//! folders.
//!
//! **Never here:** what a file ought to look like; the rules say that.
//!
//! **Holds:** what a build or a package manager writes is never read.

use std::fs;
use std::path::Path;

/// Folders that tools write, not people.
const WRITTEN_BY_TOOLS: &[&str] = &["target", "node_modules", "dist", ".git", "graphloom-demo"];

/// The files as they lie in the checkout.
#[derive(Debug, Default)]
pub(crate) struct Checkout {
    pub(crate) files: Vec<SourceFile>,
    /// Names of the folders at the top, hidden ones left out.
    pub(crate) top_folders: Vec<String>,
}

/// One text file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Relative to the checkout, with `/` on every platform.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Checkout {
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut checkout = Self::default();
        read_folder(root, "", &mut checkout);
        assert!(checkout.file("Cargo.toml").is_some(), "no checkout at `{}`", root.display());
        checkout
    }

    pub(crate) fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| has_extension(&file.path, "rs"))
    }
}

impl SourceFile {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines before the test module, which by our order is the last item of a file.
    pub(crate) fn lines_without_tests(&self) -> impl Iterator<Item = &str> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = (0..lines.len()).find(|&i| opens_test_module(&lines[i..]));
        let end = end.unwrap_or(lines.len());
        lines.into_iter().take(end)
    }

    /// True for files that hold nothing but tests.
    pub(crate) fn is_test_only(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }
}

pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn opens_test_module(lines: &[&str]) -> bool {
    lines[0] == "#[cfg(test)]"
        && lines[1..]
            .iter()
            .find(|line| !line.starts_with("#["))
            .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
}

fn read_folder(folder: &Path, prefix: &str, checkout: &mut Checkout) {
    let entries = fs::read_dir(folder).expect("a folder of the checkout can be read");
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder {
            // What is not UTF-8 (images) has no words to check.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                checkout.files.push(SourceFile { path, text });
            }
        } else if !WRITTEN_BY_TOOLS.contains(&name.as_str()) {
            if prefix.is_empty() && !name.starts_with('.') {
                checkout.top_folders.push(name);
            }
            read_folder(&entry.path(), &format!("{path}/"), checkout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SourceFile;

    #[test]
    fn the_test_module_is_not_source() {
        let file =
            SourceFile::new("a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n");
        assert_eq!(file.lines_without_tests().collect::<Vec<_>>(), ["fn a() {}"]);
    }

    #[test]
    fn a_test_module_in_its_own_file_hides_nothing() {
        let file = SourceFile::new("a.rs", "fn a() {}\n#[cfg(test)]\nmod tests;\nfn b() {}\n");
        assert_eq!(file.lines_without_tests().count(), 4);
    }

    #[test]
    fn files_of_tests_are_told_apart() {
        assert!(SourceFile::new("execution/tests/strict.rs", "").is_test_only());
        assert!(SourceFile::new("src/config/tests.rs", "").is_test_only());
        assert!(!SourceFile::new("src/cli/test.rs", "").is_test_only());
    }
}
