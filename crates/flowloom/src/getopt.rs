//! Switches as the older tools read them: `--name=value` or `--name value`, names cut to a unique prefix, switches
//! before or between files, `--` before the last files.

use std::ffi::{OsStr, OsString};

/// Whether a switch has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    None,
    Required,
    /// Only as `--name=value`.
    Optional,
}

/// One switch of a tool; `T` is the tool's own name for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switch<T> {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) id: T,
    /// How the help names the value, and what it says.
    pub(crate) help: (&'static str, &'static str),
}

/// Switches in the order given, and the other arguments.
pub(crate) type Parsed<T> = (Vec<(T, Option<OsString>)>, Vec<OsString>);

/// Sorts arguments into switches and files. The error is a message.
pub(crate) fn parse<T: Copy>(table: &[Switch<T>], arguments: &[OsString]) -> Result<Parsed<T>, String> {
    let (mut switches, mut files) = (Vec::new(), Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some((name, value)) = split(argument) else {
            if argument == "--" {
                files.extend(rest.cloned());
                break;
            }
            files.push(argument.clone());
            continue;
        };
        let switch = find(table, &name, argument)?;
        let value = match (switch.value, value) {
            (Value::None, Some(_)) => {
                return Err(format!("option '--{}' doesn't allow an argument", switch.name));
            }
            (Value::Required, None) => match rest.next() {
                Some(value) => Some(value.clone()),
                None => return Err(format!("option '--{}' requires an argument", switch.name)),
            },
            (_, value) => value,
        };
        switches.push((switch.id, value));
    }
    Ok((switches, files))
}

/// Name and value of an argument that is a switch. `-` alone is standard input; there are no one-letter switches.
fn split(argument: &OsStr) -> Option<(String, Option<OsString>)> {
    let text = argument.to_string_lossy();
    let name = text.strip_prefix('-').filter(|name| !name.is_empty() && *name != "-")?;
    let (name, value) = match name.split_once('=') {
        Some((name, value)) => (name, Some(exact_value(argument).unwrap_or_else(|| value.into()))),
        None => (name, None),
    };
    Some((name.to_owned(), value))
}

/// The value behind `=`, which need not be UTF-8.
#[cfg(unix)]
fn exact_value(argument: &OsStr) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = argument.as_bytes();
    let equals = bytes.iter().position(|&byte| byte == b'=')?;
    bytes.get(equals + 1..).map(|value| OsStr::from_bytes(value).to_owned())
}

#[cfg(not(unix))]
fn exact_value(_: &OsStr) -> Option<OsString> {
    None
}

fn find<'t, T>(table: &'t [Switch<T>], given: &str, argument: &OsStr) -> Result<&'t Switch<T>, String> {
    let unknown = || format!("unrecognized option '{}'", argument.to_string_lossy());
    let name = given.strip_prefix('-').filter(|name| !name.is_empty()).ok_or_else(unknown)?;
    unique(table, name, |switch| switch.name).map_err(|found| match found {
        0 => unknown(),
        _ => format!("option '--{name}' is ambiguous"),
    })
}

/// The item called `name`, or the only one whose name begins so. The error is how many do.
pub(crate) fn unique<'t, I>(
    items: &'t [I],
    name: &str,
    name_of: impl Fn(&I) -> &str,
) -> Result<&'t I, usize> {
    if let Some(exact) = items.iter().find(|item| name_of(item) == name) {
        return Ok(exact);
    }
    let mut found = items.iter().filter(|item| name_of(item).starts_with(name));
    match (found.next(), found.count()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(0),
        (Some(_), more) => Err(more + 1),
    }
}

/// The list of switches for `--help`.
pub(crate) fn help<T>(table: &[Switch<T>]) -> String {
    let line = |switch: &Switch<T>| {
        let (value, text) = switch.help;
        let usage = match switch.value {
            Value::None => format!("--{}", switch.name),
            Value::Required => format!("--{}={value}", switch.name),
            Value::Optional => format!("--{}[={value}]", switch.name),
        };
        format!("  {usage:<34}{text}\n")
    };
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Switch<u8>; 4] = [
        Switch { name: "num-recs", value: Value::Required, id: 1, help: ("N", "") },
        Switch { name: "no-titles", value: Value::None, id: 2, help: ("", "") },
        Switch { name: "no-columns", value: Value::None, id: 3, help: ("", "") },
        Switch { name: "xargs", value: Value::Optional, id: 4, help: ("FILE", "") },
    ];

    fn parsed(arguments: &[&str]) -> Result<String, String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        parse(&TABLE, &arguments).map(|parsed| format!("{parsed:?}"))
    }

    #[test]
    fn forms() {
        let same = parsed(&["--num-recs=3", "--no-titles", "a", "b"]);
        assert_eq!(same, parsed(&["a", "--num-recs", "3", "b", "--no-t"]));
        assert_eq!(same.as_deref(), Ok(r#"([(1, Some("3")), (2, None)], ["a", "b"])"#));
        assert_eq!(parsed(&["--nu=", "-", "--", "--x"]).as_deref(), Ok(r#"([(1, Some(""))], ["-", "--x"])"#));
        assert_eq!(parsed(&["--xargs", "f"]).as_deref(), Ok(r#"([(4, None)], ["f"])"#));
        assert_eq!(parsed(&["--xargs=f"]).as_deref(), Ok(r#"([(4, Some("f"))], [])"#));
    }

    #[test]
    fn refused() {
        assert_eq!(parsed(&["--no"]).unwrap_err(), "option '--no' is ambiguous");
        assert_eq!(parsed(&["--bogus=1"]).unwrap_err(), "unrecognized option '--bogus=1'");
        assert_eq!(parsed(&["-n"]).unwrap_err(), "unrecognized option '-n'");
        assert_eq!(parsed(&["--num-recs"]).unwrap_err(), "option '--num-recs' requires an argument");
        assert_eq!(parsed(&["--no-titles=1"]).unwrap_err(), "option '--no-titles' doesn't allow an argument");
    }
}
