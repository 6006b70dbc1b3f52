//! The proofs: strict subgraphs in memory. Development only.
