//! From flags to jobs.

use std::num::NonZeroUsize;

use flow_frame::{Conversations, Ends, GroupKey, Groups, Rank, Value};

use super::args::{ChosenArgs, ConvArgs, ResultArgs, TopArgs};
use crate::args::InputArgs;
use crate::cli::file;
use crate::commands::conv::conversations_into;
use crate::commands::convert::ConvertOptions;
use crate::commands::top::top_into;
use crate::console::Console;
use crate::error::Result;
use crate::inputs::{self, Inputs};
use crate::output::Target;
use crate::resolve::{exit_options, now, scan};
use crate::sandbox::{Rules, Sandbox};

pub(crate) fn run_top(
    args: TopArgs,
    threads: NonZeroUsize,
    sandbox: Sandbox,
    console: &mut Console,
) -> Result<()> {
    let keys = args.by.iter().map(|name| GroupKey::new(name.trim()));
    let values = args.values.iter().map(|text| Value::parse(text)).collect::<flow_frame::Result<Vec<_>>>()?;
    let groups = Groups::new(keys, values)?;
    // A wrong name is told before an input is opened.
    groups.projection()?;
    let rank = if args.smallest { Rank::Smallest } else { Rank::Largest };
    let Job { target, inputs, options } =
        job(&args.input, &args.chosen, args.result, threads, sandbox, console)?;
    inputs.told(console, |listener| {
        top_into(target, inputs.source(), groups, (args.rows, rank), &options, listener)
    })?;
    Ok(())
}

pub(crate) fn run_conv(
    args: ConvArgs,
    threads: NonZeroUsize,
    sandbox: Sandbox,
    console: &mut Console,
) -> Result<()> {
    let ends = if args.endpoints { Ends::Each } else { Ends::Both };
    let table = Conversations::new(args.kind.into(), ends);
    let order = args.sort.into();
    let Job { target, inputs, options } =
        job(&args.input, &args.chosen, args.result, threads, sandbox, console)?;
    let done = inputs.told(console, |listener| {
        conversations_into(target, inputs.source(), table, (args.rows, order), &options, listener)
    })?;
    if done.skipped > 0 {
        console.detail(&format!("{} rows are of no such conversation", done.skipped));
    }
    Ok(())
}

/// What is read, which rows of it, and where the result goes.
struct Job {
    target: Target,
    inputs: Inputs,
    options: ConvertOptions,
}

fn job(
    input: &InputArgs,
    chosen: &ChosenArgs,
    result: ResultArgs,
    threads: NonZeroUsize,
    sandbox: Sandbox,
    console: &mut Console,
) -> Result<Job> {
    let output = file(result.output);
    let exit = exit_options(result.format, output.as_deref(), true, result.addresses)?;
    let target = Target::open(output.as_deref(), false, &input.inputs)?;
    sandbox.enter_told(console, || Rules::inputs(input).sets(&chosen.filter).name([&target]))?;
    let inputs = inputs::resolve(input, now(), console)?;
    let scan = scan(input, &inputs, None, Some((&chosen.window, &chosen.filter)), threads)?;
    let inputs = inputs.within(scan.window, None);
    let mut options = ConvertOptions::new(exit).with_scan(scan).with_open(input.open_options());
    options.output = output;
    Ok(Job { target, inputs, options })
}
