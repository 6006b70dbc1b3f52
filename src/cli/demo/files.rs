//! Finds the example graph's files in a checkout, or writes them to a folder of their own.
//!
//! **In:** the working folder. **Out:** [`DemoFiles`]: where the configuration and its schemas are.
//!
//! **Never here:** what the files say (`subgraphs` carries them), running anything.
//!
//! **Holds:** a file that is there is never overwritten, but for the page of the tour, which says so.
//!
//! **Read first:** [`DemoFiles::at`].

use std::io;
use std::path::{Path, PathBuf};

use subgraphs::{EXAMPLE_CONFIG, Service};

/// Where the files of the demo are; paths are as a person would type them.
#[derive(Debug)]
pub(super) struct DemoFiles {
    /// The configuration; schemas are beside it.
    pub(super) configuration: PathBuf,
    /// A plan fixture over that configuration.
    pub(super) fixture: PathBuf,
}

/// What `demo` writes goes here.
const FOLDER: &str = "graphloom-demo";

impl DemoFiles {
    /// In a checkout its own `schemas/`, elsewhere a folder that is written on first use.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn at(working_folder: &Path, operation: &str) -> io::Result<Self> {
        let is_checkout = |folder: &Path| {
            folder.join("schemas/graphloom.yaml").is_file() && folder.join("subgraphs/src").is_dir()
        };
        let (configuration, from_fixture) = if is_checkout(working_folder) {
            (PathBuf::from("schemas/graphloom.yaml"), "../schemas/graphloom.yaml")
        } else {
            (Path::new(FOLDER).join("graphloom.yaml"), "graphloom.yaml")
        };
        let fixture = Path::new(FOLDER).join("top-products.md");
        std::fs::create_dir_all(working_folder.join(FOLDER))?;
        if !is_checkout(working_folder) {
            write_example(&working_folder.join(FOLDER))?;
        }
        std::fs::write(working_folder.join(&fixture), page(from_fixture, operation))?;
        Ok(Self { configuration, fixture })
    }

    /// The schema of a service.
    pub(super) fn schema(&self, service: Service) -> PathBuf {
        self.configuration.with_file_name(format!("{service}.graphql"))
    }
}

fn write_example(folder: &Path) -> io::Result<()> {
    write_new(&folder.join("graphloom.yaml"), EXAMPLE_CONFIG)?;
    for service in Service::ALL {
        write_new(&folder.join(format!("{service}.graphql")), service.schema())?;
    }
    Ok(())
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    if file.exists() { Ok(()) } else { std::fs::write(file, text) }
}

fn page(configuration: &str, operation: &str) -> String {
    format!(
        "# The top products, from all four subgraphs\n\n\
         `graphloom demo` writes this page anew whenever it starts. `graphloom test` checks it, and with\n\
         `--update` writes the plan into it: `products` first, then `inventory` and `reviews` side by\n\
         side, then `accounts`.\n\n\
         ```configuration\n{configuration}\n```\n\n\
         ```graphql operation\n{operation}\n```\n"
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::page;
    use crate::cli::fixture::{Fixture, Role};

    #[test]
    fn the_page_is_a_fixture() {
        let text = page("graphloom.yaml", "{ me { id } }");
        let fixture = Fixture::parse(Path::new("page.md"), text).unwrap();
        assert_eq!(fixture.body(&Role::Configuration), Some("graphloom.yaml\n"));
        assert_eq!(fixture.body(&Role::Operation), Some("{ me { id } }\n"));
    }
}
