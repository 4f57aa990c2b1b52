//! What a run reads: files that were named, or the hour files of a repository; and which of their records.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flow_frame::predicate::{Predicate, Ranges};
use silk_format::{Repository, Selector, SiteConfig};

use super::switches::{Inputs, Job, Note};
use crate::output::Target;
use crate::rwcut::{Failure, Setup};
use crate::sandbox::Rules;

/// The inputs of a job.
pub(super) struct Found {
    pub(super) names: Vec<OsString>,
    pub(super) site: Option<Arc<SiteConfig>>,
    /// Which records of named files count (semantics 2.5).
    pub(super) records: Option<Predicate>,
}

/// Shuts a run in, whose outputs are open, and gives the files that are named; of a repository they are still to be found.
pub(super) fn shut_in(job: &Job, setup: &Setup, targets: &[&Target]) -> Result<Vec<OsString>, Failure> {
    let root = root(job, setup).filter(|_| job.inputs == Inputs::Repository);
    let rules = || {
        let notes = job.notes.iter().filter_map(|note| match note {
            Note::File(file) => Some(file),
            Note::Text(_) => None,
        });
        Rules::default()
            .site(job.site.as_deref(), root.as_deref())
            .read_below(&root)
            .read_names(job.partition.set_files())
            .read(notes)
            .name(targets.iter().copied())
    };
    let (files, xargs) = match &job.inputs {
        Inputs::Repository => {
            setup.sandbox.enter_tool(rules)?;
            return Ok(Vec::new());
        }
        Inputs::Files(files) => (files.as_slice(), None),
        Inputs::Xargs(list) => (&[][..], Some(list)),
        Inputs::Pipe(pipe) => (std::slice::from_ref(pipe), None),
    };
    crate::rwcut::shut_in(setup, files, xargs, rules)
}

/// Finds the inputs, and says which are missing if that is asked for. `files` are those that are named.
pub(super) fn find(
    files: Vec<OsString>,
    job: &Job,
    setup: &Setup,
    stderr: &mut dyn Write,
) -> Result<Found, Failure> {
    if job.inputs == Inputs::Repository {
        return repository(job, setup, stderr);
    }
    let site = crate::site::load(job.site.as_deref()).map_err(|e| e.to_string())?;
    Ok(Found { names: files, records: chosen(&job.selector, site.as_deref())?, site })
}

/// The repository's folder.
fn root(job: &Job, setup: &Setup) -> Option<PathBuf> {
    job.root.clone().or_else(|| setup.variable("SILK_DATA_ROOTDIR").map(PathBuf::from))
}

fn repository(job: &Job, setup: &Setup, stderr: &mut dyn Write) -> Result<Found, Failure> {
    let root = root(job, setup).ok_or_else(|| "no repository: name it with --data-rootdir".to_owned())?;
    if !root.is_dir() {
        return Err(format!("Invalid data-rootdir '{}': no such directory", root.display()).into());
    }
    let site = crate::site::load_for(&root, job.site.as_deref()).map_err(|e| e.to_string())?;
    let site = site.ok_or_else(|| no_site(Some(&root)))?;
    let mut selector = job.selector.clone();
    selector.now_ms = i64::try_from(crate::resolve::now().ns().div_euclid(1_000_000)).unwrap_or(i64::MAX);
    let repository = Repository::new(root, Arc::clone(&site));
    let selected = repository.select(&selector).map_err(|e| e.to_string())?;
    for warning in selected.warnings() {
        writeln!(stderr, "rwfilter: {warning}")?;
    }
    let mut names = Vec::new();
    for file in &selected {
        if file.present {
            names.push(file.path.into_os_string());
        } else if job.print_missing_files {
            writeln!(stderr, "Missing {}", file.path.display())?;
        }
    }
    Ok(Found { names, site: Some(site), records: None })
}

/// What class, type and sensor switches mean for the records of named files.
fn chosen(selector: &Selector, site: Option<&SiteConfig>) -> Result<Option<Predicate>, String> {
    let switches = [&selector.class, &selector.types, &selector.flowtypes, &selector.sensors];
    if switches.iter().all(|switch| switch.is_none()) {
        return Ok(None);
    }
    let filter = selector.record_filter(site.ok_or_else(|| no_site(None))?).map_err(|e| e.to_string())?;
    let flowtypes: Option<Ranges> =
        filter.flowtypes.map(|ids| ids.into_iter().map(|id| (id.into(), id.into())).collect());
    let sensors: Option<Ranges> =
        filter.sensors.map(|ids| ids.into_iter().map(|id| (id.into(), id.into())).collect());
    let tests = [("classtype_id", flowtypes), ("sensor_id", sensors)];
    let tests = tests.into_iter().filter_map(|(column, ids)| Some(Predicate::within(column, ids?)));
    let tests: Result<Vec<_>, _> = tests.collect();
    Ok(Some(Predicate::all(tests.map_err(|e| e.to_string())?)))
}

fn no_site(root: Option<&Path>) -> String {
    let missing = root.map(|root| format!("{} is missing: ", root.join("silk.conf").display()));
    format!("{}name the site configuration with --site-config-file", missing.unwrap_or_default())
}
