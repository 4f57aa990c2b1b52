//! `top` and `conv` on the command line: flags in [`args`], from flags to jobs in [`run`].

pub(crate) mod args;
pub(crate) mod run;
