//! Small plants, drawn in words.
