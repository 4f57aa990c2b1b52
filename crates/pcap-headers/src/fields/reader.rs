//! The wanted fields of packet after packet.

use std::ops::ControlFlow;

use super::table::{Field, FieldTable, Source};
use super::text::Format;
use super::value::FieldValue;
use super::{FrameTimes, Reassembler};
use crate::error::{ErrorKind, Result};
use crate::layers::{Ipv4, Ipv6, Kind, Layer};
use crate::packet::Packet;
use crate::walk::Walk;

/// How often datagrams put together from fragments may hold fragments themselves.
const MAX_DATAGRAMS: u32 = 4;

/// Which of several values of a field are kept: a packet in a tunnel has two addresses, the outer one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occurrence {
    /// The outermost; the walk ends as soon as every field has one.
    First,
    /// The innermost.
    Last,
    /// All of them.
    All,
}

type Getter = fn(&Layer<'_>) -> Option<FieldValue>;

/// Reads the values of a set of fields from the packets of one file, in their order.
///
/// # Cost
///
/// No allocation per packet once its buffers have grown, but for fragments.
#[derive(Debug)]
pub struct Fields {
    columns: Vec<&'static Field>,
    occurrence: Occurrence,
    /// By the number of a kind: columns with values in such layers.
    by_kind: Vec<Vec<(usize, Getter)>>,
    names_column: Option<usize>,
    values: Vec<Vec<FieldValue>>,
    times: FrameTimes,
    reassembler: Reassembler,
}

impl Fields {
    /// Fields by their names; a column each.
    ///
    /// # Errors
    ///
    /// A usage error for a name that [`FieldTable`] does not hold.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>, occurrence: Occurrence) -> Result<Self> {
        let find = |name| {
            FieldTable::find(name).ok_or_else(|| ErrorKind::Usage(format!("no field is named {name}")).into())
        };
        let columns: Vec<_> = names.into_iter().map(find).collect::<Result<_>>()?;
        let mut by_kind = vec![Vec::new(); Kind::ALL.len()];
        for (column, field) in columns.iter().enumerate() {
            if let Source::Layers(kinds, get) = field.source {
                kinds.iter().for_each(|kind| by_kind[*kind as usize].push((column, get)));
            }
        }
        Ok(Self {
            names_column: columns.iter().position(|field| field.format == Format::Names),
            values: vec![Vec::new(); columns.len()],
            columns,
            occurrence,
            by_kind,
            times: FrameTimes::default(),
            reassembler: Reassembler::default(),
        })
    }

    /// The fields, in the order of the columns.
    #[must_use]
    pub fn columns(&self) -> &[&'static Field] {
        &self.columns
    }

    /// Takes the next packet of the file; its values replace those of the one before.
    pub fn read(&mut self, packet: &Packet<'_>) {
        self.values.iter_mut().for_each(Vec::clear);
        self.times.advance(packet);
        for (field, values) in self.columns.iter().zip(&mut self.values) {
            if let Source::Frame(get) = field.source {
                values.extend(get(packet, &self.times));
            }
        }
        let mut collect = Collect {
            by_kind: &self.by_kind,
            occurrence: self.occurrence,
            names_column: self.names_column,
            missing: self.columns.iter().filter(|field| matches!(field.source, Source::Layers(..))).count(),
            values: &mut self.values,
        };
        if collect.missing > 0 || self.names_column.is_some() {
            let _: ControlFlow<()> =
                visit(Walk::new(packet), &mut self.reassembler, MAX_DATAGRAMS, &mut |layer| {
                    collect.layer(layer)
                });
        }
    }

    /// The values of a column, outermost first; one at most unless [`Occurrence::All`] or the names of layers are wanted.
    #[must_use]
    pub fn values(&self, column: usize) -> &[FieldValue] {
        self.values.get(column).map_or(&[], Vec::as_slice)
    }

    /// The first value of a column.
    #[must_use]
    pub fn value(&self, column: usize) -> Option<FieldValue> {
        self.values(column).first().copied()
    }

    /// Appends the text of a column, several values with `aggregator` between them; nothing if there is no value.
    pub fn write(&self, column: usize, aggregator: &str, out: &mut Vec<u8>) {
        let Some(field) = self.columns.get(column) else { return };
        let separator = if field.format == Format::Names { ":" } else { aggregator };
        for (place, value) in self.values(column).iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(separator.as_bytes());
            }
            field.write(*value, out);
        }
    }
}

struct Collect<'r> {
    by_kind: &'r [Vec<(usize, Getter)>],
    occurrence: Occurrence,
    names_column: Option<usize>,
    /// Columns of which a value in a layer is still missing.
    missing: usize,
    values: &'r mut [Vec<FieldValue>],
}

impl Collect<'_> {
    fn layer(&mut self, layer: &Layer<'_>) -> ControlFlow<()> {
        for &(column, get) in &self.by_kind[layer.kind as usize] {
            let values = &mut self.values[column];
            if self.occurrence == Occurrence::First && !values.is_empty() {
                continue;
            }
            let Some(value) = get(layer) else { continue };
            self.missing -= usize::from(values.is_empty());
            if self.occurrence == Occurrence::Last {
                values.clear();
            }
            values.push(value);
        }
        if let Some(column) = self.names_column {
            let names = [layer.kind.name(), if layer.is_ether_typed { "ethertype" } else { "" }];
            let names = names.into_iter().filter(|name| !name.is_empty());
            self.values[column].extend(names.map(FieldValue::Name));
            return ControlFlow::Continue(());
        }
        match (self.missing, self.occurrence) {
            (0, Occurrence::First) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Shows every layer, those of completed datagrams behind the fragment that completes them.
fn visit(
    walk: Walk<'_>,
    reassembler: &mut Reassembler,
    datagrams_left: u32,
    show: &mut impl FnMut(&Layer<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut addresses = None;
    for layer in walk {
        show(&layer)?;
        match layer.kind {
            Kind::Ipv6 => addresses = ipv6_addresses(&layer),
            Kind::Ipv4 | Kind::Ipv6Fragment => {}
            _ => continue,
        }
        let Some(fragment) = layer.fragment().filter(|_| datagrams_left > 0) else { continue };
        let identity = if layer.kind == Kind::Ipv4 { ipv4_addresses(&layer) } else { addresses };
        let Some((source, destination)) = identity else { continue };
        if let Some(datagram) = reassembler.add(source, destination, &fragment) {
            visit(Walk::datagram(fragment.protocol, &datagram), reassembler, datagrams_left - 1, show)?;
        }
    }
    ControlFlow::Continue(())
}

fn ipv6_addresses(layer: &Layer<'_>) -> Option<([u8; 16], [u8; 16])> {
    let header = Ipv6::from_prefix(layer.span.bytes());
    header.source().zip(header.destination())
}

fn ipv4_addresses(layer: &Layer<'_>) -> Option<([u8; 16], [u8; 16])> {
    let header = Ipv4::from_prefix(layer.span.bytes());
    let padded = |address: [u8; 4]| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&address);
        bytes
    };
    Some((padded(header.source()?), padded(header.destination()?)))
}
