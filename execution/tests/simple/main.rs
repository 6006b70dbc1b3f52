//! Both executors against the rules of execution, one behavior a test.
//!
//! **In:** plans built by hand and scripted answers. **Out:** data, errors, request bodies.
//!
//! **Never here:** planning; the code of the executor.
//!
//! **Read first:** `driver.rs`, then `completion.rs` for the simplest cases.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod completion;
mod entities;
mod errors;
mod shapes;
mod laws;
mod masks;
mod hostile;
mod disguise;
mod driver;
mod builder;
