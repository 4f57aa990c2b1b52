//! What proves the crate `silk-format`: the reference tool's answers, a slow second decoder written from the
//! specification's prose, damage and truncation, pieces of every size, and properties.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails is meant to stop"
)]

mod build;
mod chunking;
mod columns;
mod damaged;
mod encoder;
mod flow;
mod golden;
mod headers;
mod left;
mod oracle;
mod properties;
mod repository;
mod support;
mod truncation;
mod writing;
