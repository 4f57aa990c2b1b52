//! The two files of a report, written so that nobody ever sees half of one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::page::{ReportData, Style, page};

/// Where a report was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The page, `report.html`.
    pub page: PathBuf,
    /// The numbers, `summary.json`.
    pub summary: PathBuf,
}

/// Writes `summary.json` and `report.html` into a folder, which is made if it does not exist. Each file is written
/// under a temporary name beside its own and then renamed, so a reader finds the old one or the new one, whole.
///
/// # Errors
/// `Io`: the folder or a file cannot be made, written or renamed; no temporary file stays behind.
pub fn write_report(dir: impl AsRef<Path>, data: &ReportData, style: Style) -> Result<Written> {
    let dir = dir.as_ref();
    fs::create_dir_all(dir).map_err(|source| Error::io("make the folder", dir, source))?;
    let summary = write_whole(dir, "summary.json", &data.summary.to_json())?;
    let page = write_whole(dir, "report.html", &page(data, style))?;
    Ok(Written { page, summary })
}

fn write_whole(dir: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".flow-report-").suffix(".tmp");
    #[cfg(unix)]
    {
        // As for any new file, the umask decides; a temporary file would be the owner's alone.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(dir).map_err(|source| Error::io("write into", dir, source))?;
    file.write_all(text.as_bytes()).map_err(|source| Error::io("write", &path, source))?;
    file.persist(&path).map_err(|failed| Error::io("rename to", &path, failed.error))?;
    Ok(path)
}
