//! From an expression to what is run: names looked up, `not` moved to the tests, columns numbered. Public:
//! [`CompiledPredicate`], [`CompileOptions`], [`Nulls`].

use std::sync::Arc;

use silk_format::{Column, SiteConfig};

use super::eval::Evaluator;
use super::kernel::Kernel;
use super::{Expr, MAX_DEPTH, Predicate, Ranges, Test};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnType, Derived, FlowColumn, Source, Table, near};

/// What a test makes of a null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nulls {
    /// SQL's rule: the test is unknown, and the row does not pass.
    #[default]
    Unknown,
    /// The value that the record stores in its place (0 where its layout has no such field) is tested, as SiLK's tools
    /// do. Only for columns read from records.
    AsStored,
}

/// What compiling takes besides the expression.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CompileOptions<'a> {
    /// Gives the names of sensors, classes and types their numbers.
    pub site: Option<&'a SiteConfig>,
    /// What a test makes of a null.
    pub nulls: Nulls,
    /// What the rows are.
    pub table: Table,
}

impl<'a> CompileOptions<'a> {
    /// With a site configuration.
    #[must_use]
    pub fn with_site(mut self, site: Option<&'a SiteConfig>) -> Self {
        self.site = site;
        self
    }

    /// With another rule for nulls.
    #[must_use]
    pub fn with_nulls(mut self, nulls: Nulls) -> Self {
        self.nulls = nulls;
        self
    }

    /// With the rows of another table.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Self {
        self.table = table;
        self
    }
}

/// A predicate, ready to run. Cheap to copy; threads may share it, each with its own [`Evaluator`].
#[derive(Debug, Clone)]
pub struct CompiledPredicate {
    program: Arc<Program>,
}

/// The columns that are read, and what is tested.
#[derive(Debug)]
pub(crate) struct Program {
    inputs: Inputs,
    root: Node,
}

/// The columns that are read, of one table.
#[derive(Debug, Default)]
struct Inputs {
    flows: Vec<Column>,
    packets: Vec<pcap_headers::Column>,
}

impl Inputs {
    fn name(&self, number: usize) -> Option<&'static str> {
        let of_flows = self.flows.get(number).map(|column| column.name());
        of_flows.or_else(|| self.packets.get(number).map(|column| column.name()))
    }

    /// The column's number.
    fn place(&mut self, source: Source) -> usize {
        fn place<C: PartialEq>(columns: &mut Vec<C>, column: C) -> usize {
            columns.iter().position(|known| *known == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            })
        }
        match source {
            Source::Stored(column) => place(&mut self.flows, column),
            Source::Derived(derived) => place(&mut self.flows, derived.number()),
            Source::Packet(column) => place(&mut self.packets, column),
        }
    }
}

impl Program {
    /// The name of an input.
    pub(crate) fn name(&self, number: usize) -> &'static str {
        self.inputs.name(number).unwrap_or_default()
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }
}

/// An expression without `not`: since a test that does not hold of a null does not hold negated either, one bit per row
/// is enough to follow three values.
#[derive(Debug)]
pub(crate) enum Node {
    Always(bool),
    Leaf(Leaf),
    All(Vec<Self>),
    Any(Vec<Self>),
}

#[derive(Debug)]
pub(crate) struct Leaf {
    /// The column's number.
    pub(crate) input: usize,
    /// The second column of a quotient.
    pub(crate) second: Option<usize>,
    pub(crate) kernel: Kernel,
    pub(crate) negated: bool,
    /// Rows with a null here do not pass.
    pub(crate) nulls_fail: bool,
    /// The integers (ticks of times) that the kernel looks for, where it looks for integers.
    pub(crate) ranges: Option<Ranges>,
}

impl Predicate {
    /// Makes the predicate ready to run.
    ///
    /// # Errors
    /// `Usage` for a name that the site does not know (the message lists names like it) and for a column that the table
    /// does not have, `Limit` if it nests deeper than 256 levels.
    pub fn compile(&self, options: &CompileOptions<'_>) -> Result<CompiledPredicate> {
        let mut compiler = Compiler { options: *options, inputs: Inputs::default() };
        let root = compiler.node(&self.expr, false, 0)?;
        Ok(CompiledPredicate { program: Arc::new(Program { inputs: compiler.inputs, root }) })
    }
}

impl CompiledPredicate {
    /// The stored columns of flows that are tested, without repeats: those to read first.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.program.inputs.flows
    }

    /// The columns of packets that are tested, without repeats.
    #[must_use]
    pub fn packet_columns(&self) -> &[pcap_headers::Column] {
        &self.program.inputs.packets
    }

    /// The names of the columns that are tested.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        (0..).map_while(|number| self.program.inputs.name(number))
    }

    /// What runs the predicate, for one thread.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.clone())
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }
}

struct Compiler<'a> {
    options: CompileOptions<'a>,
    inputs: Inputs,
}

impl Compiler<'_> {
    fn node(&mut self, expr: &Expr, negated: bool, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(Error::limit("depth of a predicate", depth as u64, MAX_DEPTH as u64));
        }
        Ok(match (expr, negated) {
            (Expr::Always(value), _) => Node::Always(*value != negated),
            (Expr::Test(test), _) => self.test(test, negated)?,
            (Expr::Not(inner), _) => self.node(inner, !negated, depth + 1)?,
            (Expr::And(parts), false) | (Expr::Or(parts), true) => {
                let mut nodes = self.nodes(parts, negated, depth + 1)?;
                nodes.sort_by_key(Node::cost);
                Node::All(nodes)
            }
            (Expr::Or(parts), false) | (Expr::And(parts), true) => {
                Node::Any(self.nodes(parts, negated, depth + 1)?)
            }
        })
    }

    fn nodes(&mut self, parts: &[Expr], negated: bool, depth: usize) -> Result<Vec<Node>> {
        parts.iter().map(|part| self.node(part, negated, depth)).collect()
    }

    fn test(&mut self, test: &Test, negated: bool) -> Result<Node> {
        Ok(match test {
            Test::Within(column, ranges) => {
                let column = self.column(column.name)?;
                let ranges = match column.kind.tick_ns() {
                    Some(tick) => ranges.in_ticks(tick),
                    None => ranges.clone(),
                };
                self.numbers(column.source, column.kind.bits(), ranges, negated)
            }
            Test::Address(column, set) => {
                let source = self.column(column.name)?.source;
                self.leaf(source, Kernel::Address(Arc::clone(set)), negated)
            }
            Test::Wildcard(column, pattern) => {
                let source = self.column(column.name)?.source;
                self.leaf(source, Kernel::Wildcard(pattern.clone()), negated)
            }
            Test::Masks(column, pairs) => {
                let source = self.column(column.name)?.source;
                self.leaf(source, Kernel::Masks(pairs.clone()), negated)
            }
            Test::IsTrue(column) => {
                let source = self.column(column.name)?.source;
                self.leaf(source, Kernel::IsTrue, negated)
            }
            Test::Named(column, names) => {
                let column = self.column(column.name)?;
                self.named(column, names, negated)?
            }
            Test::IsNull(column) => {
                let column = self.column(column.name)?;
                self.is_null(column, negated)
            }
            Test::BytesPerPacket { low, high } => {
                let packets = self.column("packets")?.source;
                let (second, bytes) = (self.inputs.place(packets), self.column("bytes")?.source);
                let kernel = Kernel::Quotient { low: *low, high: *high };
                match self.leaf(bytes, kernel, negated) {
                    Node::Leaf(leaf) => Node::Leaf(Leaf { second: Some(second), ..leaf }),
                    node => node,
                }
            }
        })
    }

    /// The column of a name in the table at hand.
    fn column(&self, name: &str) -> Result<&'static FlowColumn> {
        let table = self.options.table;
        let found = match (table, name) {
            // A packet begins and ends at one moment.
            (Table::Packets, "etime") => table.column("stime"),
            _ => table.column(name),
        };
        found.ok_or_else(|| ErrorKind::OtherTable { name: name.to_owned(), rows: table.rows() }.into())
    }

    fn leaf(&mut self, source: Source, kernel: Kernel, negated: bool) -> Node {
        // What is derived from another column has no stored value of its own.
        let derived = matches!(source, Source::Stored(Column::Icmptype | Column::Icmpcode));
        let nulls_fail =
            (self.options.nulls == Nulls::Unknown || derived) && !matches!(kernel, Kernel::IsNull);
        let input = self.inputs.place(source);
        Node::Leaf(Leaf { input, second: None, kernel, negated, nulls_fail, ranges: None })
    }

    fn numbers(&mut self, source: Source, bits: u32, ranges: Ranges, negated: bool) -> Node {
        match self.leaf(source, Kernel::numbers(bits, &ranges), negated) {
            Node::Leaf(leaf) => Node::Leaf(Leaf { ranges: Some(ranges), ..leaf }),
            node => node,
        }
    }

    /// A text is null where the site has no name for the number, so only numbers with a name can pass negated.
    fn named(&mut self, column: &FlowColumn, names: &[String], negated: bool) -> Result<Node> {
        let Source::Derived(derived) = column.source else { return Ok(Node::Always(false)) };
        let known = self.known(derived);
        for name in names {
            if !known.iter().any(|(_, known)| known == name) {
                let near = near(name, known.iter().map(|(_, known)| *known));
                let near = near.into_iter().map(str::to_owned).collect();
                return Err(ErrorKind::UnknownName { what: column.name, name: name.clone(), near }.into());
            }
        }
        let wanted = known.iter().filter(|(_, known)| names.iter().any(|name| name == known) != negated);
        let ranges = wanted.map(|(id, _)| (*id, *id)).collect();
        Ok(self.named_numbers(derived, ranges, false))
    }

    fn is_null(&mut self, column: &FlowColumn, negated: bool) -> Node {
        let number = match column.source {
            Source::Derived(derived) => derived,
            source => return self.leaf(source, Kernel::IsNull, negated),
        };
        let ranges = self.known(number).iter().map(|(id, _)| (*id, *id)).collect();
        if negated {
            return self.named_numbers(number, ranges, false);
        }
        let null = self.leaf(Source::Derived(number), Kernel::IsNull, false);
        Node::Any(vec![null, self.named_numbers(number, ranges, true)])
    }

    fn named_numbers(&mut self, derived: Derived, ranges: Ranges, negated: bool) -> Node {
        let bits = if derived == Derived::Sensor { 16 } else { 8 };
        self.numbers(Source::Derived(derived), bits, ranges, negated)
    }

    /// Every number that has a name, with it.
    fn known(&self, derived: Derived) -> Vec<(i128, &str)> {
        let Some(site) = self.options.site else { return Vec::new() };
        let types = site.flowtypes();
        match derived {
            Derived::Sensor => site.sensors().map(|s| (s.id.into(), s.name.as_str())).collect(),
            Derived::Class => types.map(|flowtype| (flowtype.id.into(), flowtype.class)).collect(),
            Derived::Type => types.map(|flowtype| (flowtype.id.into(), flowtype.name)).collect(),
        }
    }
}

impl Node {
    /// What a row costs, roughly; cheap tests go first.
    fn cost(&self) -> u32 {
        match self {
            Self::Always(_) => 0,
            Self::Leaf(leaf) => match &leaf.kernel {
                Kernel::IsNull | Kernel::IsTrue => 0,
                Kernel::U8(_) | Kernel::Masks(_) => 1,
                Kernel::U16(_) => 2,
                Kernel::U32(_) => 4,
                Kernel::Wide { .. } => 8,
                Kernel::Address(_) => 20,
                Kernel::Quotient { .. } | Kernel::Wildcard(_) => 40,
            },
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::cost).fold(0, u32::saturating_add),
        }
    }
}

impl ColumnType {
    /// Nanoseconds of a tick of a time or duration.
    pub(crate) const fn tick_ns(self) -> Option<i128> {
        match self {
            Self::Timestamp | Self::DurationMs => Some(1_000_000),
            Self::TimestampNs | Self::DurationNs => Some(1),
            _ => None,
        }
    }

    /// Bits of an integer.
    const fn bits(self) -> u32 {
        match self {
            Self::U8 => 8,
            Self::U16 => 16,
            Self::U32 => 32,
            _ => 64,
        }
    }
}
