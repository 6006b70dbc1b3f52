//! Example subgraph and REST servers: an independent witness.
