//! Predicates: which rows, said once over the table of columns, as text or put together by a program, and tested on
//! plain columns.
//!
//! ```
//! use flow_frame::predicate::{CompileOptions, ParseContext, Predicate};
//! let text = "proto = 6 and dport in (80, 443) and sip in 10.20.0.0/16 and bytes > 1000";
//! let predicate = Predicate::parse(text, &ParseContext::default())?;
//! assert_eq!(predicate.compile(&CompileOptions::default())?.columns().len(), 4);
//! # Ok::<(), flow_frame::Error>(())
//! ```
//!
//! # Nulls
//!
//! The logic is SQL's, with three values. A test of a null is neither true nor false but unknown; `not` of unknown is
//! unknown; `and` and `or` are unknown where the known part does not decide. A row passes only if the whole is true.
//! So `input = 3` and `input != 3` both leave out rows without an interface, and `input is null` finds them.

mod address_set;
mod compile;
mod eval;
mod facts;
mod filter;
mod kernel;
mod lex;
mod parse;
mod print;
mod ranges;
mod slice;
mod values;
mod wildcard;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::schema::{ColumnType, FlowColumn, unknown_column};

pub use address_set::AddressSet;
pub use compile::{CompileOptions, CompiledPredicate, Nulls};
pub use eval::{Evaluator, Mask};
pub use facts::HeaderFacts;
pub use filter::PredicateFilter;
pub use parse::ParseContext;
pub use ranges::Ranges;
pub use slice::{BitSlice, Cells, ColumnSlice, ColumnSource, Present};
pub use wildcard::Wildcard;

/// How deep an expression may nest.
pub(crate) const MAX_DEPTH: usize = 256;

/// A condition on rows: tests of columns, joined by and, or, not. See the [module](self) for its rule of nulls.
///
/// Equal means written the same, but for brackets that change nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    pub(crate) expr: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Always(bool),
    Test(Test),
    /// Never of a constant or of another `Not`.
    Not(Box<Self>),
    /// At least two, none of which is an `And`.
    And(Vec<Self>),
    /// At least two, none of which is an `Or`.
    Or(Vec<Self>),
}

/// A test of one column (of two in one case).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// An integer, a time or a duration in nanoseconds, or a hardware address is inside.
    Within(&'static FlowColumn, Ranges),
    Address(&'static FlowColumn, Arc<AddressSet>),
    Wildcard(&'static FlowColumn, Wildcard),
    /// `value & mask == high` of any of the pairs `(high, mask)`.
    Masks(&'static FlowColumn, Vec<(u8, u8)>),
    /// A derived text is one of these.
    Named(&'static FlowColumn, Vec<String>),
    IsTrue(&'static FlowColumn),
    IsNull(&'static FlowColumn),
    BytesPerPacket {
        low: f64,
        high: f64,
    },
}

impl Predicate {
    /// True of every row, or of none.
    #[must_use]
    pub const fn always(value: bool) -> Self {
        Self { expr: Expr::Always(value) }
    }

    /// The integer in a column is inside. Times are in nanoseconds since the Unix epoch, durations in nanoseconds; both
    /// are compared exactly. A hardware address is the integer of its 48 bits, the first byte highest; what lies outside
    /// of these is left out of the ranges.
    ///
    /// # Errors
    /// `Usage` if the column is not known or no integer, time, duration or hardware address.
    pub fn within(column: &str, ranges: Ranges) -> Result<Self> {
        const LAST_MAC: i128 = (1 << 48) - 1;
        let number =
            |kind| !matches!(kind, ColumnType::Ip | ColumnType::Bool | ColumnType::Text | ColumnType::Utf8);
        let column = column_of(column, "a number, time, duration or hardware address", number)?;
        let ranges = match column.kind {
            ColumnType::Mac => ranges.clipped(0, LAST_MAC),
            _ => ranges,
        };
        Ok(Test::Within(column, ranges).into())
    }

    /// The address in a column belongs to a set.
    ///
    /// # Errors
    /// `Usage` if the column is not known or no address.
    pub fn address(column: &str, set: impl Into<Arc<AddressSet>>) -> Result<Self> {
        Ok(Test::Address(column_of(column, "an address", is_address)?, set.into()).into())
    }

    /// The address in a column is of a pattern.
    ///
    /// # Errors
    /// `Usage` if the column is not known or no address.
    pub fn wildcard(column: &str, pattern: Wildcard) -> Result<Self> {
        let column = column_of(column, "an address", is_address)?;
        Ok(Test::of_pattern(column, pattern).into())
    }

    /// `value & mask == high` for any of the pairs `(high, mask)`: TCP flags, attributes. No pair: never.
    ///
    /// # Errors
    /// `Usage` if the column is not known or holds no flags with letters, or a pair makes no sense: a mask without a
    /// bit, bits outside of it, or bits that have no letter.
    pub fn masks(column: &str, pairs: impl IntoIterator<Item = (u8, u8)>) -> Result<Self> {
        let column = column_of(column, "flags", |kind| kind == ColumnType::U8)?;
        let all = values::letters(column.name).map_or(0, |letters| letters.all);
        let pairs: Vec<(u8, u8)> = pairs.into_iter().collect();
        match pairs.iter().find(|(high, mask)| *mask == 0 || high & !mask != 0 || mask & !all != 0) {
            None => Ok(Test::Masks(column, pairs).into()),
            Some((high, mask)) => {
                Err(Error::usage(format!("{high:#04x}/{mask:#04x} is no test of {:?}", column.name)))
            }
        }
    }

    /// The name in a derived column (`sensor`, `class`, `type`) is one of these. They are looked up when the predicate is
    /// compiled.
    ///
    /// # Errors
    /// `Usage` if the column is not known or no text.
    pub fn named<S: Into<String>>(column: &str, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let column = column_of(column, "a text", |kind| kind == ColumnType::Text)?;
        Ok(Test::Named(column, names.into_iter().map(Into::into).collect()).into())
    }

    /// The column is true.
    ///
    /// # Errors
    /// `Usage` if the column is not known or no boolean.
    pub fn is_true(column: &str) -> Result<Self> {
        Ok(Test::IsTrue(column_of(column, "a boolean", |kind| kind == ColumnType::Bool)?).into())
    }

    /// The source does not say the column's value.
    ///
    /// # Errors
    /// `Usage` if the column is not known.
    pub fn is_null(column: &str) -> Result<Self> {
        Ok(Test::IsNull(column_of(column, "a column", |_| true)?).into())
    }

    /// The quotient bytes / packets, in double precision, lies in `low..=high` (semantics 3.5): it passes unless it is
    /// below `low` or above `high`. So a flow of no packets passes every range if it has no bytes either (the quotient
    /// is no number, and no comparison fails it), else only one without an end.
    ///
    /// # Errors
    /// `Usage` if a limit is no number, or `low > high`.
    pub fn bytes_per_packet(low: f64, high: f64) -> Result<Self> {
        match low.partial_cmp(&high) {
            None | Some(std::cmp::Ordering::Greater) => {
                Err(Error::usage(format!("bytes/packets cannot lie between {low} and {high}")))
            }
            _ => Ok(Test::BytesPerPacket { low, high }.into()),
        }
    }

    /// The flow is under way at some moment from `first` to `last` (nanoseconds since the Unix epoch), both included:
    /// it starts by `last` and ends at `first` or later.
    ///
    /// # Errors
    /// None with the table as it is.
    pub fn active(first: i128, last: i128) -> Result<Self> {
        Ok(Self::within("stime", Ranges::to(last))?.and(Self::within("etime", Ranges::from(first))?))
    }

    /// All of these are true; of none that is so.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self { expr: joined(parts, true) }
    }

    /// Any of these is true; of none that is not so.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self { expr: joined(parts, false) }
    }

    /// Both are true.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    /// At least one is true.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }
}

impl std::ops::Not for Predicate {
    type Output = Self;

    /// False becomes true, and unknown stays unknown.
    fn not(self) -> Self {
        let expr = match self.expr {
            Expr::Always(value) => Expr::Always(!value),
            Expr::Not(inner) => *inner,
            other => Expr::Not(Box::new(other)),
        };
        Self { expr }
    }
}

impl Test {
    /// A pattern of one address is that address, as its text says.
    fn of_pattern(column: &'static FlowColumn, pattern: Wildcard) -> Self {
        match pattern.one() {
            Some(address) => Self::Address(column, Arc::new(AddressSet::one(address))),
            None => Self::Wildcard(column, pattern),
        }
    }
}

impl From<Test> for Predicate {
    fn from(test: Test) -> Self {
        Self { expr: Expr::Test(test) }
    }
}

/// Parts of the same kind are taken apart, so that brackets that change nothing leave no trace.
fn joined(parts: impl IntoIterator<Item = Predicate>, and: bool) -> Expr {
    let mut all = Vec::new();
    for part in parts {
        match part.expr {
            Expr::And(inner) if and => all.extend(inner),
            Expr::Or(inner) if !and => all.extend(inner),
            other => all.push(other),
        }
    }
    match all.len() {
        0 => Expr::Always(and),
        1 => all.swap_remove(0),
        _ if and => Expr::And(all),
        _ => Expr::Or(all),
    }
}

fn is_address(kind: ColumnType) -> bool {
    kind == ColumnType::Ip
}

fn column_of(
    name: &str,
    expected: &'static str,
    fits: impl Fn(ColumnType) -> bool,
) -> Result<&'static FlowColumn> {
    let column = FlowColumn::by_name(name).ok_or_else(|| unknown_column(name))?;
    match fits(column.kind) {
        true => Ok(column),
        false => Err(Error::usage(format!("column {name:?} is not {expected}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_is_of_what_has_an_order_of_integers() {
        for column in ["dport", "stime", "duration", "frame_len", "frame_time_delta", "eth_src"] {
            Predicate::within(column, Ranges::one(1)).unwrap();
        }
        for column in ["sip", "is_ipv6", "sensor", "frame_protocols"] {
            let error = Predicate::within(column, Ranges::one(1)).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("column {column:?} is not a number, time, duration or hardware address")
            );
        }
    }

    #[test]
    fn hardware_addresses_have_48_bits() {
        let within = |ranges| Predicate::within("eth_dst", ranges).unwrap();
        let last = (1 << 48) - 1;
        assert_eq!(within(Ranges::from(5)), within(Ranges::between(5, last)));
        assert_eq!(within(Ranges::to(5)), within(Ranges::between(0, 5)));
        assert_eq!(within(Ranges::from(last + 1)), within(Ranges::EMPTY));
        // So it can be written down, and read again.
        let one = within([(last, i128::MAX)].into_iter().collect());
        assert_eq!(Predicate::parse(&one.to_string(), &ParseContext::default()).unwrap(), one);
    }
}
