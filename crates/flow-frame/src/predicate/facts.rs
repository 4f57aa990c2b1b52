//! What a file's header says about all its rows, and whether any of them can pass. Public: [`HeaderFacts`].

use silk_format::{Column, Constant, Constants, Header, Options};

use super::compile::{CompiledPredicate, Leaf, Node};
use super::kernel::Kernel;

/// `::ffff:0.0.0.0` and `::ffff:255.255.255.255`.
const MAPPED: (u128, u128) = (0xFFFF_0000_0000, 0xFFFF_FFFF_FFFF);

/// What is known about every row of a file before one is read. Default: nothing.
#[derive(Debug, Clone, Default)]
pub struct HeaderFacts {
    constants: Option<Constants>,
}

impl HeaderFacts {
    /// What the header and the layout of a SiLK file say, read with these options: sensor and type of a packed file,
    /// columns that the layout does not have, layouts of IPv4 or of TCP only. Of a file that cannot be read: nothing.
    #[must_use]
    pub fn silk(header: &Header, options: &Options) -> Self {
        Self { constants: Constants::new(header, options).ok() }
    }

    fn constant(&self, column: Column) -> Option<Constant> {
        self.constants.and_then(|constants| constants.get(column))
    }
}

impl CompiledPredicate {
    /// Whether any row of a file with these facts can pass. `true` when in doubt: no row that would pass is ever lost.
    #[must_use]
    pub fn could_match(&self, facts: &HeaderFacts) -> bool {
        self.node_could(self.program().root(), facts)
    }

    fn node_could(&self, node: &Node, facts: &HeaderFacts) -> bool {
        match node {
            Node::Always(value) => *value,
            Node::All(parts) => parts.iter().all(|part| self.node_could(part, facts)),
            Node::Any(parts) => parts.iter().any(|part| self.node_could(part, facts)),
            Node::Leaf(leaf) => match self.columns().get(leaf.input) {
                Some(column) => leaf_could(leaf, *column, facts),
                None => true,
            },
        }
    }
}

fn leaf_could(leaf: &Leaf, column: Column, facts: &HeaderFacts) -> bool {
    match (facts.constant(column), &leaf.kernel) {
        (Some(constant), Kernel::IsNull) => (constant == Constant::Null) != leaf.negated,
        // Where nulls count as what is stored, a layout without the field says nothing.
        (Some(Constant::Null), _) => !leaf.nulls_fail,
        (Some(Constant::Value(value)), Kernel::IsTrue) => (value != 0) != leaf.negated,
        (Some(Constant::Value(value)), Kernel::Masks(pairs)) => {
            let held = pairs.iter().any(|(high, mask)| value & u64::from(*mask) == u64::from(*high));
            held != leaf.negated
        }
        (Some(Constant::Value(value)), _) => match &leaf.ranges {
            Some(ranges) => ranges.contains(value.into()) != leaf.negated,
            None => true,
        },
        (None, kernel) if facts.constant(Column::IsIpv6) == Some(Constant::Value(0)) => {
            ipv4_could(kernel, leaf.negated)
        }
        (None, _) => true,
    }
}

/// Whether the test can hold of an address of a file of IPv4 flows.
fn ipv4_could(kernel: &Kernel, negated: bool) -> bool {
    let (first, last) = MAPPED;
    match (kernel, negated) {
        (Kernel::Address(set), false) => set.ranges().iter().any(|range| range.0 <= last && range.1 >= first),
        // Ranges that touch are one range.
        (Kernel::Address(set), true) => !set.ranges().iter().any(|range| range.0 <= first && range.1 >= last),
        (Kernel::Wildcard(pattern), false) => pattern.may_match_ipv4(),
        _ => true,
    }
}
