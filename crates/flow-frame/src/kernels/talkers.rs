//! Sources and destinations with their flows, packets and bytes. Memory: an [`AddressTable`] with six sums, shared by
//! both columns, so that an address that sends and receives is stored once.

use arrow_array::RecordBatch;
use arrow_buffer::NullBuffer;

use super::address_table::AddressTable;
use super::columns::{addresses, counts};
use super::top::Top;
use crate::error::Result;

/// Which end of a flow an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `sip`.
    Source,
    /// `dip`.
    Destination,
}

/// By which sum addresses are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalkerBy {
    /// Traffic bytes.
    Bytes,
    /// Packets.
    Packets,
    /// Number of flows.
    Flows,
}

/// An address in one role, with the exact sums of its flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talker {
    /// The address.
    pub key: [u8; 16],
    /// Traffic bytes.
    pub bytes: u128,
    /// Packets.
    pub packets: u128,
    /// Number of flows.
    pub flows: u128,
}

/// Sums per role in the table: bytes, packets, flows.
const SUMS: usize = 3;

impl Role {
    const fn first_sum(self) -> usize {
        match self {
            Self::Source => 0,
            Self::Destination => SUMS,
        }
    }
}

impl TalkerBy {
    const fn sum(self) -> usize {
        match self {
            Self::Bytes => 0,
            Self::Packets => 1,
            Self::Flows => 2,
        }
    }
}

/// Exact sums by source and by destination address, and how many distinct ones there are.
///
/// Takes batches with `sip`, `dip`, `bytes` and `packets`. A null address is not counted; a null count adds nothing.
#[derive(Debug, Clone, Default)]
pub struct Talkers {
    table: AddressTable<{ 2 * SUMS }>,
    /// The number of each address of the column at hand.
    ids: Vec<u32>,
}

impl Talkers {
    /// No addresses yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A bound on the memory, in bytes; a gigabyte is the default.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.table = self.table.with_limit(bytes);
        self
    }

    /// The memory taken, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.table.memory()
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// `Usage` if a column is missing, of another type, or holds a negative count; `Limit` if the addresses need more
    /// memory than they may take. Rows before the failing one may be counted then.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<()> {
        let (bytes, no_bytes) = counts(batch, "bytes")?;
        let (packets, no_packets) = counts(batch, "packets")?;
        for (name, role) in [("sip", Role::Source), ("dip", Role::Destination)] {
            let (keys, no_key) = addresses(batch, name)?;
            self.ids.clear();
            if no_bytes.or(no_packets).or(no_key).is_none() {
                self.table.intern_all(keys, &mut self.ids)?;
                for ((id, bytes), packets) in self.ids.iter().zip(bytes).zip(packets) {
                    let sums = [*bytes as u64, *packets as u64, 1];
                    self.table.add::<SUMS>(*id, role.first_sum(), sums)?;
                }
                continue;
            }
            let present = |nulls: Option<&NullBuffer>, row| nulls.is_none_or(|nulls| nulls.is_valid(row));
            for (row, ((key, bytes), packets)) in keys.iter().zip(bytes).zip(packets).enumerate() {
                if present(no_key, row) {
                    let bytes = if present(no_bytes, row) { *bytes as u64 } else { 0 };
                    let packets = if present(no_packets, row) { *packets as u64 } else { 0 };
                    let id = self.table.intern(key)?;
                    self.table.add::<SUMS>(id, role.first_sum(), [bytes, packets, 1])?;
                }
            }
        }
        Ok(())
    }

    /// How many distinct addresses were seen in a role.
    #[must_use]
    pub fn distinct(&self, role: Role) -> usize {
        let flows = role.first_sum() + TalkerBy::Flows.sum();
        (0..self.table.len() as u32).filter(|id| self.table.sum(*id, flows) > 0).count()
    }

    /// The `n` addresses with the largest sums in a role, largest first, equal ones by address (as 16 bytes).
    #[must_use]
    pub fn top(&self, role: Role, by: TalkerBy, n: usize) -> Vec<Talker> {
        let first = role.first_sum();
        let mut top = Top::new(n);
        for (id, key) in self.table.keys().enumerate() {
            let id = id as u32;
            if self.table.sum(id, first + TalkerBy::Flows.sum()) > 0 {
                top.push((*key, id), self.table.sum(id, first + by.sum()));
            }
        }
        let sum = |id, by: TalkerBy| self.table.sum(id, first + by.sum());
        let talker = |((key, id), _)| Talker {
            key,
            bytes: sum(id, TalkerBy::Bytes),
            packets: sum(id, TalkerBy::Packets),
            flows: sum(id, TalkerBy::Flows),
        };
        top.into_sorted().into_iter().map(talker).collect()
    }
}
