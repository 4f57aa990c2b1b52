//! Running a compiled predicate over the rows of a chunk. Public: [`Evaluator`], [`Mask`].

use silk_format::{Column, Selection};

use super::compile::{CompiledPredicate, Leaf, Node, Program};
use super::kernel::{Kernel, Rows};
use super::slice::ColumnSource;
use crate::error::{Error, ErrorKind, Result};

/// One bit per row: it passed. 64 rows to a word, least significant bit first; bits behind the last row are 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask {
    words: Vec<u64>,
    rows: usize,
}

impl Mask {
    fn reset(&mut self, rows: usize) {
        self.rows = rows;
        self.words.clear();
        self.words.resize(rows.div_ceil(64), u64::MAX);
        if let (Some(last), tail @ 1..) = (self.words.last_mut(), rows % 64) {
            *last = (1 << tail) - 1;
        }
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The number of rows that passed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether row `row` passed.
    #[must_use]
    pub fn get(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 != 0)
    }

    /// The rows that passed, put into `selection`, whose memory is used again.
    pub fn select_into(&self, selection: &mut Selection) {
        selection.set_words(&self.words);
    }
}

/// Tests chunk after chunk, and keeps the memory that this takes: one per thread.
///
/// # Cost
/// A few instructions per row and test of a number; addresses, patterns and quotients cost more and are tested only for
/// rows that the tests before them let through (`and` puts cheap tests first). No allocation once a chunk of the same
/// size has been seen.
#[derive(Debug, Clone)]
pub struct Evaluator {
    predicate: CompiledPredicate,
    mask: Mask,
    spare: Vec<Vec<u64>>,
}

impl Evaluator {
    pub(crate) fn new(predicate: CompiledPredicate) -> Self {
        Self { predicate, mask: Mask::default(), spare: Vec::new() }
    }

    /// The columns that [`Self::evaluate`] takes, in this order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        self.predicate.columns()
    }

    /// Tests the rows of columns that come in the order of [`Self::columns`] and have `rows` rows each: as
    /// `[ColumnBuf]` from records, or as `[ColumnSlice]`.
    ///
    /// # Errors
    /// `Usage` if a column is missing, of another type or of another length.
    pub fn evaluate(&mut self, columns: &(impl ColumnSource + ?Sized), rows: usize) -> Result<&Mask> {
        self.mask.reset(rows);
        let program = self.predicate.program();
        let mut run = Run { columns, rows, program, spare: &mut self.spare };
        run.node(program.root(), &mut self.mask.words)?;
        Ok(&self.mask)
    }
}

struct Run<'a, C: ?Sized> {
    columns: &'a C,
    rows: usize,
    program: &'a Program,
    spare: &'a mut Vec<Vec<u64>>,
}

impl<C: ColumnSource + ?Sized> Run<'_, C> {
    /// Clears the bits of rows of which the node is not true.
    fn node(&mut self, node: &Node, active: &mut [u64]) -> Result<()> {
        match node {
            Node::Always(true) => {}
            Node::Always(false) => active.fill(0),
            Node::Leaf(leaf) => self.leaf(leaf, active)?,
            Node::All(parts) => {
                for part in parts {
                    if none(active) {
                        break;
                    }
                    self.node(part, active)?;
                }
            }
            Node::Any(parts) => self.any(parts, active)?,
        }
        Ok(())
    }

    /// Each part is asked only about the rows that no part before it let through.
    fn any(&mut self, parts: &[Node], active: &mut [u64]) -> Result<()> {
        let mut left = self.copy(active);
        let mut hits = self.copy(active);
        active.fill(0);
        for part in parts {
            if none(&left) {
                break;
            }
            hits.copy_from_slice(&left);
            self.node(part, &mut hits)?;
            for ((all, left), hits) in active.iter_mut().zip(&mut left).zip(&hits) {
                *all |= hits;
                *left &= !hits;
            }
        }
        self.spare.push(left);
        self.spare.push(hits);
        Ok(())
    }

    fn copy(&mut self, words: &[u64]) -> Vec<u64> {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(words);
        copy
    }

    fn leaf(&self, leaf: &Leaf, active: &mut [u64]) -> Result<()> {
        let column = self.column(leaf.input, &leaf.kernel)?;
        let mut rows = Rows { active, negated: leaf.negated };
        match (&leaf.kernel, leaf.second) {
            (&Kernel::Quotient { low, high }, Some(second)) => {
                let packets = self.column(second, &leaf.kernel)?;
                rows.quotient((low, high), &column, &packets);
                if leaf.nulls_fail {
                    rows.present(&packets.present);
                }
            }
            (kernel, _) => kernel.restrict(&column, &mut rows),
        }
        if leaf.nulls_fail {
            rows.present(&column.present);
        }
        Ok(())
    }

    fn column(&self, input: usize, kernel: &Kernel) -> Result<super::ColumnSlice<'_>> {
        let name = || self.program.name(input).to_owned();
        let column = self.columns.column(input);
        let column = column.ok_or_else(|| Error::new(ErrorKind::MissingColumn { name: name() }))?;
        let found = column.cells.len();
        let present = match &column.present {
            super::Present::Bits(bits) => bits.len(),
            _ => found,
        };
        // Nulls may be all that is asked about.
        if found != self.rows || present != self.rows {
            let found = if found == self.rows { present } else { found };
            return Err(ErrorKind::Rows { name: name(), expected: self.rows, found }.into());
        }
        if !kernel.takes(&column.cells) {
            return Err(Error::usage(format!("column {:?} has values of another type", name())));
        }
        Ok(column)
    }
}

fn none(words: &[u64]) -> bool {
    words.iter().all(|word| *word == 0)
}
