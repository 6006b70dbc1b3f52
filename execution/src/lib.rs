//! A query plan and the answers of its fetches to the bytes of a response. No I/O.
