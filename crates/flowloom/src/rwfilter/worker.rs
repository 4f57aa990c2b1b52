//! What is done with the records of a piece: tested, counted, and encoded for where they go.

use std::ops::AddAssign;

use flow_frame::BlockWorker;
use flow_frame::predicate::{Evaluator, Mask};
use silk_format::{Block, Column, ColumnBuf, Encoder, Selection, Values};

use super::statistics::Volume;
use super::switches::Stream;

/// Records that are tested at a time: they stay in the second-level cache until they are encoded.
const CHUNK: usize = 1024;

/// Which records pass.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    All,
    None,
    Test(Box<Evaluator>),
}

/// What is to be known of the records.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// Those that go to each [`Stream`].
    pub(super) streams: [bool; Stream::COUNT],
    /// Their packets and bytes.
    pub(super) volumes: bool,
    /// Each by itself: reading may stop behind any.
    pub(super) rows: bool,
}

/// A record, for who stops at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) passes: bool,
    /// The record as it counts.
    pub(super) volume: Volume,
}

/// What became of a piece.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    pub(super) read: Volume,
    pub(super) pass: Volume,
    /// The records for each [`Stream`], as they are written.
    pub(super) encoded: [Vec<u8>; Stream::COUNT],
    /// All records, if they are wanted by themselves.
    pub(super) rows: Vec<Row>,
    /// Records that could not be encoded.
    pub(super) refused: u64,
}

/// Filters the records of an input.
#[derive(Clone)]
pub(super) struct Filtering {
    rule: Rule,
    wanted: Wanted,
    encoder: Encoder,
    /// Those of the rule first, then packets and bytes if they are wanted.
    columns: Vec<(Column, ColumnBuf)>,
    passing: Selection,
    failing: Selection,
    inverted: Vec<u64>,
    made: Made,
}

impl Filtering {
    pub(super) fn new(rule: Rule, wanted: Wanted, encoder: Encoder) -> Self {
        let mut names = match &rule {
            Rule::Test(evaluator) => evaluator.columns().to_vec(),
            Rule::All | Rule::None => Vec::new(),
        };
        if wanted.volumes {
            for column in [Column::Packets, Column::Bytes] {
                if !names.contains(&column) {
                    names.push(column);
                }
            }
        }
        let columns = names.into_iter().map(|name| (name, ColumnBuf::with_capacity(name, CHUNK))).collect();
        Self {
            rule,
            wanted,
            encoder,
            columns,
            passing: Selection::default(),
            failing: Selection::default(),
            inverted: Vec::new(),
            made: Made::default(),
        }
    }

    fn chunk(&mut self, records: Block<'_>) -> flow_frame::Result<()> {
        let rows = records.len();
        if !self.columns.is_empty() {
            self.columns.iter_mut().for_each(|(_, buffer)| buffer.clear());
            records.read_columns(&mut self.columns);
        }
        let (mask, passed) = match &mut self.rule {
            Rule::All => (None, rows),
            Rule::None => (None, 0),
            Rule::Test(evaluator) => {
                let mask = evaluator.evaluate(self.columns.as_slice(), rows)?;
                (Some(mask), mask.count())
            }
        };
        // Only where some pass and some do not are they told apart one by one.
        if let Some(mask) = mask.filter(|_| passed > 0 && passed < rows) {
            if self.wanted.streams[Stream::Pass as usize] || self.wanted.volumes {
                mask.select_into(&mut self.passing);
            }
            if self.wanted.streams[Stream::Fail as usize] {
                self.inverted.clear();
                self.inverted.extend(mask.words().iter().map(|word| !word));
                self.failing.set_words(&self.inverted);
            }
        }
        let volumes = Volumes::of(&self.columns, self.wanted.volumes);
        self.made.read.add(volumes.all(rows));
        self.made.pass.add(match passed {
            0 => Volume::default(),
            all if all == rows => volumes.all(rows),
            some => volumes.selected(some, &self.passing),
        });
        if self.wanted.rows {
            let row = |row: usize| Row { passes: passes(mask, passed, row), volume: volumes.row(row) };
            self.made.rows.extend((0..rows).map(row));
        }
        self.encode(records, passed);
        Ok(())
    }

    /// Appends the records for each stream that is wanted.
    fn encode(&mut self, records: Block<'_>, passed: usize) {
        let rows = records.len();
        for (stream, count, selection) in [
            (Stream::All, rows, None),
            (Stream::Pass, passed, Some(&self.passing)),
            (Stream::Fail, rows - passed, Some(&self.failing)),
        ] {
            let at = stream as usize;
            if count > 0 && self.wanted.streams[at] {
                let selection = selection.filter(|_| count < rows);
                let out = &mut self.made.encoded[at];
                self.made.refused.add_assign(self.encoder.append_block(records, selection, out).count);
            }
        }
    }
}

/// Whether a row passes; without a mask all do that were counted.
fn passes(mask: Option<&Mask>, passed: usize, row: usize) -> bool {
    mask.map_or(passed > 0, |mask| mask.get(row))
}

impl BlockWorker for Filtering {
    type Out = Made;

    fn block(&mut self, block: Block<'_>) -> flow_frame::Result<()> {
        for start in (0..block.len()).step_by(CHUNK) {
            self.chunk(block.slice(start..start + CHUNK))?;
        }
        Ok(())
    }

    fn wants_records(&self) -> bool {
        let [all, pass, fail] = self.wanted.streams;
        let written = match self.rule {
            Rule::All => all || pass,
            Rule::None => all || fail,
            Rule::Test(_) => true,
        };
        written || self.wanted.volumes
    }

    fn skip(&mut self, records: usize) {
        let skipped = Volume { records: records as u64, ..Volume::default() };
        self.made.read.add(skipped);
        if let Rule::All = self.rule {
            self.made.pass.add(skipped);
        }
    }

    fn finish(&mut self) -> flow_frame::Result<Made> {
        let mut next = Made::default();
        // The next piece is much like this one.
        for (room, made) in next.encoded.iter_mut().zip(&self.made.encoded) {
            room.reserve(made.len());
        }
        next.rows.reserve(self.made.rows.len());
        Ok(std::mem::replace(&mut self.made, next))
    }
}

/// Packets and bytes of a chunk; empty if they are not wanted.
struct Volumes<'a> {
    packets: &'a [u64],
    bytes: &'a [u64],
}

impl<'a> Volumes<'a> {
    fn of(columns: &'a [(Column, ColumnBuf)], wanted: bool) -> Self {
        let counts = |wanted: Column| {
            let found = columns.iter().find(|(column, _)| *column == wanted);
            match found.map(|(_, buffer)| &buffer.values) {
                Some(Values::U64(counts)) => counts.as_slice(),
                _ => &[],
            }
        };
        match wanted {
            true => Self { packets: counts(Column::Packets), bytes: counts(Column::Bytes) },
            false => Self { packets: &[], bytes: &[] },
        }
    }

    fn all(&self, rows: usize) -> Volume {
        let sum = |counts: &[u64]| counts.iter().fold(0, |sum: u64, count| sum.wrapping_add(*count));
        Volume { records: rows as u64, packets: sum(self.packets), bytes: sum(self.bytes) }
    }

    fn selected(&self, rows: usize, selection: &Selection) -> Volume {
        let sum = |counts: &[u64]| match counts.is_empty() {
            true => 0,
            false => {
                selection.rows().iter().fold(0, |sum: u64, row| sum.wrapping_add(at(counts, *row as usize)))
            }
        };
        Volume { records: rows as u64, packets: sum(self.packets), bytes: sum(self.bytes) }
    }

    fn row(&self, row: usize) -> Volume {
        Volume { records: 1, packets: at(self.packets, row), bytes: at(self.bytes, row) }
    }
}

fn at(counts: &[u64], row: usize) -> u64 {
    counts.get(row).copied().unwrap_or(0)
}
