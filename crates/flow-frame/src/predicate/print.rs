//! Predicates as text that is read again as an equal predicate.

use std::fmt;

use super::lex::in_word;
use super::values::{self, duration_text, time_text};
use super::{Expr, Predicate, Test};
use crate::schema::{ColumnType, FlowColumn};

/// The text form of [`Predicate::parse`]. Sets with a name print as `@name`, other sets as their blocks; times are
/// absolute. A value that its column cannot hold, which only a program can put there, may not be read again.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_expr(f, &self.expr)
    }
}

fn write_expr(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::Always(value) => write!(f, "{value}"),
        Expr::Test(test) => f.write_str(&text(test, false)),
        Expr::Not(inner) => match inner.as_ref() {
            Expr::Test(test) => f.write_str(&text(test, true)),
            inner => {
                f.write_str("not (")?;
                write_expr(f, inner)?;
                f.write_str(")")
            }
        },
        Expr::And(parts) => {
            for (i, part) in parts.iter().enumerate() {
                f.write_str(if i == 0 { "" } else { " and " })?;
                let brackets = matches!(part, Expr::Or(_));
                f.write_str(if brackets { "(" } else { "" })?;
                write_expr(f, part)?;
                f.write_str(if brackets { ")" } else { "" })?;
            }
            Ok(())
        }
        Expr::Or(parts) => {
            for (i, part) in parts.iter().enumerate() {
                f.write_str(if i == 0 { "" } else { " or " })?;
                write_expr(f, part)?;
            }
            Ok(())
        }
    }
}

fn text(test: &Test, negated: bool) -> String {
    let (subject, operator, operand) = match test {
        Test::IsTrue(column) => return format!("{}{}", if negated { "not " } else { "" }, column.name),
        Test::IsNull(column) => {
            return format!("{} is {}null", column.name, if negated { "not " } else { "" });
        }
        Test::Within(column, ranges) => {
            let (operator, operand) = match column.kind {
                ColumnType::Timestamp | ColumnType::TimestampNs => {
                    values::ranges_text(ranges, true, "..", time_text)
                }
                ColumnType::Mac => values::ranges_text(ranges, false, "..", values::mac_text),
                ColumnType::DurationMs | ColumnType::DurationNs => {
                    values::ranges_text(ranges, true, "-", duration_text)
                }
                _ => values::ranges_text(ranges, false, "-", |value| value.to_string()),
            };
            (column.name, operator, operand)
        }
        Test::Address(column, set) => {
            let (operator, operand) = match set.name() {
                Some(name) => ("in", word(&format!("@{name}"))),
                None => addresses(set),
            };
            (column.name, operator, operand)
        }
        Test::Wildcard(column, pattern) => (column.name, "in", word(&pattern.to_string())),
        Test::Masks(column, pairs) => {
            let (operator, operand) = masks(column, pairs);
            (column.name, operator, operand)
        }
        Test::Named(column, names) => {
            let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
            let (operator, operand) = one_or_list(quoted);
            (column.name, operator, operand)
        }
        Test::BytesPerPacket { low, high } => {
            let (operator, operand) = quotient(*low, *high);
            ("bytes/packets", operator, operand)
        }
    };
    match (operator, negated) {
        ("=", true) => format!("{subject} != {operand}"),
        ("in", true) => format!("{subject} not in {operand}"),
        (_, true) => format!("not {subject} {operator} {operand}"),
        (_, false) => format!("{subject} {operator} {operand}"),
    }
}

fn one_or_list(mut items: Vec<String>) -> (&'static str, String) {
    match items.len() {
        1 => ("=", items.swap_remove(0)),
        _ => ("in", format!("({})", items.join(", "))),
    }
}

fn addresses(set: &super::AddressSet) -> (&'static str, String) {
    let mut blocks: Vec<String> =
        set.prefixes()
            .map(|net| {
                if net.prefix_len() == net.max_prefix_len() {
                    net.addr().to_string()
                } else {
                    net.to_string()
                }
            })
            .collect();
    match blocks.len() {
        1 if blocks[0].contains('/') => ("in", blocks.swap_remove(0)),
        _ => one_or_list(blocks),
    }
}

fn masks(column: &FlowColumn, pairs: &[(u8, u8)]) -> (&'static str, String) {
    // A test of flags is of a column with letters.
    let Some(letters) = values::letters(column.name).filter(|_| !pairs.is_empty()) else {
        return ("any", "''".to_owned());
    };
    let text = |(high, mask): &(u8, u8)| format!("{}/{}", letters.text(*high), letters.text(*mask));
    one_or_list(pairs.iter().map(text).collect())
}

fn quotient(low: f64, high: f64) -> (&'static str, String) {
    match (low, high) {
        (f64::NEG_INFINITY, f64::INFINITY) => ("in", "..".to_owned()),
        (f64::NEG_INFINITY, high) => ("<=", high.to_string()),
        (low, f64::INFINITY) => (">=", low.to_string()),
        (low, high) if low == high => ("=", low.to_string()),
        _ => ("in", format!("{low}-{high}")),
    }
}

/// A text as a word if it is one, else in quotes.
fn word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(in_word) { text.to_owned() } else { quote(text) }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
