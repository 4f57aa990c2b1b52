//! Counts rows, bytes and the distinct sources of flow files: `cargo run --example count -- FILE…`

use flow_frame::{Error, Projection, Role, Scan, Talkers};

fn main() -> Result<(), Error> {
    let scan = Scan::default().with_columns(Projection::parse("sip,dip,packets,bytes")?);
    for path in std::env::args().skip(1) {
        let mut flows = flow_frame::open(&path, &scan)?;
        let mut talkers = Talkers::new();
        while let Some(batch) = flows.next_batch() {
            talkers.update(&batch?)?;
        }
        let read = flows.accounts().read;
        let sources = talkers.distinct(Role::Source);
        println!("{path}: {} flows of {} bytes from {sources} sources", read.rows, read.traffic);
    }
    Ok(())
}
