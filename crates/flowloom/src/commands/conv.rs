//! `conv`: who talked with whom.

use flow_frame::{ConversationOrder, Conversations};

use super::convert::ConvertOptions;
use super::gather::{RESULT_ROWS, gather, result, write};
use crate::error::Result;
use crate::output::Target;
use crate::pump::{InputReport, Listener};
use crate::source::{InputSource, are_of_both_kinds, is_stream};

/// What [`conversations`] did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Conversed {
    /// What became of the inputs.
    pub reports: Vec<InputReport>,
    /// Rows without the addresses or ports that were asked for.
    pub skipped: u64,
}

/// Writes the first `n` conversations or endpoints of the rows of all inputs together. Only the columns that they need are
/// read, whatever the scan names. Times are nanoseconds where flows and packets meet, or could. Memory: that of
/// [`Conversations`], and a table of a batch for each piece that is under way.
///
/// # Errors
/// As [`convert`](super::convert::convert); those of [`Conversations`]: `Limit` if there are more than its memory holds.
pub fn conversations<I: InputSource + ?Sized>(
    inputs: &I,
    table: Conversations,
    n: usize,
    order: ConversationOrder,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Conversed> {
    let target = Target::open(options.output.as_deref(), false, &inputs.paths())?;
    conversations_into(target, inputs, table, (n, order), options, listener)
}

/// [`conversations`] into a target that is open already.
pub(crate) fn conversations_into<I: InputSource + ?Sized>(
    target: Target,
    inputs: &I,
    table: Conversations,
    (n, order): (usize, ConversationOrder),
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Conversed> {
    let rows = result(target, &inputs.paths(), options)?;
    let paths = inputs.paths();
    let may_be_of_both = paths.len() > 1 && paths.iter().any(|path| is_stream(path));
    let common = may_be_of_both || are_of_both_kinds(&paths);
    let scan = options.scan.clone().with_columns(table.projection()?).with_common(common);
    let (table, reports) = gather(inputs, table, &scan, options, listener)?;
    write(rows, &table, table.batches(n, order, RESULT_ROWS))?;
    Ok(Conversed { reports, skipped: table.skipped() })
}
