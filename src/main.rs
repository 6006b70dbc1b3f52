//! The `graphloom` command.
//!
//! **In:** the command line. **Out:** an exit code.
//!
//! **Never here:** anything else: the commands are rooms of the library (`cli`), so that tests reach them.

use std::process::ExitCode;

fn main() -> ExitCode {
    graphloom::cli::run()
}
