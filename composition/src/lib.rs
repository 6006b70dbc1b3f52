//! Subgraph schemas to supergraph SDL, with hints and errors.
