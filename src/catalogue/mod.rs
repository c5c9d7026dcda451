//! The catalogue: many servers, classified, in one SQLite file.
