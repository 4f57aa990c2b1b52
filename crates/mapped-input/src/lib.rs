//! mapped-input
