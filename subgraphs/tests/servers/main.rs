//! Tests the servers from outside, over loopback.
//!
//! **In:** servers on free ports, one set a test.
//! **Out:** what they answer, count and refuse.
//!
//! **Never here:** the gateway; private rules of a file (they are tested beside their code).

mod client;
mod entities;
mod faults;
mod mutations;
mod orders;
mod schemas;
