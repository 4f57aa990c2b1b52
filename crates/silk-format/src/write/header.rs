//! The bytes of a header (spec 2.1–2.4): the inverse of [`crate::header`].

use super::options::WriterOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::format::ByteOrder;
use crate::header::{CURRENT_VERSION, Entry, MAGIC};

/// The header, padded to a whole number of records.
pub(crate) fn header(options: &WriterOptions) -> Result<Vec<u8>> {
    let record_len = options.layout()?.len;
    let mut out = MAGIC.to_vec();
    let flags = u8::from(options.order() == ByteOrder::Big);
    out.extend([flags, options.format.0, CURRENT_VERSION, options.compression.0]);
    out.extend(options.silk_release.to_be_bytes());
    out.extend((record_len as u16).to_be_bytes());
    out.extend(u16::from(options.version).to_be_bytes());
    for entry in &options.entries {
        let (id, payload) = payload(entry)?;
        put(&mut out, id, &payload)?;
    }
    // Spec 2.4.
    let used = out.len() + 8;
    let padding = (record_len - used % record_len) % record_len;
    put(&mut out, 0, &vec![0; padding])?;
    Ok(out)
}

/// An entry: id, length with these eight bytes, payload (spec 2.2).
fn put(out: &mut Vec<u8>, id: u32, payload: &[u8]) -> Result<()> {
    let len = payload.len().checked_add(8).and_then(|len| u32::try_from(len).ok());
    let Some(len) = len else {
        let what = format!("a header entry of {} bytes is too long", payload.len());
        return Err(ErrorKind::Usage(what).into());
    };
    out.extend(id.to_be_bytes());
    out.extend(len.to_be_bytes());
    out.extend(payload);
    Ok(())
}

/// The id and the bytes behind id and length.
fn payload(entry: &Entry) -> Result<(u32, Vec<u8>)> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let halves = |halves: &[u16]| halves.iter().flat_map(|half| half.to_be_bytes()).collect::<Vec<u8>>();
    Ok(match entry {
        Entry::PackedFile { base_time_ms, flowtype, sensor } => {
            let ids = words(&[u32::from(*flowtype), u32::from(*sensor)]);
            (1, [&base_time_ms.to_be_bytes()[..], &ids].concat())
        }
        Entry::Invocation(line) => (2, text(line)),
        Entry::Annotation(note) => (3, text(note)),
        Entry::ProbeName(name) if name.first().is_none_or(|byte| *byte == 0) => {
            return Err(Error::new(ErrorKind::Usage("a probe name must not be empty".to_owned())));
        }
        Entry::ProbeName(name) => (4, text(name)),
        Entry::PrefixMap { version, name } => (5, [words(&[*version]), text(name)].concat()),
        Entry::Bag { key_type, key_len, counter_type, counter_len } => {
            (6, halves(&[*key_type, *key_len, *counter_type, *counter_len]))
        }
        Entry::IpSet { children, leaf_count, leaf_size, node_count, node_size, root } => {
            (7, words(&[*children, *leaf_count, *leaf_size, *node_count, *node_size, *root]))
        }
        Entry::AggregateBag { keys, fields } => {
            let count = u16::try_from(fields.len())
                .map_err(|_| ErrorKind::Usage("an aggregate bag has too many fields".to_owned()))?;
            (8, [words(&[1]), halves(&[count, *keys]), halves(fields)].concat())
        }
        Entry::Sidecar(payload) => (9, payload.clone()),
        Entry::Tombstone { version, id } => (10, words(&[*version, id.unwrap_or(0)])),
        Entry::Unknown { id: 0, .. } => {
            return Err(Error::new(ErrorKind::Usage("entry 0 ends a header".to_owned())));
        }
        Entry::Unknown { id, payload } => (*id, payload.clone()),
    })
}

/// Text up to its first NUL, and one NUL.
fn text(text: &[u8]) -> Vec<u8> {
    let mut text = crate::header::text(text);
    text.push(0);
    text
}
