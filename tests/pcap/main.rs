//! What proves the containers of `pcap-headers`: tshark's answers, pieces of every size, cuts at every byte, properties.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails is meant to stop"
)]

mod build;
mod chunking;
mod damaged;
mod golden;
mod properties;
mod support;
mod truncation;
