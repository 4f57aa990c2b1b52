//! HTML text that cannot be broken out of: what comes from data goes through [`escape`].

use std::fmt::Write as _;

/// A page in the making. Markup is written in our own source (`&'static str`); everything else is escaped.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup of our own.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, in an element or between the quotes of an attribute.
    pub(crate) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.0.push_str(&escape(text.as_ref()));
        self
    }

    /// A drawing of [`crate::chart`], which holds no text of the input.
    pub(crate) fn drawing(&mut self, svg: &str) -> &mut Self {
        self.0.push_str(svg);
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// The text with the five characters of markup as entities. Control characters and those that turn the direction of
/// writing (a file name could hide its true end behind them) are spelled out as `\u{202e}`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ if is_deceptive(character) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        // Noncharacters are parse errors in HTML.
        || matches!(u32::from(character), 0xfdd0..=0xfdef)
        || u32::from(character) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An independent reading of what [`escape`] writes.
    fn unescape(text: &str) -> String {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    #[test]
    fn spells_out_what_deceives() {
        assert_eq!(escape("a\u{202e}txt.exe\0\n"), "a\\u{202e}txt.exe\\u{0}\\u{a}");
        assert_eq!(
            escape("<script>alert('1')&\"</script>"),
            "&lt;script&gt;alert(&#39;1&#39;)&amp;&quot;&lt;/script&gt;"
        );
        assert_eq!(escape("grün 网络"), "grün 网络");
    }

    proptest! {
        #[test]
        fn nothing_breaks_out(text in any::<String>()) {
            let safe = escape(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
            prop_assert!(!safe.chars().any(is_deceptive));
            for (place, _) in safe.match_indices('&') {
                let entity = safe[place..].split(';').next().unwrap();
                prop_assert!(["&amp", "&lt", "&gt", "&quot", "&#39"].contains(&entity));
            }
        }

        #[test]
        fn loses_nothing(text in "[ -~äß网]*") {
            prop_assert_eq!(unescape(&escape(&text)), text);
        }
    }
}
