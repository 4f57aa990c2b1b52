//! Pairs of addresses without a direction.

use arrow_array::cast::AsArray;
use arrow_array::{Array, FixedSizeBinaryArray};
use arrow_buffer::{Buffer, NullBuffer};

use super::columns::address_values;
use crate::error::{ErrorKind, Result};

/// Two columns of addresses, of each row the smaller one in the first. Where one is null both are.
///
/// # Errors
/// `Usage` if they are no addresses.
pub(super) fn smaller_first(
    sources: &dyn Array,
    destinations: &dyn Array,
) -> Result<[FixedSizeBinaryArray; 2]> {
    let addresses = |name: &str, array: &dyn Array| match address_values(array) {
        Some(_) => Ok(array.as_fixed_size_binary().clone()),
        None => {
            let found = array.data_type().clone();
            Err(ErrorKind::ColumnType { name: name.to_owned(), expected: "FixedSizeBinary(16)", found })
        }
    };
    let (sources, destinations) = (addresses("sip", sources)?, addresses("dip", destinations)?);
    let nulls = NullBuffer::union(sources.nulls(), destinations.nulls());
    let (sources, destinations) =
        (sources.value_data().as_chunks::<16>().0, destinations.value_data().as_chunks::<16>().0);
    let (mut smaller, mut larger) = (Vec::new(), Vec::new());
    for side in [&mut smaller, &mut larger] {
        side.reserve(sources.len() * 16);
    }
    for (a, b) in sources.iter().zip(destinations) {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        smaller.extend_from_slice(a);
        larger.extend_from_slice(b);
    }
    let column = |bytes| FixedSizeBinaryArray::try_new(16, Buffer::from_vec(bytes), nulls.clone());
    Ok([column(smaller)?, column(larger)?])
}
