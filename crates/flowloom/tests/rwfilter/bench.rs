//! A directory to run in, and what runs in it print.

use std::ffi::OsString;
use std::path::PathBuf;

use flowloom::{rwcut, rwfilter};
use silk_format::{FlowRecord, FormatId, Header, WriterOptions};

use crate::sample;

/// A directory with the sample and its site.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) setup: rwfilter::Setup,
}

/// Exit status, standard output, standard error.
pub(crate) type Done = (u8, Vec<u8>, String);

pub(crate) const HOUR: i64 = 3_600_000;

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = WriterOptions::default();
        std::fs::write(dir.path().join("flows.rw"), sample::file(&sample::records(), &options)).unwrap();
        std::fs::write(dir.path().join("silk.conf"), sample::SITE).unwrap();
        Self { dir, setup: rwfilter::Setup::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Runs with arguments split at blanks; `@` stands for the directory.
    pub(crate) fn run(&self, arguments: &str) -> Done {
        let folder = format!("{}/", self.dir.path().display());
        let arguments = arguments.split_whitespace().map(|argument| argument.replace('@', &folder));
        run(&arguments.collect::<Vec<_>>(), &self.setup)
    }

    /// The same with the sample's site and one thread, and with two: what it prints must be the same.
    pub(crate) fn sample(&self, switches: &str) -> Done {
        let [one, two] = [1, 2].map(|threads| {
            self.run(&format!("{switches} --threads={threads} --site-config-file=@silk.conf @flows.rw"))
        });
        assert!(data(&one.1) == data(&two.1), "{switches}");
        assert_eq!((one.0, &one.2), (two.0, &two.2), "{switches}");
        one
    }

    /// The numbers of the sample's records that pass.
    pub(crate) fn passing(&self, switches: &str) -> Vec<usize> {
        let (status, out, err) = self.sample(&format!("{switches} --pass=stdout"));
        assert_eq!((status, err.as_str()), (0, ""), "{switches}");
        self.numbers(&out)
    }

    /// The numbers of records in a file, by what `rwcut` prints of all layouts.
    pub(crate) fn numbers(&self, flows: &[u8]) -> Vec<usize> {
        let all = self.cut(&sample::file(&sample::records(), &WriterOptions::default()));
        let number = |line| all.iter().position(|other| *other == line).unwrap() + 1;
        self.cut(flows).into_iter().map(number).collect()
    }

    pub(crate) fn cut(&self, flows: &[u8]) -> Vec<String> {
        std::fs::write(self.path("cut.rw"), flows).unwrap();
        let fields = "--fields=1-12,sensor,class,type,iType,iCode,attributes,application,initialFlags";
        let file = self.name("cut.rw");
        let arguments =
            [fields, "--no-titles", "--delimited", "--ipv6-policy=mix", &file].map(OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let run = rwcut::run_with(&arguments, &rwcut::Setup::default(), &mut out, &mut err);
        assert_eq!((run.status, err), (0, Vec::new()));
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    /// The sample as SiLK's packer stores it (section 2.1).
    pub(crate) fn pack(&self) {
        std::fs::create_dir(self.path("root")).unwrap();
        std::fs::write(self.path("root/silk.conf"), sample::SITE).unwrap();
        let records = sample::records();
        let place = |r: &FlowRecord| (r.stime_ms - r.stime_ms % HOUR, r.classtype_id, r.sensor_id);
        for files in records.chunk_by(|a, b| place(a) == place(b)) {
            let (hour, flowtype, sensor) = place(&files[0]);
            let (name, prefix) = [("in", "in"), ("", ""), ("inweb", "iw"), ("outweb", "ow")]
                .get(usize::from(flowtype))
                .copied()
                .unwrap_or(if flowtype == 8 { ("inicmp", "inicmp") } else { ("outicmp", "outicmp") });
            let hours = (hour - 1_234_396_800_000) / HOUR;
            let (day, hour_of_day) = (12 + hours / 24, hours % 24);
            let folder = self.path(&format!("root/{name}/2009/02/{day}"));
            std::fs::create_dir_all(&folder).unwrap();
            let options = WriterOptions::default()
                .with_format(FormatId::RWIPV6, 1)
                .with_packed_file(hour, flowtype, sensor);
            let file = folder.join(format!("{prefix}-S{sensor}_200902{day}.{hour_of_day:02}"));
            std::fs::write(file, sample::file(files, &options)).unwrap();
        }
    }
}

pub(crate) fn run(arguments: &[String], setup: &rwfilter::Setup) -> Done {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = rwfilter::run_with(&arguments, setup, &mut out, &mut err);
    (status, out, String::from_utf8(err).unwrap())
}

/// What stands behind the header; the header has the command line.
pub(crate) fn data(file: &[u8]) -> &[u8] {
    if file.is_empty() { file } else { &file[Header::parse(file).unwrap().1..] }
}

pub(crate) fn counts(files: usize, read: usize, pass: usize, fail: usize) -> String {
    format!("Files {files:>5}.  Read {read:>10}.  Pass {pass:>10}. Fail  {fail:>10}.\n")
}

pub(crate) fn list(numbers: &str) -> Vec<usize> {
    numbers.split_whitespace().map(|number| number.parse().unwrap()).collect()
}
