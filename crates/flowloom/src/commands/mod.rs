//! The jobs of the command. Each is a public function over options and a [`Listener`](crate::pump::Listener), and a
//! private one that fills those from arguments.

pub mod capture_info;
pub mod conv;
pub mod convert;
mod gather;
pub mod generate;
pub mod info;
pub mod report;
pub mod rows;
pub mod top;
