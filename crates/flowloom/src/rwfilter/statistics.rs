//! The text of `--print-statistics` and `--print-volume-statistics` (semantics 3.11).

use super::switches::Form;

/// Records and what they carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) records: u64,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Volume {
    pub(super) fn add(&mut self, more: Self) {
        self.records = self.records.wrapping_add(more.records);
        self.packets = self.packets.wrapping_add(more.packets);
        self.bytes = self.bytes.wrapping_add(more.bytes);
    }

    /// What is left of `self` without `part`.
    fn without(self, part: Self) -> Self {
        Self {
            records: self.records.wrapping_sub(part.records),
            packets: self.packets.wrapping_sub(part.packets),
            bytes: self.bytes.wrapping_sub(part.bytes),
        }
    }
}

/// What a run read, and what of it passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Statistics {
    pub(super) files: u64,
    pub(super) read: Volume,
    pub(super) pass: Volume,
}

impl Statistics {
    pub(super) fn text(&self, form: Form) -> String {
        let Self { files, read, pass } = *self;
        let fail = read.without(pass);
        if form == Form::Counts {
            return format!(
                "Files {files:>5}.  Read {:>10}.  Pass {:>10}. Fail  {:>10}.\n",
                read.records, pass.records, fail.records
            );
        }
        let line = |title: &str, volume: Volume, files: &str| {
            let Volume { records, packets, bytes } = volume;
            format!("{title:>5}|{records:>18}|{packets:>18}|{bytes:>20}|{files:>10}|\n")
        };
        format!("{:>5}|{:>18}|{:>18}|{:>20}|{:>10}|\n", "", "Recs", "Packets", "Bytes", "Files")
            + &line("Total", read, &files.to_string())
            + &line("Pass", pass, "")
            + &line("Fail", fail, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of semantics 3.11.
    #[test]
    fn as_the_reference_prints_them() {
        let read = Volume { records: 12, packets: 140, bytes: 130_019 };
        let pass = Volume { records: 6, packets: 129, bytes: 129_170 };
        let statistics = Statistics { files: 1, read, pass };
        assert_eq!(
            statistics.text(Form::Counts),
            "Files     1.  Read         12.  Pass          6. Fail           6.\n"
        );
        assert_eq!(
            statistics.text(Form::Volumes),
            "     |              Recs|           Packets|               Bytes|     Files|\n\
             Total|                12|               140|              130019|         1|\n \
             Pass|                 6|               129|              129170|          |\n \
             Fail|                 6|                11|                 849|          |\n"
        );
    }
}
