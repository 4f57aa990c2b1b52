use clap::Parser;

use super::*;
use crate::args::{Cli, Command};

/// The rules of a `convert` with these arguments.
fn rules(arguments: &[&str]) -> Vec<(String, Right)> {
    let cli = Cli::try_parse_from([&["flowloom", "convert"], arguments].concat()).unwrap();
    let Command::Convert(args) = cli.command else { panic!("another command") };
    let rules = Rules::inputs(&args.input).sets(&args.filter);
    rules.rules().iter().map(|rule| (rule.path.to_str().unwrap().to_owned(), rule.right)).collect()
}

#[test]
fn arguments_become_rules() {
    use Right::{Read, ReadBelow};
    let list = |rules: &[(&str, Right)]| -> Vec<_> {
        rules.iter().map(|(path, right)| ((*path).to_owned(), *right)).collect()
    };
    assert_eq!(rules(&["a.rw", "-", "dir/b.pcap"]), list(&[("a.rw", Read), ("dir/b.pcap", Read)]));
    assert_eq!(rules(&["--ring", "/nsm"]), list(&[("/nsm", ReadBelow)]));
    assert_eq!(
        rules(&["--repository", "/data", "--site-config-file", "my.conf"]),
        list(&[("/data", ReadBelow), ("my.conf", Read)])
    );
    assert_eq!(
        rules(&["a.rw", "--where", "sip in @x", "--set", "x=x.set", "--set", "y=-"]),
        list(&[("a.rw", Read), ("x.set", Read)])
    );
    let names = ["a", "-", "stdin"].map(std::ffi::OsString::from);
    assert_eq!(Rules::default().read_names(&names), Rules::default().read(["a"]));
    let zones = |variable: &str| Rules::default().zones(Some(OsStr::new(variable))).rules().len();
    assert_eq!(
        [zones("UTC0"), zones(":Europe/Zurich"), zones("/etc/zone"), zones(":/etc/zone")],
        [6, 6, 7, 7]
    );
}

#[test]
fn an_output_may_take_its_name_and_a_device_needs_no_right() {
    let dir = tempfile::tempdir().unwrap();
    let file = Target::create::<&Path>(&dir.path().join("out.csv"), &[]).unwrap();
    let rule = Rule { path: dir.path().canonicalize().unwrap(), right: Right::Rename };
    let rules = Rules::default().name([&file, &Target::stdout()]);
    let [only] = rules.rules() else { panic!("{rules:?}") };
    assert_eq!((only.path.canonicalize().unwrap(), only.right), (rule.path, rule.right));
    #[cfg(unix)]
    assert_eq!(
        Rules::default().name([&Target::create::<&Path>(Path::new("/dev/null"), &[]).unwrap()]),
        Rules::default()
    );
}

#[test]
fn what_is_not_covered_is_said() {
    assert_eq!(Entered::default().words(), "sandbox: only the named files, no network");
    let old = Entered { uncovered: vec!["TCP", "UDP"] };
    assert_eq!(old.words(), "sandbox: only the named files; this kernel cannot refuse TCP, UDP");
    let error = crate::error::Error::from(ErrorKind::Sandbox { reason: "none".to_owned() });
    assert_eq!((error.class(), error.next_step()), (flow_frame::Class::Unsupported, "run without --sandbox"));
}

/// What the kernel really refuses. Landlock restricts a thread, so each test shuts in one of its own.
#[cfg(target_os = "linux")]
mod enforced {
    use std::fs::{self, File};
    use std::io::{ErrorKind::PermissionDenied, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};

    use super::*;

    /// Runs it on a thread of its own; not at all where the kernel has no landlock, where `enter` must say so.
    fn alone(test: impl FnOnce() + Send) {
        let hard = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let has_landlock = hard.handle_access(AccessFs::from_all(ABI::V1)).is_ok();
        std::thread::scope(|scope| {
            let done = scope.spawn(|| match has_landlock {
                true => test(),
                false => {
                    let error = shut_in(Rules::default).unwrap_err();
                    assert_eq!(error.class(), flow_frame::Class::Unsupported);
                    println!("LEFT OUT: this kernel has no landlock");
                }
            });
            done.join().unwrap();
        });
    }

    fn shut_in(rules: impl FnOnce() -> Rules) -> Result<Entered> {
        Sandbox { is_wanted: true }.enter(rules)
    }

    fn denied<T>(result: std::io::Result<T>) -> bool {
        matches!(result, Err(error) if error.kind() == PermissionDenied)
    }

    #[test]
    fn only_the_named_file_is_read_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["named", "other"] {
            fs::write(path(name), name).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        TcpStream::connect(address).unwrap();
        alone(|| {
            let mut open = File::open(path("other")).unwrap();
            let entered = shut_in(|| Rules::default().read([path("named"), path("missing")])).unwrap();
            let refused = || {
                assert!(denied(fs::read(path("other"))) && denied(fs::read("/proc/self/environ")));
                assert!(denied(fs::read_dir(dir.path())) && denied(fs::read("/etc/passwd")));
                assert!(denied(File::create(path("new"))) && denied(fs::create_dir(path("dir"))));
                assert!(denied(File::options().write(true).open(path("named"))));
                assert!(denied(fs::remove_file(path("named"))));
                assert!(denied(fs::rename(path("named"), path("moved"))));
                assert!(denied(std::process::Command::new("/bin/true").status()));
                assert!(entered.uncovered.contains(&"TCP") || denied(TcpStream::connect(address)));
                assert!(entered.uncovered.contains(&"TCP") || denied(TcpListener::bind("127.0.0.1:0")));
            };
            refused();
            std::thread::spawn(|| assert!(denied(fs::read("/etc/passwd")))).join().unwrap();
            assert_eq!(fs::read(path("named")).unwrap(), b"named");
            // What is open stays so, and what is not there is said to be so.
            assert_eq!(open.read(&mut [0; 8]).unwrap(), 5);
            assert_eq!(fs::read(path("missing")).unwrap_err().kind(), std::io::ErrorKind::NotFound);
        });
    }

    #[test]
    fn an_output_gets_its_name_and_its_neighbours_are_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (out, other) = (dir.path().join("out"), dir.path().join("below/other"));
        fs::create_dir(dir.path().join("below")).unwrap();
        fs::write(&other, "other").unwrap();
        fs::write(&out, "old").unwrap();
        alone(|| {
            let mut target = Target::create::<&Path>(&out, &[]).unwrap();
            let dropped = Target::create::<&Path>(&out, &[]).unwrap();
            shut_in(|| Rules::default().name([&target])).unwrap();
            for path in [&out, &other] {
                assert!(denied(fs::read(path)) && denied(File::options().write(true).open(path)));
            }
            // The right to give a name is also one to make an empty file, but not to write into it.
            assert!(denied(File::create(dir.path().join("new"))));
            assert_eq!(dir.path().join("new").metadata().unwrap().len(), 0);
            target.write_all(b"written").unwrap();
            target.commit().unwrap();
            drop(dropped);
            for path in [&out, &other, &dir.path().join("new")] {
                assert!(path.exists());
            }
        });
        let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(!names.into_iter().any(|name| name.to_str().unwrap().ends_with(".tmp")));
        let written = fs::read(&out).unwrap();
        assert!(written == b"written" || !dir.path().join("new").exists(), "{written:?}");
    }

    #[test]
    fn a_second_sandbox_narrows_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let (named, other) = (dir.path().join("named"), dir.path().join("other"));
        fs::write(&named, "named").unwrap();
        fs::write(&other, "other").unwrap();
        alone(|| {
            shut_in(|| Rules::default().read_below(["/"])).unwrap();
            assert_eq!(fs::read(&other).unwrap(), b"other");
            shut_in(|| Rules::default().read([&named])).unwrap();
            assert!(denied(fs::read(&other)));
            assert_eq!(fs::read(&named).unwrap(), b"named");
            shut_in(|| Rules::default().read([&other])).unwrap();
            assert!(denied(fs::read(&named)) && denied(fs::read(&other)));
        });
    }
}
