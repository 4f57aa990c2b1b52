//! flowloom
