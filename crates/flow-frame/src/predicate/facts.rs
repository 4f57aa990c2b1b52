//! What a file's header says about all its rows, and whether any of them can pass. Public: [`HeaderFacts`].

use silk_format::{Header, Options};

use super::CompiledPredicate;

/// What is known about every row of a file before one is read.
#[derive(Debug, Clone, Default)]
pub struct HeaderFacts {}

impl HeaderFacts {
    /// What the header and layout of a SiLK file say, read with these options.
    #[must_use]
    pub fn silk(_header: &Header, _options: &Options) -> Self {
        Self {}
    }
}

impl CompiledPredicate {
    /// Whether any row of a file with these facts can pass. `true` when in doubt: no row that would pass is ever lost.
    #[must_use]
    pub fn could_match(&self, _facts: &HeaderFacts) -> bool {
        true
    }
}
