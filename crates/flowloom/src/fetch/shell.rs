//! Words for a POSIX shell.

use std::borrow::Cow;

/// A word as the shell must see it to pass on exactly `text`: in single quotes, if it needs any.
///
/// ```
/// use flowloom::fetch::quote;
///
/// assert_eq!(quote("--type=all"), "--type=all");
/// assert_eq!(quote("it's"), r"'it'\''s'");
/// assert_eq!(quote(""), "''");
/// ```
#[must_use]
pub fn quote(text: &str) -> Cow<'_, str> {
    // None of these means anything to a shell inside a word; `~` is not among them, for it does after `=` and `:`.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Words that mean something to a shell at the beginning of a command (POSIX shell, section 2.4).
const RESERVED: [&str; 16] = [
    "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while",
    "function", "select", "time",
];

/// A command line: the words, the first of which is the program, each quoted as far as it must be.
pub fn command_line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for word in words {
        if line.is_empty() && (word.contains('=') || RESERVED.contains(&word)) {
            // As the first word this would be an assignment, or the shell's own.
            line = format!("'{}'", word.replace('\'', r"'\''"));
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += &quote(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_needed() {
        for plain in ["rwfilter", "--start-date=2016/09/29:12:37", "10.20.0.0/16,10.1.0.0/16", "a_b+c@d%e"] {
            assert_eq!(quote(plain), plain);
        }
        for (text, quoted) in [
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("~", "'~'"),
            ("a=~", "'a=~'"),
            ("*", "'*'"),
            ("a'b", r"'a'\''b'"),
            ("ä", "'ä'"),
        ] {
            assert_eq!(quote(text), quoted);
        }
        assert_eq!(command_line(["a=b", "c=d"]), "'a=b' c=d");
        assert_eq!(command_line(["rwfilter", "", "x y"]), "rwfilter '' 'x y'");
    }

    #[cfg(unix)]
    mod sh {
        use proptest::prelude::*;

        use super::super::*;

        /// What `sh` makes of a line: each word with a NUL behind it.
        fn words(line: &str) -> Vec<String> {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf '%s\\0' {line}")])
                .output()
                .unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{line:?}: {output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            text.split_terminator('\0').map(str::to_owned).collect()
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(200))]

            /// The shell gives back what was quoted: any text, and texts of what shells care for.
            #[test]
            fn a_shell_gives_the_words_back(
                list in proptest::collection::vec(
                    prop_oneof![r#"[ -~\n\t]{0,20}"#, r#"['"\\$`~*?!#&;|<>(){}\[\]= a-]{0,12}"#, "[^\0]{0,8}"],
                    1..6,
                ),
            ) {
                let quoted: Vec<_> = list.iter().map(|word| quote(word)).collect();
                prop_assert_eq!(words(&quoted.join(" ")), list);
            }
        }

        /// The first word is the program, whatever it is called.
        #[test]
        fn the_program_is_found_under_odd_names() {
            use std::os::unix::fs::PermissionsExt;
            let dir = tempfile::tempdir().unwrap();
            for name in ["a=b", "it's", "rw filter", "ä;b"] {
                let program = dir.path().join(name);
                std::fs::write(&program, "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
                std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
                let line = command_line([name, "x=$y", ""]);
                let output = std::process::Command::new("sh")
                    .args(["-c", &line])
                    .env("PATH", format!("{}:/usr/bin:/bin", dir.path().display()))
                    .output()
                    .unwrap();
                assert_eq!(String::from_utf8(output.stdout).unwrap(), "<x=$y><>", "{line}");
            }
        }
    }
}
