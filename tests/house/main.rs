//! The rules of the house that no compiler checks: who may use whom, what every crate has, what is banned.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of a test may stop at once")]

mod crates;
mod graph;
mod sources;
mod workspace;
