//! Tests of scanning.
