//! What proves the crate `silk-format`: the reference tool's answers, a slow second decoder written from the
//! specification's prose, damage and truncation, pieces of every size, and properties.

mod flow;
mod golden;
mod oracle;
mod support;
