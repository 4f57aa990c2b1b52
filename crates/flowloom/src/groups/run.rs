//! From flags to jobs.

use std::num::NonZeroUsize;

use flow_frame::{Conversations, Ends, GroupKey, Groups, Rank, Value};

use super::args::{ChosenArgs, ConvArgs, ResultArgs, TopArgs};
use crate::args::InputArgs;
use crate::cli::file;
use crate::commands::conv::conversations;
use crate::commands::convert::ConvertOptions;
use crate::commands::top::top;
use crate::console::Console;
use crate::error::Result;
use crate::inputs::{self, Inputs};
use crate::resolve::{exit_options, now, scan};

pub(crate) fn run_top(args: TopArgs, threads: NonZeroUsize, console: &mut Console) -> Result<()> {
    let keys = args.by.iter().map(|name| GroupKey::new(name.trim()));
    let values = args.values.iter().map(|text| Value::parse(text)).collect::<flow_frame::Result<Vec<_>>>()?;
    let groups = Groups::new(keys, values)?;
    // A wrong name is told before an input is opened.
    groups.projection()?;
    let rank = if args.smallest { Rank::Smallest } else { Rank::Largest };
    let (inputs, options) = job(&args.input, &args.chosen, args.result, threads, console)?;
    inputs.told(console, |listener| top(inputs.source(), groups, args.rows, rank, &options, listener))?;
    Ok(())
}

pub(crate) fn run_conv(args: ConvArgs, threads: NonZeroUsize, console: &mut Console) -> Result<()> {
    let ends = if args.endpoints { Ends::Each } else { Ends::Both };
    let table = Conversations::new(args.kind.into(), ends);
    let order = args.sort.into();
    let (inputs, options) = job(&args.input, &args.chosen, args.result, threads, console)?;
    let done = inputs.told(console, |listener| {
        conversations(inputs.source(), table, args.rows, order, &options, listener)
    })?;
    if done.skipped > 0 {
        console.detail(&format!("{} rows are of no such conversation", done.skipped));
    }
    Ok(())
}

/// What is read, which rows of it, and where the result goes.
fn job(
    input: &InputArgs,
    chosen: &ChosenArgs,
    result: ResultArgs,
    threads: NonZeroUsize,
    console: &Console,
) -> Result<(Inputs, ConvertOptions)> {
    let output = file(result.output);
    let exit = exit_options(result.format, output.as_deref(), true, result.addresses)?;
    let inputs = inputs::resolve(input, now(), console)?;
    let scan = scan(input, &inputs, None, Some((&chosen.window, &chosen.filter)), threads)?;
    let inputs = inputs.within(scan.window, None);
    let mut options = ConvertOptions::new(exit).with_scan(scan).with_open(input.open_options());
    options.output = output;
    Ok((inputs, options))
}
