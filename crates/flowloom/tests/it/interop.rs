//! Our Parquet and Arrow files as others read them: pyarrow, DuckDB and polars, in the Python environment `.venv` that
//! `scripts/test` makes. What they read must add up to what SiLK's own rwcut printed for the same file.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{ok, query, reference_rows};

/// Reads one file with three engines and prints, for each, a line of facts.
const SCRIPT: &str = r#"
import sys
import duckdb, polars, pyarrow.ipc, pyarrow.parquet

def facts(engine, rows, nbytes, packets, sources, largest, first):
    print(engine, rows, nbytes, packets, sources, largest, first)

def from_polars(engine, frame):
    largest = frame.group_by("sip").agg(polars.col("bytes").sum()).sort(["bytes", "sip"], descending=[True, False])
    first = frame["stime"].min()
    facts(engine, frame.height, frame["bytes"].sum(), frame["packets"].sum(), frame["sip"].n_unique(),
          largest["sip"][0], int(first.timestamp() * 1000))

path = sys.argv[1]
arrow = path.endswith(".arrow")
flows = pyarrow.ipc.open_file(path).read_all() if arrow else pyarrow.parquet.read_table(path)
from_polars("pyarrow", polars.from_arrow(flows))
from_polars("polars", polars.read_ipc(path) if arrow else polars.read_parquet(path))
source = "flows" if arrow else f"'{path}'"
query = f"select count(*), sum(bytes), sum(packets), count(distinct sip), epoch_ms(min(stime)) from {source}"
rows, nbytes, packets, sources, first = duckdb.sql(query).fetchall()[0]
largest = duckdb.sql(f"select sip from {source} group by sip order by sum(bytes) desc, sip limit 1").fetchall()[0][0]
facts("duckdb", rows, nbytes, packets, sources, largest, first)
"#;

/// The project's Python environment, if `scripts/test` made it.
fn python() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let usable = |path: &Path| {
        let import = ["-c", "import duckdb, polars, pyarrow"];
        Command::new(path).args(import).status().is_ok_and(|status| status.success())
    };
    (path.exists() && usable(&path)).then_some(path)
}

/// `rows bytes packets sources largest first`, from the text that rwcut printed.
fn reference() -> String {
    let rows = reference_rows("query/query.rwcut");
    let sum = |column: usize| rows.iter().map(|row| row[column].parse::<u64>().unwrap()).sum::<u64>();
    let mut by_source = std::collections::BTreeMap::<&str, u64>::new();
    for row in &rows {
        *by_source.entry(&row[0]).or_default() += row[6].parse::<u64>().unwrap();
    }
    let most = by_source.values().max().unwrap();
    let largest = by_source.iter().find(|(_, bytes)| *bytes == most).unwrap().0;
    let ms = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let first = rows.iter().map(|row| ms(&row[8])).min().unwrap();
    format!("{} {} {} {} {largest} {first}", rows.len(), sum(6), sum(5), by_source.len())
}

#[test]
fn pyarrow_duckdb_and_polars_read_the_same_flows() {
    let Some(python) = python() else {
        println!("left out: no Python with pyarrow, duckdb and polars in .venv (scripts/test makes it)");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let expected = reference();
    for name in ["flows.parquet", "flows.arrow"] {
        let path = directory.path().join(name);
        ok(["convert", query().to_str().unwrap(), "-q", "-o", path.to_str().unwrap()]);
        let output = Command::new(&python).args(["-c", SCRIPT]).arg(&path).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let lines: Vec<_> = text.lines().collect();
        let wanted: Vec<_> =
            ["pyarrow", "polars", "duckdb"].iter().map(|engine| format!("{engine} {expected}")).collect();
        assert_eq!(lines, wanted, "{name}");
    }
}
