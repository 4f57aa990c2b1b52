//! `rwfilter`: which flow records pass, as SiLK 3.19.1 decides it (semantics sections 2 and 3).

#![expect(dead_code, reason = "what runs the job needs the writer and the ordered engine")]

mod partition;
mod statistics;
mod switches;
mod values;

#[cfg(test)]
mod samples;
