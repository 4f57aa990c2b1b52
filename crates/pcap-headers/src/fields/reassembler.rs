//! Datagrams from their fragments.

use std::collections::{HashMap, VecDeque};

use crate::layers::Fragment;

/// The longest payload of a datagram.
const MAX_DATAGRAM: usize = 0xffff + 8;
/// How many bytes of fragments wait for the rest of their datagrams.
const MAX_WAITING: usize = 16 << 20;

/// Puts IP fragments together: a datagram appears with the fragment that completes it, whichever that is.
///
/// # Cost
///
/// Keeps copies of fragments whose datagrams are not complete, at most 16 MiB; then the oldest datagrams are dropped.
#[derive(Debug, Clone, Default)]
pub struct Reassembler {
    datagrams: HashMap<Identity, Datagram>,
    /// Identities in the order in which they came; some are complete already.
    ages: VecDeque<Identity>,
    waiting: usize,
    taken: u64,
}

/// What the fragments of a datagram have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    source: [u8; 16],
    destination: [u8; 16],
    identification: u32,
    protocol: u8,
}

#[derive(Debug, Clone, Default)]
struct Datagram {
    pieces: Vec<(usize, Vec<u8>)>,
    /// Where the last piece ends, once it came.
    len: Option<usize>,
}

impl Reassembler {
    /// How many fragments there were so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes a fragment; the datagram's payload if it is complete now. Addresses of IPv4 are padded with zeros.
    pub fn add(
        &mut self,
        source: [u8; 16],
        destination: [u8; 16],
        fragment: &Fragment<'_>,
    ) -> Option<Vec<u8>> {
        self.taken += 1;
        let end = fragment.offset + fragment.payload.len();
        if fragment.payload.is_empty() || end > MAX_DATAGRAM {
            return None;
        }
        // The protocol of IPv6 fragments is only to be believed in the first of them (RFC 8200, 4.5).
        let protocol = if source[4..] == [0; 12] { fragment.protocol } else { 0 };
        let identity = Identity { source, destination, identification: fragment.identification, protocol };
        let datagram = self.datagrams.entry(identity).or_insert_with(|| {
            self.ages.push_back(identity);
            Datagram::default()
        });
        datagram.pieces.push((fragment.offset, fragment.payload.to_vec()));
        self.waiting += fragment.payload.len();
        if !fragment.has_more {
            datagram.len = datagram.len.or(Some(end));
        }
        let payload = datagram.payload();
        if payload.is_some() {
            self.forget(&identity);
            self.ages.retain(|other| *other != identity);
        }
        while self.waiting > MAX_WAITING {
            let oldest = self.ages.pop_front()?;
            self.forget(&oldest);
        }
        payload
    }

    fn forget(&mut self, identity: &Identity) {
        let datagram = self.datagrams.remove(identity).unwrap_or_default();
        self.waiting -= datagram.pieces.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    }
}

impl Datagram {
    /// The pieces in their order, if none is missing; of bytes that came twice the first ones count.
    fn payload(&mut self) -> Option<Vec<u8>> {
        let len = self.len?;
        self.pieces.sort_by_key(|(offset, _)| *offset);
        let mut payload = Vec::with_capacity(len);
        for (offset, bytes) in &self.pieces {
            let have = payload.len().checked_sub(*offset)?;
            payload.extend_from_slice(bytes.get(have..).unwrap_or_default());
        }
        payload.truncate(len);
        (payload.len() == len).then_some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [u8; 16] = [1; 16];

    fn fragment(offset: usize, has_more: bool, payload: &[u8]) -> Fragment<'_> {
        Fragment { identification: 7, protocol: 17, offset, has_more, payload }
    }

    #[test]
    fn the_last_missing_piece_completes_a_datagram_in_any_order() {
        let pieces = [(0, true, &b"01234567"[..]), (8, true, b"89abcdef"), (16, false, b"gh")];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut reassembler = Reassembler::default();
            let mut results = order.map(|at| {
                let (offset, has_more, payload) = pieces[at];
                reassembler.add(A, A, &fragment(offset, has_more, payload))
            });
            assert_eq!(results[2].take().as_deref(), Some(&b"0123456789abcdefgh"[..]), "{order:?}");
            assert_eq!(results, [None, None, None]);
            assert_eq!((reassembler.waiting, reassembler.datagrams.len(), reassembler.ages.len()), (0, 0, 0));
        }
    }

    #[test]
    fn repeated_and_overlapping_pieces_do_not_disturb() {
        let mut reassembler = Reassembler::default();
        assert_eq!(reassembler.add(A, A, &fragment(0, true, b"01234567")), None);
        assert_eq!(reassembler.add(A, A, &fragment(0, true, b"01234567")), None);
        assert_eq!(reassembler.add([2; 16], A, &fragment(8, false, b"other")), None);
        let whole = reassembler.add(A, A, &fragment(0, false, b"xxxxxxxx8"));
        assert_eq!(whole.as_deref(), Some(&b"012345678"[..]));
    }

    #[test]
    fn memory_is_bounded() {
        let mut reassembler = Reassembler::default();
        let payload = vec![0; 60_000];
        for identification in 0..2000 {
            let piece = Fragment { identification, ..fragment(0, true, &payload) };
            assert_eq!(reassembler.add(A, A, &piece), None);
            assert!(reassembler.waiting <= MAX_WAITING);
        }
        assert!(reassembler.datagrams.len() < 300);
        assert_eq!(reassembler.add(A, A, &fragment(1 << 17, false, b"far out")), None);
    }
}
