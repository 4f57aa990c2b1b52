//! Cutting bytes into pieces whose lengths follow from the bytes themselves.

use std::io::{self, Read};

/// An endless row of numbers, the same for the same seed (a linear congruential generator).
#[derive(Debug, Clone)]
pub(crate) struct Steps(u64);

impl Steps {
    pub(crate) fn seeded_by(data: &[u8]) -> Self {
        // FNV-1a.
        Self(data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// A length from 1 to `most`; small ones as often as large ones.
    pub(crate) fn next(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (self.0 >> 33) as usize;
        let most = if number & 1 == 0 { most.min(9) } else { most };
        1 + (number >> 1) % most.max(1)
    }
}

/// A reader that gives short reads.
#[derive(Debug)]
pub(crate) struct Pieces {
    data: Vec<u8>,
    at: usize,
    steps: Steps,
    most: usize,
}

impl Pieces {
    pub(crate) fn new(data: &[u8], most: usize) -> Self {
        Self { data: data.to_vec(), at: 0, steps: Steps::seeded_by(data), most }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let taken = rest.take(self.steps.next(self.most) as u64).read(out)?;
        self.at += taken;
        Ok(taken)
    }
}
