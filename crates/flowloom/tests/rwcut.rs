//! `rwcut` on the sample of the semantics document (section 0), with the outputs that it shows (section 4).

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

mod sample;

use std::ffi::OsString;
use std::path::PathBuf;

use flowloom::rwcut::{Setup, run_with};
use sample::SITE;
use silk_format::WriterOptions;

/// A directory with the sample, its site and its maps.
struct Bench {
    dir: tempfile::TempDir,
    setup: Setup,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("flows.rw"),
            sample::file(&sample::records(), &WriterOptions::default()),
        )
        .unwrap();
        std::fs::write(dir.path().join("silk.conf"), SITE).unwrap();
        Self { dir, setup: Setup::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Status and both outputs for switches (split at blanks) and the sample.
    fn run(&self, switches: &str) -> (u8, String, String) {
        self.run_files(switches, &["flows.rw"])
    }

    fn run_files(&self, switches: &str, files: &[&str]) -> (u8, String, String) {
        let mut arguments: Vec<OsString> = switches.split_whitespace().map(OsString::from).collect();
        arguments.push(format!("--site-config-file={}", self.path("silk.conf").display()).into());
        arguments.extend(files.iter().map(|file| self.path(file).into()));
        let results = [true, false].map(|map| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let run = run_with(&arguments, &self.setup.clone().with_map(map), &mut out, &mut err);
            (run.status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
        });
        assert_eq!(results[0], results[1], "mapped and read");
        let [result, _] = results;
        result
    }

    fn text(&self, switches: &str) -> String {
        let (status, out, err) = self.run(switches);
        assert_eq!((status, err.as_str()), (0, ""), "{switches}");
        out
    }

    /// The numbers of the records that are printed.
    fn numbers(&self, switches: &str) -> Vec<usize> {
        let all = self.text("--fields=1-11,nhip --delimited --no-titles --ipv6-policy=mix");
        let lines: Vec<_> = all.lines().collect();
        let text = self.text(&format!("--fields=1-11,nhip --delimited --no-titles {switches}"));
        text.lines().map(|line| lines.iter().position(|known| *known == line).map_or(0, |i| i + 1)).collect()
    }
}

#[test]
fn columns() {
    let expected = "                                    sIP|                                    dIP|sPort|dPort|pro|   packets|     bytes|   flags|                  sTime| duration|                  eTime|sen|
                               10.1.2.3|                             192.0.2.10|52000|   80|  6|        10|      4000|FS PA   |2009/02/12T23:59:59.500|    2.750|2009/02/13T00:00:02.250| S0|
                               10.1.2.3|                             192.0.2.10|52001|  443|  6|         3|       180| SR A   |2009/02/13T00:00:00.000|    0.000|2009/02/13T00:00:00.000| S0|
                             192.0.2.10|                               10.1.2.3|  443|52001|  6|         2|       120| S  A   |2009/02/13T00:00:00.001| 1800.000|2009/02/13T00:30:00.001| S0|
";
    assert_eq!(Bench::new().text("--num-recs=3"), expected);
}

#[test]
fn all_fields() {
    let expected = "sIP|dIP|sPort|dPort|protocol|packets|bytes|flags|sTime|duration|eTime|sensor|in|out|nhIP|initialFlags|sessionFlags|attributes|application|class|type|sTime+msec|eTime+msec|dur+msec|iType|iCode
10.1.2.3|192.0.2.10|52000|80|6|10|4000|FSPA|2009/02/12T23:59:59.500|2.750|2009/02/13T00:00:02.250|S0|1|2|10.0.0.1|S|FPA||80|all|inweb|2009/02/12T23:59:59.500|2009/02/13T00:00:02.250|2.750||
10.1.2.3|192.0.2.10|52001|443|6|3|180|SRA|2009/02/13T00:00:00.000|0.000|2009/02/13T00:00:00.000|S0|1|2|10.0.0.1|S|RA|T|443|all|inweb|2009/02/13T00:00:00.000|2009/02/13T00:00:00.000|0.000||
";
    assert_eq!(Bench::new().text("--all-fields --delimited --num-recs=2"), expected);
}

#[test]
fn integers_and_cut_titles() {
    let switches = "--integer-sensors --integer-tcp-flags --num-recs=1 \
                    --fields=flags,sensor,initialFlags,attributes,class,type,in,out,nhip,application";
    let expected =
        "fla|senso|ini|attribut|cla|   type|   in|  out|                                   nhIP|appli|
 27|    0|  2|        |all|  inweb|    1|    2|                               10.0.0.1|   80|
";
    assert_eq!(Bench::new().text(switches), expected);
}

#[test]
fn icmp() {
    let bench = Bench::new();
    let rows = "--delimited --start-rec-num=6 --num-recs=2";
    assert_eq!(
        bench.text(&format!("--fields=sport,dport,itype,icode,icmpTypeCode {rows}")),
        "sPort|dPort|iType|iCode|iType|iCode\n0|2048|8|0|8|0\n0|781|3|13|3|13\n"
    );
    assert_eq!(
        bench.text(&format!("--icmp-type-and-code --fields=protocol {rows}")),
        "protocol|sPort|dPort\n1|8|0\n1|3|13\n"
    );
    // Protocol 58 is ICMP in an IPv6 record only (records 9 and 10).
    let rows = "--delimited --no-titles --fields=itype,icode --start-rec-num=9 --num-recs=2";
    assert_eq!(bench.text(rows), "135|0\n|\n");
}

#[test]
fn times() {
    let bench = Bench::new();
    let first = |switches: &str| bench.text(&format!("--no-titles --delimited --num-recs=1 {switches}"));
    assert_eq!(
        first("--timestamp-format=m/d/y,no-msec --fields=stime,etime,dur,22,23,24"),
        "02/12/2009 23:59:59|02/13/2009 00:00:02|2|02/12/2009 23:59:59.500|02/13/2009 00:00:02.250|2.750\n"
    );
    assert_eq!(first("--legacy-timestamps --fields=9"), "02/12/2009 23:59:59\n");
    assert_eq!(first("--epoch-time --fields=9"), "1234483199.500\n");
    assert_eq!(first("--timestamp-format=iso --fields=9"), "2009-02-12 23:59:59.500\n");
}

#[test]
fn layouts() {
    let bench = Bench::new();
    let layout = |switches: &str| bench.text(&format!("--fields=sport,protocol --num-recs=1 {switches}"));
    assert_eq!(layout(""), "sPort|pro|\n52000|  6|\n");
    assert_eq!(layout("--no-final-delimiter"), "sPort|pro\n52000|  6\n");
    assert_eq!(layout("--no-columns"), "sPort|protocol|\n52000|6|\n");
    assert_eq!(layout("--column-separator=;x"), "sPort;pro;\n52000;  6;\n");
    assert_eq!(layout("--delimited=,"), "sPort,protocol\n52000,6\n");
    assert_eq!(layout("--no-titles"), "52000|  6|\n");
    assert_eq!(layout("--dry-run"), "sPort|pro|\n");
}

/// Semantics 4.5, over two files with six and six records, and over one.
#[test]
fn rows() {
    let bench = Bench::new();
    for (switches, expected) in [
        ("--start-rec-num=4 --num-recs=2", &[4, 5][..]),
        ("--end-rec-num=5 --num-recs=2", &[4, 5]),
        ("--start-rec-num=4 --end-rec-num=6", &[4, 5, 6]),
        ("--num-recs=2", &[1, 2]),
        ("--start-rec-num=99", &[]),
        ("--tail-recs=3", &[10, 11, 12]),
        ("--tail-recs=3 --num-recs=2", &[10, 11]),
        ("--tail-recs=99 --num-recs=1", &[1]),
        ("--end-rec-num=2", &[1, 2]),
    ] {
        assert_eq!(bench.numbers(switches), expected, "{switches}");
    }
    // Counting goes on over all files, and no file behind the last row is opened.
    let text = bench.run_files(
        "--no-titles --fields=sport --delimited --start-rec-num=12 --num-recs=2",
        &["flows.rw", "flows.rw", "missing.rw"],
    );
    assert_eq!(text, (0, "30001\n52000\n".to_owned(), String::new()));
    let (status, out, err) = bench.run_files("--no-titles --fields=1", &["missing.rw"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("missing.rw"), "{err}");
}

#[test]
fn ipv6_policies() {
    let bench = Bench::new();
    let ipv4 = [1, 2, 3, 4, 5, 6, 7, 10, 11, 12];
    assert_eq!(bench.numbers("--ipv6-policy=ignore"), ipv4);
    assert_eq!(bench.numbers("--ipv6-policy=asv4"), ipv4);
    assert_eq!(bench.numbers("--ipv6-policy=only"), [8, 9]);
    // Counting sees only the records that the policy keeps.
    assert_eq!(bench.numbers("--ipv6-policy=ignore --start-rec-num=8 --num-recs=1"), [10]);
    let forced = bench.text("--ipv6-policy=force --fields=sip,nhip --delimited --no-titles --num-recs=1");
    assert_eq!(forced, "::ffff:10.1.2.3|::ffff:10.0.0.1\n");
    let narrow = bench.text("--ipv6-policy=ignore --fields=sip --num-recs=1");
    assert_eq!(narrow, "            sIP|\n       10.1.2.3|\n");
}

#[test]
fn refused() {
    let bench = Bench::new();
    for switches in ["--fields=s", "--fields=30", "--fields=scc", "--copy-input=x", "--bogus", "--no"] {
        let (status, out, err) = bench.run(switches);
        assert_eq!((status, out.as_str()), (1, ""), "{switches}");
        assert!(err.starts_with("rwcut: "), "{err}");
    }
    let (status, out, _) = bench.run("--help");
    assert!(status == 0 && out.contains("--timestamp-format"));
    let (status, out, _) = bench.run("--version");
    assert!(status == 0 && out.starts_with("rwcut"));
    assert!(bench.run("--help-fields").1.contains("sTime+msec"));
}

#[test]
fn outputs_and_inputs_by_name() {
    let bench = Bench::new();
    let out = bench.path("out.txt");
    let arguments = |extra: &[String]| -> Vec<OsString> {
        let fixed = [
            format!("--site-config-file={}", bench.path("silk.conf").display()),
            "--fields=sport".into(),
            "--no-titles".into(),
        ];
        fixed.iter().chain(extra).map(OsString::from).collect()
    };
    let run = |arguments: &[OsString], setup: &Setup| {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let run = run_with(arguments, setup, &mut stdout, &mut stderr);
        (run.status, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    };
    let flows = bench.path("flows.rw").display().to_string();
    let to_file =
        arguments(&[format!("--output-path={}", out.display()), "--num-recs=1".into(), flows.clone()]);
    assert_eq!(run(&to_file, &bench.setup), (0, String::new(), String::new()));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "52000|\n");
    // An existing file is refused, unless it may be overwritten.
    assert_eq!(run(&to_file, &bench.setup).0, 1);
    assert_eq!(run(&to_file, &bench.setup.clone().with_variable("SILK_CLOBBER", "1")).0, 0);

    std::fs::write(bench.path("names"), format!("{flows}\n\n{flows}\n")).unwrap();
    let listed =
        arguments(&[format!("--xargs={}", bench.path("names").display()), "--print-filenames".into()]);
    let (status, text, names) = run(&listed, &bench.setup);
    assert_eq!((status, text.lines().count()), (0, 24));
    assert_eq!(names, format!("{flows}\n{flows}\n"));
}

/// Bytes of a prefix map (semantics 8.2).
fn map_bytes(version: u16, name: Option<&str>, nodes: &[[u32; 2]], labels: Option<&[&str]>) -> Vec<u8> {
    let mut file = vec![0xDE, 0xAD, 0xBE, 0xEF, 0, 0x25, 16, 0];
    file.extend(3_019_001u32.to_be_bytes());
    file.extend(1u16.to_be_bytes());
    file.extend(version.to_be_bytes());
    if let Some(name) = name {
        file.extend([5u32, name.len() as u32 + 13, 1].iter().flat_map(|n| n.to_be_bytes()));
        file.extend(name.bytes().chain([0]));
    }
    file.extend([0, 0, 0, 0, 0, 0, 0, 8]);
    file.extend((nodes.len() as u32).to_le_bytes());
    file.extend(nodes.iter().flatten().flat_map(|word| word.to_le_bytes()));
    if let Some(labels) = labels {
        let dictionary: Vec<u8> = labels.iter().flat_map(|l| [l.as_bytes(), &[0]].concat()).collect();
        file.extend((dictionary.len() as u32).to_le_bytes());
        file.extend(dictionary);
    }
    file
}

/// The path to one block: `value` there, `other` everywhere else.
fn block(bits: u128, len: u32, width: u32, value: u32, other: u32) -> Vec<[u32; 2]> {
    const LEAF: u32 = 1 << 31;
    (0..len)
        .map(|level| {
            let next = if level + 1 == len { LEAF | value } else { level + 1 };
            match bits >> (width - 1 - level) & 1 {
                0 => [next, LEAF | other],
                _ => [LEAF | other, next],
            }
        })
        .collect()
}

#[test]
fn prefix_maps() {
    let bench = Bench::new();
    let ten = block(10 << 24, 8, 32, 0, 1);
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(bench.path(name), bytes).unwrap();
    write("svc.pmap", map_bytes(2, Some("svc-map"), &ten, Some(&["internal", "external net"])));
    write("plain.pmap", map_bytes(2, None, &ten, Some(&["in", "out"])));
    let echo = block(u128::from(1u32 << 16 | 2048), 24, 32, 1, 0);
    write("ports.pmap", map_bytes(3, Some("ports"), &echo, Some(&["UNKNOWN", "ICMP/echo"])));
    write("types.pmap", map_bytes(2, None, &block(10 << 24, 8, 32, 1, 2), Some(&["", "", ""])));
    let code = |letters: &[u8; 2]| u32::from(u16::from_be_bytes(*letters));
    write("cc.pmap", map_bytes(1, None, &block(192 << 24, 8, 32, code(b"de"), code(b"--")), None));
    let pmap = |name: &str| format!("--pmap-file={}", bench.path(name).display());

    let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let found =
        lines(bench.text(&format!("{} --fields=sip,src-svc-map,dst-svc-map --delimited", pmap("svc.pmap"))));
    assert_eq!(found[0], "sIP|src-svc-map|dst-svc-map");
    assert_eq!(found[4], "10.2.1.0|internal|external net");
    assert_eq!(found[8], "2001:db8::1|UNKNOWN|UNKNOWN");
    // A column is as wide as the longest label, and cuts its title.
    let padded =
        lines(bench.text(&format!("{} --fields=src-svc-map,protocol --num-recs=1", pmap("svc.pmap"))));
    assert_eq!(padded, [" src-svc-map|pro|", "    internal|  6|"]);
    let narrow = format!("{} --pmap-column-width=6 --fields=src-svc-map --num-recs=1", pmap("svc.pmap"));
    assert_eq!(lines(bench.text(&narrow)), ["src-sv|", "internal|"]);

    let unnamed = format!("{} --fields=sval,dval --delimited --num-recs=1", pmap("plain.pmap"));
    assert_eq!(lines(bench.text(&unnamed)), ["sval|dval", "in|out"]);
    let named =
        format!("--pmap-file=net:{} --fields=dst-net --delimited", bench.path("plain.pmap").display());
    assert_eq!(lines(bench.text(&named))[1], "out");
    let ports =
        format!("{} --fields=sport,dport,protocol,src-ports,dst-ports --delimited", pmap("ports.pmap"));
    assert_eq!(lines(bench.text(&ports))[6], "0|2048|1|UNKNOWN|ICMP/echo");

    let setup = bench
        .setup
        .clone()
        .with_variable("SILK_ADDRESS_TYPES", bench.path("types.pmap"))
        .with_variable("SILK_COUNTRY_CODES", bench.path("cc.pmap"));
    let with_maps = Bench { dir: bench.dir, setup };
    let fields = lines(with_maps.text("--fields=stype,dtype,scc,dcc"));
    assert_eq!(fields[0], "s|d|scc|dcc|");
    assert_eq!(fields[1], "1|2| --| de|");
    assert_eq!(fields[8], "4294967295|4294967295| ??| ??|");
    let svc = with_maps.path("svc.pmap");
    let all = format!("--pmap-file={} --all-fields --delimited", svc.display());
    let all = lines(with_maps.text(&all));
    assert!(all[0].ends_with("|iType|iCode|sType|dType|scc|dcc|src-svc-map|dst-svc-map"), "{}", all[0]);
}

#[test]
fn address_forms() {
    let bench = Bench::new();
    let first = |switches: &str| {
        bench.text(&format!("--fields=sip --no-titles --num-recs=1 --start-rec-num=7 {switches}"))
    };
    assert_eq!(first("--integer-ips"), format!("{:>39}|\n", 3_405_803_781u32));
    assert_eq!(first("--zero-pad-ips --delimited"), "203.000.113.005\n");
    assert_eq!(first("--ip-format=hexadecimal"), format!("{:>32}|\n", "cb007105"));
    assert_eq!(first("--ip-format=force-ipv6 --delimited"), "::ffff:cb00:7105\n");
    assert_eq!(first("--ip-format=decimal --ipv6-policy=ignore"), "3405803781|\n");
}
