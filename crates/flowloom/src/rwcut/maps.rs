//! The prefix maps behind the fields `src-NAME`, `dst-NAME`, `sType`, `dType`, `scc` and `dcc` (semantics 8.2).

use std::ffi::OsString;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use silk_format::{MapKey, PrefixMap};

use super::Setup;
use super::text::Text;
use crate::source::{OpenOptions, open_input};

/// What `--pmap-file` gives: `NAME:PATH` or `PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MapSwitch {
    name: Option<String>,
    path: PathBuf,
}

impl MapSwitch {
    pub(crate) fn parse(value: &OsString) -> Result<Self, String> {
        let text = value.to_string_lossy();
        let Some((name, path)) = text.split_once(':') else {
            return Ok(Self { name: None, path: value.into() });
        };
        if name.is_empty() || name.contains(',') {
            return Err(format!("'{text}': the name of a map is not empty and has no comma"));
        }
        Ok(Self { name: Some(name.to_owned()), path: path.into() })
    }
}

/// Variables that name the maps of address types and countries, and the files in SiLK's share directories.
const ENVIRONMENT: [(&str, &str); 2] =
    [("SILK_ADDRESS_TYPES", "address_types.pmap"), ("SILK_COUNTRY_CODES", "country_codes.pmap")];

/// The maps of a run.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    /// In the order of `--pmap-file`, each with the name that its fields carry.
    pub(crate) given: Vec<(Option<String>, PrefixMap)>,
    address_types: Option<PrefixMap>,
    countries: Option<PrefixMap>,
}

impl Maps {
    /// Loads the maps given.
    pub(crate) fn load(switches: &[MapSwitch], setup: &Setup) -> Result<Self, String> {
        let mut maps = Self::default();
        for switch in switches {
            let map = read(&switch.path, setup)?;
            let name =
                switch.name.clone().or_else(|| map.name().filter(|n| !n.is_empty()).map(str::to_owned));
            maps.given.push((name, map));
        }
        Ok(maps)
    }

    /// Loads the maps of address types and countries, if the files are there.
    pub(crate) fn load_environment(&mut self, setup: &Setup) -> Result<(), String> {
        let load = |(variable, file)| find(setup, variable, file).map(|path| read(&path, setup)).transpose();
        let [address_types, countries] = ENVIRONMENT;
        self.address_types = load(address_types)?;
        self.countries = load(countries)?;
        Ok(())
    }

    /// Whether there is a map of address types.
    pub(crate) fn has_address_types(&self) -> bool {
        self.address_types.is_some()
    }

    /// Whether there is a map of countries.
    pub(crate) fn has_countries(&self) -> bool {
        self.countries.is_some()
    }

    /// The width of the fields of a map: its longest text.
    pub(crate) fn width(&self, map: usize) -> usize {
        match self.given.get(map) {
            Some((_, map)) if map.is_country_map() => 2,
            Some((_, map)) => map.labels().map(<[u8]>::len).max().unwrap_or(0),
            None => 0,
        }
    }

    /// Appends the label of an address, or of protocol and port.
    pub(crate) fn write_label(&self, out: &mut Text, map: usize, address: IpAddr, protocol: u8, port: u16) {
        let Some((_, map)) = self.given.get(map) else { return };
        let value = match map.key() {
            MapKey::ProtocolPort => map.lookup_protocol_port(protocol, port),
            MapKey::Ipv4 | MapKey::Ipv6 => map.lookup(address),
        };
        out.extend(&map.text(value));
    }

    /// Appends the number of the address type; 4294967295 where an IPv4 map is asked for IPv6.
    pub(crate) fn write_address_type(&self, out: &mut Text, address: IpAddr) {
        let value = self.address_types.as_ref().and_then(|map| map.lookup(address));
        out.number(value.unwrap_or(u32::MAX).into());
    }

    /// Appends the country's two letters.
    pub(crate) fn write_country(&self, out: &mut Text, address: IpAddr) {
        if let Some(map) = &self.countries {
            out.extend(&map.text(map.lookup(address)));
        }
    }
}

/// The address of a record of this family.
pub(crate) fn ip(address: &[u8; 16], is_ipv6: bool) -> IpAddr {
    let wide = Ipv6Addr::from(*address);
    match wide.to_ipv4_mapped() {
        Some(narrow) if !is_ipv6 => IpAddr::V4(narrow),
        _ if is_ipv6 => IpAddr::V6(wide),
        _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

fn read(path: &Path, setup: &Setup) -> Result<PrefixMap, String> {
    let options = OpenOptions::default().with_map(setup.map);
    let mut input = open_input(path, options).map_err(|e| e.to_string())?;
    let parsed = match input.as_slice() {
        Some(bytes) => PrefixMap::parse(bytes),
        None => {
            let limit = silk_format::Limits::default().payload_bytes as u64;
            let mut bytes = Vec::new();
            let read = input.by_ref().take(limit).read_to_end(&mut bytes);
            read.map_err(|e| format!("{}: {e}", path.display()))?;
            PrefixMap::parse(&bytes)
        }
    };
    parsed.map_err(|e| format!("{}: {e}", path.display()))
}

/// All files that [`Maps::load`] and [`Maps::load_environment`] may read.
pub(super) fn files(switches: &[MapSwitch], setup: &Setup) -> Vec<PathBuf> {
    let found = ENVIRONMENT.iter().filter_map(|(variable, file)| find(setup, variable, file));
    switches.iter().map(|switch| switch.path.clone()).chain(found).collect()
}

/// The file that the variable names, or the one of SiLK's share directories; `None` if it does not exist.
fn find(setup: &Setup, variable: &str, file: &str) -> Option<PathBuf> {
    let named = setup.variable(variable).map(PathBuf::from);
    let share = setup.variable("SILK_PATH").map(|path| Path::new(path).join("share"));
    let shared = share.into_iter().flat_map(|share| [share.join("silk").join(file), share.join(file)]);
    let candidates = if named.is_some() { named.into_iter().collect() } else { shared.collect::<Vec<_>>() };
    candidates.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switch_forms() {
        let parse = |text: &str| MapSwitch::parse(&text.into()).map(|s| (s.name, s.path));
        assert_eq!(parse("a.pmap"), Ok((None, "a.pmap".into())));
        assert_eq!(parse("svc:dir/a.pmap"), Ok((Some("svc".into()), "dir/a.pmap".into())));
        assert!(parse(":a.pmap").is_err());
        assert!(parse("a,b:a.pmap").is_err());
    }
}
