//! An operation and a supergraph to a query plan.
