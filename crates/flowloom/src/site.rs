//! Finding and reading the site configuration, `silk.conf`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silk_format::SiteConfig;

use crate::error::{Error, Result};

/// Reads the site configuration where SiLK's own tools look for it: the named file; else `$SILK_CONFIG_FILE`; else
/// `silk.conf` in `$SILK_DATA_ROOTDIR`; else in `$SILK_PATH/share/silk` and `$SILK_PATH/share`. Only the last three
/// need not exist; without any there are no names.
///
/// # Errors
/// `Io` if a named file cannot be read; `Malformed` if it is no site configuration, with all that is wrong in it.
pub fn load(named: Option<&Path>) -> Result<Option<Arc<SiteConfig>>> {
    load_with(named, None, |name| std::env::var_os(name))
}

/// As [`load`], for the repository below `root`, which takes the place of `$SILK_DATA_ROOTDIR`.
///
/// # Errors
/// As [`load`].
pub fn load_for(root: &Path, named: Option<&Path>) -> Result<Option<Arc<SiteConfig>>> {
    load_with(named, Some(root), |name| std::env::var_os(name))
}

/// The file that [`load`] or [`load_for`] reads.
pub(crate) fn path(named: Option<&Path>, root: Option<&Path>) -> Option<PathBuf> {
    path_with(named, root, |name| std::env::var_os(name))
}

fn load_with(
    named: Option<&Path>,
    root: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Arc<SiteConfig>>> {
    path_with(named, root, variable).map(|path| parse(&path).map(Arc::new)).transpose()
}

fn path_with(
    named: Option<&Path>,
    root: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let must = named.map(Path::to_owned).or_else(|| set("SILK_CONFIG_FILE"));
    let may = || {
        let root = root.map(Path::to_owned).or_else(|| set("SILK_DATA_ROOTDIR"));
        let root = root.map(|root| root.join("silk.conf"));
        let shared = set("SILK_PATH").map(|path| path.join("share"));
        let shared =
            shared.into_iter().flat_map(|share| [share.join("silk/silk.conf"), share.join("silk.conf")]);
        root.into_iter().chain(shared).find(|path| path.is_file())
    };
    must.or_else(may)
}

fn parse(path: &Path) -> Result<SiteConfig> {
    let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
    // SiLK resolves includes against the current directory.
    let mut include = |name: &str| -> io::Result<Vec<u8>> { std::fs::read(name) };
    SiteConfig::parse_with(&path.to_string_lossy(), &bytes, &mut include).map_err(Error::site)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_silks() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, sensor: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("version 2\nsensor 0 {sensor}\n")).unwrap();
            path
        };
        let named = write("named.conf", "NAMED");
        let config = write("config.conf", "CONFIG");
        write("root/silk.conf", "ROOT");
        write("path/share/silk.conf", "SHARE");
        write("other/silk.conf", "OTHER");
        let other = dir.path().join("other");
        let name_in = |root: Option<&Path>, named: Option<&Path>, variables: &[(&str, PathBuf)]| {
            let variable = |wanted: &str| {
                Some(variables.iter().find(|(name, _)| *name == wanted)?.1.clone().into_os_string())
            };
            let site = load_with(named, root, variable).unwrap();
            site.and_then(|site| site.sensor_name(0).map(str::to_owned))
        };
        let name = |named: Option<&Path>, variables: &[(&str, PathBuf)]| name_in(None, named, variables);
        let all = [
            ("SILK_CONFIG_FILE", config),
            ("SILK_DATA_ROOTDIR", dir.path().join("root")),
            ("SILK_PATH", dir.path().join("path")),
        ];
        assert_eq!(name(Some(&named), &all).as_deref(), Some("NAMED"));
        assert_eq!(name(None, &all).as_deref(), Some("CONFIG"));
        assert_eq!(name(None, &all[1..]).as_deref(), Some("ROOT"));
        assert_eq!(name(None, &all[2..]).as_deref(), Some("SHARE"));
        assert_eq!(name(None, &[]), None);
        // A repository that was named stands in the place of the variable.
        assert_eq!(name_in(Some(&other), Some(&named), &all).as_deref(), Some("NAMED"));
        assert_eq!(name_in(Some(&other), None, &all).as_deref(), Some("CONFIG"));
        assert_eq!(name_in(Some(&other), None, &all[1..]).as_deref(), Some("OTHER"));
        assert_eq!(name_in(Some(dir.path()), None, &all[1..]).as_deref(), Some("SHARE"));
        assert!(load_with(None, None, |_| Some("/nonexistent/silk.conf".into())).is_err());
    }
}
