//! The page in a real browser, where one is installed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own helpers may fail it")]

mod common;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flow_report::{ReportData, Style, page};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// What the browser made of the page (its DOM as text), and what it had to say.
fn render(browser: &Path, data: &ReportData, style: Style) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("page.html"), page(data, style)).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", file("profile").display()))
        .arg(format!("file://{}", file("page.html").display()))
        .stdin(Stdio::null())
        .stdout(File::create(file("dom")).unwrap())
        .stderr(File::create(file("log")).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(90);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{} did not finish", browser.display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let read = |name| String::from_utf8_lossy(&std::fs::read(file(name)).unwrap()).into_owned();
    (read("dom"), read("log"))
}

#[test]
fn browser_shows_the_numbers_and_complains_of_nothing() {
    let Some(browser) = browser() else {
        println!("left out: none of {BROWSERS:?} is installed");
        return;
    };
    let Some(mut data) = common::report() else { return };
    let hostile =
        "</td><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
    data.summary.inputs.extend(std::iter::repeat_n(data.summary.inputs[0].clone(), 1));
    data.summary.inputs[1].path = hostile.to_owned();
    data.summary.notes.push(hostile.to_owned());
    for (style, texts) in [
        (Style::Rates, ["MiB per second", "packets per second", "mean "]),
        (Style::Article, ["KB/s, Kp/s", "KBps or KPps", "KBytes/s"]),
    ] {
        let (dom, log) = render(&browser, &data, style);
        assert!(dom.contains("</html>"), "no page:\n{log}");
        for text in ["182 MB in the wire", "1661 source IPs", "191,748,522", "167,028", "14,364,477", "8,908"]
        {
            assert!(dom.contains(text), "{style:?}: {text}");
        }
        for text in texts {
            assert!(dom.contains(text), "{style:?}: {text}");
        }
        assert!(dom.contains("<title>Network flows, 2016-09-29 13:22:19 – 13:52:18 UTC</title>"));
        for word in ["<script", "<img", "http://", "https://"] {
            let found = dom.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(word), "{style:?}: {word}");
        }
        // Chromium logs what a page does wrong, a refused load too, with the word CONSOLE.
        let complaints: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert_eq!(complaints, Vec::<&str>::new(), "{style:?}");
    }
}
