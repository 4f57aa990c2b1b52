//! The flags of `fetch`.

use std::io;
use std::net::IpAddr;

use clap::{Args, Subcommand};
use flow_frame::{Anchors, Instant, TimeSpec};

use clap::builder::NonEmptyStringValueParser;

use super::address::{Side, address_switch};
use super::silk::SilkQuery;
use crate::error::Result;
use crate::resolve::duration;

#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    #[command(subcommand)]
    pub(crate) what: FetchCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FetchCommand {
    /// Flows of a SiLK repository, through rwfilter on its host
    #[command(after_help = "\
Examples:
  flowloom fetch silk --print
  flowloom fetch silk --print --at '2016-09-29 13:37:19.625972' --redirect /tmp/query.rwf
  flowloom fetch silk --print --at -1h --hours 2 --active 30m --type in,inweb --protocol 6 --saddress www.example.org
  flowloom fetch silk --print --switch=--dport=53 --data-rootdir /flows --program /opt/silk/bin/rwfilter
  ssh collector \"$(flowloom fetch silk --print)\" > query.rwf")]
    Silk(FetchSilkArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FetchSilkArgs {
    /// Print the command for the other host instead of running it
    #[arg(long)]
    pub(crate) print: bool,
    /// The instant around which flows are wanted, as in --window; relative ones such as -1h to now
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    at: String,
    /// Hours of files before and after it
    #[arg(long, value_name = "N", default_value_t = 1)]
    hours: u32,
    /// How long before and after it flows are to be active: 90s, 15m, 1h
    #[arg(long, value_name = "SPAN", default_value = "15m")]
    active: String,
    /// Types of the class, separated by commas, or `all`
    #[arg(long = "type", value_name = "LIST", default_value = "all")]
    types: String,
    /// Protocols, separated by commas: numbers and ranges
    #[arg(long, value_name = "LIST", default_value = "0-255")]
    protocol: String,
    /// Only flows from this host: an address, a block, SiLK's wildcards (10.x.1-3.0), or a name, which this machine
    /// turns into all its addresses
    #[arg(long, value_name = "HOST")]
    saddress: Option<String>,
    /// Only flows to this host
    #[arg(long, value_name = "HOST")]
    daddress: Option<String>,
    /// Only flows from or to this host
    #[arg(long, value_name = "HOST")]
    any_address: Option<String>,
    /// A further switch of rwfilter, as it is: --switch=--dport=53; may be repeated
    #[arg(
        long = "switch",
        value_name = "SWITCH",
        allow_hyphen_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    switches: Vec<String>,
    /// The data root there; empty to leave the switch out
    #[arg(long, value_name = "DIR", default_value = "/data")]
    data_rootdir: String,
    /// The site configuration there; empty to leave the switch out [default: silk.conf in the data root]
    #[arg(long, value_name = "FILE")]
    site_config_file: Option<String>,
    /// Where rwfilter writes the flows
    #[arg(long, value_name = "FILE", default_value = "stdout")]
    pass: String,
    /// Let the shell there redirect standard output into this file
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    redirect: Option<String>,
    /// The program there
    #[arg(long, value_name = "NAME", default_value = "rwfilter", value_parser = NonEmptyStringValueParser::new())]
    program: String,
}

impl FetchSilkArgs {
    /// The instant of `--at`.
    pub(crate) fn at(&self, now: Instant) -> Result<Instant> {
        Ok(TimeSpec::parse(&self.at)?.resolve(Anchors { now: Some(now), end: None })?)
    }

    /// The query; `resolve` turns host names into addresses.
    pub(crate) fn query(&self, resolve: &dyn Fn(&str) -> io::Result<Vec<IpAddr>>) -> Result<SilkQuery> {
        let hosts = [
            (Side::Source, &self.saddress),
            (Side::Destination, &self.daddress),
            (Side::Any, &self.any_address),
        ];
        let mut switches = Vec::new();
        for (side, host) in hosts {
            if let Some(host) = host {
                switches.push(address_switch(side, host, resolve)?);
            }
        }
        switches.extend(self.switches.iter().cloned());
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let data_rootdir = given(&self.data_rootdir);
        let site_config_file = match &self.site_config_file {
            Some(file) => given(file),
            None => data_rootdir.as_ref().map(|root| format!("{}/silk.conf", root.trim_end_matches('/'))),
        };
        Ok(SilkQuery {
            program: self.program.clone(),
            hours: self.hours,
            active: duration("--active", &self.active)?,
            types: self.types.clone(),
            switches,
            protocol: self.protocol.clone(),
            site_config_file,
            data_rootdir,
            pass: self.pass.clone(),
            redirect: self.redirect.clone(),
        })
    }
}
