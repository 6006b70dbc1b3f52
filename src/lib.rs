//! The gateway: HTTP in, upstream requests out.
