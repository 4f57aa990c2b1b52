//! What a job reads: the files that were named, or the hour files of a repository.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flow_frame::{Anchors, Instant, TimeSpec, Window};
use silk_format::repository::{Selected, Selector};
use silk_format::silk_time::{Precision, SilkTime, print};
use silk_format::{Repository, SiteConfig};

use crate::args::{InputArgs, RepositoryArgs};
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::pump::Listener;
use crate::ring::{Follow, Ring, RingListener};
use crate::site;
use crate::source::InputSource;

/// The inputs of a job, in the order in which they are read.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// At least one; `-` is standard input. Of a ring the files that are still written, with which its data ends.
    pub(crate) paths: Vec<PathBuf>,
    /// The ring that is read instead.
    pub(crate) ring: Option<Ring>,
    /// The names of sensors, classes and types.
    pub(crate) site: Option<Arc<SiteConfig>>,
}

impl Inputs {
    /// What the job reads.
    pub(crate) fn source(&self) -> &dyn InputSource {
        match &self.ring {
            Some(ring) => ring,
            None => &self.paths,
        }
    }

    /// Of a ring only the files of a window, and what is written from now on if it is followed.
    pub(crate) fn within(mut self, window: Option<Window>, follow: Option<Follow>) -> Self {
        self.ring = self.ring.map(|ring| ring.with_window(window).with_follow(follow));
        self
    }

    /// Does a job whose listener is the console.
    pub(crate) fn told<T>(
        &self,
        console: &mut Console,
        job: impl FnOnce(&mut dyn Listener) -> Result<T>,
    ) -> Result<T> {
        let Some(ring) = &self.ring else { return job(console) };
        let mut listener = RingListener::new(console, ring);
        let done = job(&mut listener);
        listener.finish();
        done
    }
}

/// How many missing files `-v` names.
const NAMED: usize = 20;

/// The files that the arguments mean. `now` decides which hours a repository is read for.
pub(crate) fn resolve(args: &InputArgs, now: Instant, console: &Console) -> Result<Inputs> {
    let named = args.site_config_file.as_deref();
    if let Some(folder) = &args.ring.ring {
        is_folder(folder)?;
        let ring = Ring::new(folder).with_template(args.ring.ring_name.clone());
        return Ok(Inputs { paths: ring.live()?, ring: Some(ring), site: site::load(named)? });
    }
    let Some(root) = &args.repository.repository else {
        if let Some(flag) = args.repository.any_selection() {
            return Err(Error::usage(format!(
                "{flag} selects hour files of a repository: name it with --repository"
            )));
        }
        return Ok(Inputs { paths: args.inputs.clone(), ring: None, site: site::load(named)? });
    };
    is_folder(root)?;
    let site = site::load_for(root, named)?.ok_or_else(|| {
        let file = root.join("silk.conf");
        Error::usage(format!(
            "{} is missing: name the site configuration with --site-config-file",
            file.display()
        ))
    })?;
    let selected = Repository::new(root, Arc::clone(&site)).select(&selector(&args.repository, now)?)?;
    selected.warnings().iter().for_each(|warning| console.note(warning));
    Ok(Inputs { paths: present(root, &selected, &site, console)?, ring: None, site: Some(site) })
}

fn is_folder(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(facts) if facts.is_dir() => Ok(()),
        Ok(_) => Err(Error::file("read", path)(io::ErrorKind::NotADirectory.into())),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

fn selector(args: &RepositoryArgs, now: Instant) -> Result<Selector> {
    let mut selector = Selector::new(whole_ms(now));
    let time = |flag, text: &Option<String>| text.as_deref().map(|text| time(flag, text, now)).transpose();
    selector.start = time("--start", &args.start)?;
    selector.end = time("--end", &args.end)?;
    selector.class.clone_from(&args.class);
    selector.types.clone_from(&args.types);
    selector.flowtypes.clone_from(&args.flowtypes);
    selector.sensors.clone_from(&args.sensor);
    Ok(selector)
}

fn whole_ms(instant: Instant) -> i64 {
    instant.ns().div_euclid(1_000_000).clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// A time as SiLK's switches take it, else as `--window` does.
fn time(flag: &str, text: &str, now: Instant) -> Result<SilkTime> {
    let silk = match text.parse::<SilkTime>() {
        Ok(time) => return Ok(time),
        Err(error) => error,
    };
    let anchors = Anchors { now: Some(now), end: None };
    match TimeSpec::parse(text).and_then(|spec| spec.resolve(anchors)) {
        Ok(instant) => Ok(SilkTime::from_ms(whole_ms(instant))),
        Err(_) if text.contains('/') => Err(Error::usage(format!("{flag} {text}: {silk}"))),
        Err(own) => Err(Error::usage(format!("{flag}: {own}; a day alone is written YYYY/MM/DD"))),
    }
}

/// The files that are there.
fn present(root: &Path, selected: &Selected, site: &SiteConfig, console: &Console) -> Result<Vec<PathBuf>> {
    let (mut paths, mut missing) = (Vec::new(), 0u64);
    for file in selected {
        if file.present {
            paths.push(file.path);
            continue;
        }
        missing += 1;
        if missing <= NAMED as u64 {
            console.detail(&format!("missing: {}", file.path.display()));
        }
    }
    let candidates = selected.candidates();
    let wanted = wanted(selected, site);
    console.detail(&format!(
        "{}: {} files found, {missing} of {candidates} missing: {wanted}",
        root.display(),
        paths.len()
    ));
    if paths.is_empty() {
        return Err(ErrorKind::NoHourFiles { root: root.to_owned(), candidates, wanted }.into());
    }
    Ok(paths)
}

/// The selection in words.
fn wanted(selected: &Selected, site: &SiteConfig) -> String {
    let hours = selected.hours();
    let hour = |ms| print(ms, Precision::Hour, ':');
    let flowtypes = selected.scope().iter().filter_map(|scope| site.flowtype(scope.flowtype));
    let names: Vec<String> = flowtypes.map(|of| format!("{}/{}", of.class, of.name)).collect();
    format!("hours {} to {}, {}", hour(hours.first_ms), hour(hours.last_ms), names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_texts_of_time() {
        let now = Instant::parse("2016-09-29T13:37:19.625972Z").unwrap();
        for (text, expected) in [
            ("2016/09/29", "2016/09/29"),
            ("2016/09/29:12", "2016/09/29T12"),
            ("2016/9/29T12:37", "2016/09/29T12:37"),
            ("1475155339", "1475155339"),
            ("@1475155339.5", "1475155339.500"),
            ("2016-09-29 13:22:19", "1475155339.000"),
            ("2016-09-29T15:22:19+02:00", "1475155339.000"),
            ("now", "1475156239.625"),
            ("-1h", "1475152639.625"),
        ] {
            assert_eq!(time("--start", text, now).unwrap().to_string(), expected, "{text}");
        }
        for (text, reason) in [
            ("2016/09/31", "--start 2016/09/31: Day value (31) out of range: use 1 <= day <= 30"),
            ("2016-09-29", "a day alone is written YYYY/MM/DD"),
            ("end", "relative to the end of the data makes no sense here"),
            ("yesterday", "expected a date"),
        ] {
            let error = time("--start", text, now).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
