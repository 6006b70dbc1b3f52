//! The composed schema as tables, and the federation, link and join vocabularies.
