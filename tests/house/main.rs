//! The rules of the house that no compiler checks: who may use whom, what every crate has, what is banned.

mod crates;
mod graph;
mod sources;
mod workspace;
