//! `rwfilter` on the sample of the semantics document (section 0), with the answers that it shows (sections 2 and 3), and
//! on made records against a slow evaluation of each.

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

mod bench;
mod files;
mod partitions;
mod properties;
#[path = "../sample/mod.rs"]
mod sample;
