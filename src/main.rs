//! The `graphloom` command.
//!
//! **In:** the command line. **Out:** an exit code.
//!
//! **Never here:** anything else: the commands are rooms of the library (`cli`), so that tests reach them.

use std::process::ExitCode;

/// A choice of the build; docs/operations.md says what it gives and takes.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    graphloom::cli::run()
}
