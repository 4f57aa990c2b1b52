//! `rwfilter`: which flow records pass, as SiLK 3.19.1 decides it (semantics sections 2 and 3).

mod inputs;
mod outputs;
mod partition;
mod run;
mod statistics;
mod switches;
mod values;
mod worker;

#[cfg(test)]
mod samples;

pub(crate) use run::run_in;
pub use run::{run, run_with};

pub use crate::rwcut::Setup;
