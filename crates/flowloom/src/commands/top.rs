//! `top`: the groups with the largest sums.

use flow_frame::{Groups, Rank};

use super::convert::ConvertOptions;
use super::gather::{RESULT_ROWS, gather, result, write};
use crate::error::Result;
use crate::output::Target;
use crate::pump::{InputReport, Listener};
use crate::source::{InputSource, are_in_common};

/// Writes the first `n` groups of the rows of all inputs together. Only the columns of keys and values are read, whatever the
/// scan names. Memory: that of [`Groups`], and a table of a batch for each piece that is under way.
///
/// # Errors
/// As [`convert`](super::convert::convert); those of [`Groups`]: `Limit` if there are more groups than its memory holds.
pub fn top<I: InputSource + ?Sized>(
    inputs: &I,
    groups: Groups,
    n: usize,
    rank: Rank,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Vec<InputReport>> {
    let target = Target::open(options.output.as_deref(), false, &inputs.paths())?;
    top_into(target, inputs, groups, (n, rank), options, listener)
}

/// [`top`] into a target that is open already.
pub(crate) fn top_into<I: InputSource + ?Sized>(
    target: Target,
    inputs: &I,
    groups: Groups,
    (n, rank): (usize, Rank),
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Vec<InputReport>> {
    let rows = result(target, &inputs.paths(), options)?;
    let columns = groups.projection()?;
    let common = are_in_common(&inputs.paths(), &columns);
    let scan = options.scan.clone().with_columns(columns).with_common(common);
    let (groups, reports) = gather(inputs, groups, &scan, options, listener)?;
    write(rows, &groups, groups.batches(n, rank, RESULT_ROWS))?;
    Ok(reports)
}
