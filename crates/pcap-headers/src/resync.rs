//! Places in the middle of a pcap file at which records begin, so that several walks can share it.
//!
//! Where a record is, only the one before tells. In the middle a place can be guessed: records that fit each other there, one
//! behind the other, are hardly ever payload. A guess is proven when the walk from before comes by.

use crate::packets::Packets;
use crate::pcap::{FileHeader, head, most_captured};

/// Records that have to fit.
const RECORDS: usize = 4;
/// How far these lie from what the capture begins with at most, in seconds: a year. Seconds are what tells a record header
/// from one that is read four bytes too late, where lengths pass for lengths too.
const NEAR: u64 = 366 * 86_400;

impl<'a> Packets<'a> {
    /// The rest of the same capture from `offset` on, where a record begins: the [`offset`](Self::offset) of another walk.
    /// Packets are numbered and reports counted from there. None of a file that is not pcap, and before a packet was
    /// given.
    #[must_use]
    pub fn at(&self, file: &'a [u8], offset: u64) -> Option<Self> {
        let container = self.container().at(offset)?;
        let rest = file.get(usize::try_from(offset).ok()?..)?;
        Some(Self::of(rest, container))
    }

    /// [`at`](Self::at) the first place behind `offset` where records seem to begin: four that fit each
    /// other. None if there is no such place within the longest packet that there may be. It is a guess: what it gives
    /// counts if a walk from before has its offset there.
    #[must_use]
    pub fn guess(&self, file: &'a [u8], offset: u64) -> Option<Self> {
        let (header, options) = self.container().pcap()?;
        let most = most_captured(header, options);
        let begun = self.report().earliest_ns? / 1_000_000_000;
        let first = usize::try_from(offset).ok()?;
        let bytes = file.get(first..)?;
        let place = (0..bytes.len().min(most)).find(|at| is_run(header, most, begun, bytes.get(*at..)))?;
        self.at(file, offset + place as u64)
    }
}

/// Whether records that fit each other begin here.
#[inline]
fn is_run(header: &FileHeader, most: usize, begun: i64, bytes: Option<&[u8]>) -> bool {
    let Some(mut rest) = bytes else { return false };
    let second = if header.nanos { 1_000_000_000 } else { 1_000_000 };
    for _ in 0..RECORDS {
        let Some(head) = head(header, rest) else { return false };
        let captured = head.captured as usize;
        // A record without data is possible, and so are zeros without end in a payload.
        let is_sound = (1..=most).contains(&captured) && head.captured <= head.wire && head.fraction < second;
        if !is_sound || i64::from(head.seconds).abs_diff(begun) > NEAR {
            return false;
        }
        let Some(behind) = rest.get(header.variant.record_header_len() + captured..) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::Packets;

    fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
        let u32s = |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
        let mut file = u32s(&[0xA1B2_C3D4, 0x0004_0002, 0, 0, 65535, 1]);
        for (i, data) in packets.iter().enumerate() {
            let len = data.len() as u32;
            file.extend(u32s(&[1_475_156_239 + i as u32, 5, len, len]));
            file.extend(data);
        }
        file
    }

    proptest! {
        /// A guess is where a walk comes by, unless a payload is made to look like records.
        #[test]
        fn guesses_lie_on_the_walk(
            packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 1..40), share in 0.0..1.0f64,
        ) {
            let file = capture(&packets);
            let mut walk = Packets::new(&file);
            let mut offsets = Vec::new();
            while walk.next().is_some() {
                offsets.push(walk.offset());
            }
            let from = 24 + (share * (file.len() - 24) as f64) as u64;
            let mut opened = Packets::new(&file);
            prop_assert!(opened.guess(&file, from).is_none(), "nothing is known yet");
            opened.next();
            let begins = &[&[24], &offsets[..]].concat()[..packets.len().saturating_sub(super::RECORDS - 1)];
            let next = begins.iter().find(|at| **at >= from).copied();
            let guess = opened.guess(&file, from);
            prop_assert_eq!(guess.as_ref().map(Packets::offset), next);
            let data = |packets: Packets<'_>| packets.map(|packet| packet.unwrap().data.to_vec()).collect::<Vec<_>>();
            if let Some(guess) = guess {
                let before = offsets.iter().filter(|at| **at <= guess.offset()).count();
                prop_assert_eq!(data(guess), packets[before..].to_vec());
            }
        }
    }

    #[test]
    fn zeros_are_no_records() {
        let file =
            capture(&[&[1; 10][..], &[0; 5000], &[2; 10], &[3; 10], &[4; 10], &[5; 10]].map(<[u8]>::to_vec));
        let mut opened = Packets::new(&file);
        opened.next();
        assert_eq!(opened.guess(&file, 200).map(|packets| packets.offset()), Some(24 + 26 + 16 + 5000));
    }
}
