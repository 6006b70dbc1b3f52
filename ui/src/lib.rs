//! The bytes of the query page: GraphiQL when it could be built, else a small page of our own.
