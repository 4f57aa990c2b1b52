//! The wanted fields of packet after packet.

use std::ops::ControlFlow;

use super::table::{Field, FieldTable, Source};
use super::text::Format;
use super::value::FieldValue;
use super::visit::{MAX_DATAGRAMS, Shown, visit};
use super::{FrameTimes, Reassembler};
use crate::error::{ErrorKind, Result};
use crate::layers::{Kind, Layer};
use crate::packet::Packet;
use crate::walk::Walk;

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

/// Puts a value in its place: it would cost a fifth of all time to return it and copy it there.
type Getter = fn(&Layer<'_>, &mut Option<FieldValue>);

type FrameGetter = fn(&Packet<'_>, &FrameTimes) -> Option<FieldValue>;

/// Reads the values of a set of fields from the packets of one file, in their order.
///
/// ```
/// use pcap_headers::{Fields, LinkType, Occurrence, Packet};
///
/// // IPv4 within IPv4, cut behind the inner protocol.
/// let outer = [0x45, 0, 0, 48, 0, 1, 0, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
/// let inner = [0x45, 0, 0, 28, 0, 2, 0, 0, 64, 17];
/// let data = [&outer[..], &inner].concat();
/// let mut fields = Fields::new(["ip.proto", "ip.src", "ip.id"], Occurrence::All)?;
/// fields.read(&Packet::new(LinkType(101), &data));
/// let text = |column| {
///     let mut out = Vec::new();
///     fields.write(column, ",", &mut out);
///     String::from_utf8_lossy(&out).into_owned()
/// };
/// assert_eq!([text(0), text(1), text(2)], ["4,17", "192.0.2.1", "0x0001,0x0002"]);
/// # Ok::<(), pcap_headers::Error>(())
/// ```
///
/// The names of layers (`frame.protocols`) end where decoding ends: what a stream or datagram carries is not among them.
///
/// # Cost
///
/// No allocation per packet once its buffers have grown, but for fragments.
#[derive(Debug, Clone)]
pub struct Fields {
    columns: Vec<&'static Field>,
    /// Columns with values of the packet as a whole.
    of_frame: Vec<(usize, FrameGetter)>,
    of_layers: OfLayers,
    values: Vec<Values>,
    times: FrameTimes,
    reassembler: Reassembler,
    /// How many datagrams put together from fragments may lie in each other.
    datagrams: u32,
}

/// The columns with values in layers.
#[derive(Debug, Clone)]
struct OfLayers {
    occurrence: Occurrence,
    /// By the number of a kind.
    by_kind: Vec<Vec<(usize, Getter)>>,
    names_column: Option<usize>,
    columns: usize,
}

/// The values of a column: one in place, or all.
#[derive(Debug, Clone)]
enum Values {
    One(Option<FieldValue>),
    All(Vec<FieldValue>),
}

impl Values {
    fn as_slice(&self) -> &[FieldValue] {
        match self {
            Self::One(value) => value.as_slice(),
            Self::All(values) => values,
        }
    }

    fn clear(&mut self) {
        match self {
            Self::One(value) => *value = None,
            Self::All(values) => values.clear(),
        }
    }

    /// Adds the next value; one alone is replaced.
    #[inline]
    fn push(&mut self, new: FieldValue) {
        match self {
            Self::One(value) => *value = Some(new),
            Self::All(values) => values.push(new),
        }
    }
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
        Ok(Self::of(names.into_iter().map(find).collect::<Result<_>>()?, occurrence))
    }

    pub(crate) fn of(columns: Vec<&'static Field>, occurrence: Occurrence) -> Self {
        let mut of_frame = Vec::new();
        let mut of_layers = OfLayers {
            occurrence,
            by_kind: vec![Vec::new(); Kind::ALL.len()],
            names_column: columns.iter().position(|field| field.format == Format::Names),
            columns: 0,
        };
        for (column, field) in columns.iter().enumerate() {
            match field.source {
                Source::Frame(get) => of_frame.push((column, get)),
                Source::Layers(kinds, get) => {
                    kinds.iter().for_each(|kind| of_layers.by_kind[*kind as usize].push((column, get)));
                    of_layers.columns += 1;
                }
                Source::Names => {}
            }
        }
        let values = |field: &&Field| match (occurrence, field.format) {
            (Occurrence::All, _) | (_, Format::Names) => Values::All(Vec::new()),
            _ => Values::One(None),
        };
        let values = columns.iter().map(values).collect();
        let (times, reassembler) = Default::default();
        Self { columns, of_frame, of_layers, values, times, reassembler, datagrams: MAX_DATAGRAMS }
    }

    /// Each packet by itself: fragments are not put together.
    #[must_use]
    pub fn without_reassembly(mut self) -> Self {
        self.datagrams = 0;
        self
    }

    /// The fields, in the order of the columns.
    #[must_use]
    pub fn columns(&self) -> &[&'static Field] {
        &self.columns
    }

    /// Takes the next packet of the file; its values replace those of the one before.
    pub fn read(&mut self, packet: &Packet<'_>) {
        self.values.iter_mut().for_each(Values::clear);
        self.times.advance(packet);
        for &(column, get) in &self.of_frame {
            if let Some(value) = get(packet, &self.times) {
                self.values[column].push(value);
            }
        }
        let of_layers = &self.of_layers;
        let mut missing = of_layers.columns;
        if missing > 0 || of_layers.names_column.is_some() {
            let values = &mut self.values;
            let mut walk = Walk::new(packet);
            let _: ControlFlow<()> =
                visit(&mut walk, &mut self.reassembler, self.datagrams, &mut |shown| match shown {
                    Shown::Layer(layer) => of_layers.collect(layer, values, &mut missing),
                    Shown::Datagram(..) => ControlFlow::Continue(()),
                });
        }
    }

    /// Goes on elsewhere in the file, where `times` were what had been seen of it: with [`FrameTimes::advance`] for each
    /// packet before, pieces of a file can be read one beside the other. Fragments that wait stay.
    pub fn resume(&mut self, times: FrameTimes) {
        self.times = times;
    }

    /// How many fragments were put together or wait for it so far. Where there were none, a packet's values depend on no
    /// packet before it, but for relative times.
    #[must_use]
    pub fn fragments(&self) -> u64 {
        self.reassembler.taken()
    }

    /// The values of a column, outermost first; one at most unless [`Occurrence::All`] or the names of layers are wanted.
    #[must_use]
    #[inline]
    pub fn values(&self, column: usize) -> &[FieldValue] {
        self.values.get(column).map_or(&[], Values::as_slice)
    }

    /// The first value of a column.
    #[must_use]
    #[inline]
    pub fn value(&self, column: usize) -> Option<FieldValue> {
        match self.values.get(column)? {
            Values::One(value) => *value,
            Values::All(values) => values.first().copied(),
        }
    }

    /// Appends the text of a column, several values with `aggregator` between them; nothing if there is no value.
    pub fn write(&self, column: usize, aggregator: impl AsRef<[u8]>, out: &mut Vec<u8>) {
        let Some(field) = self.columns.get(column) else { return };
        let separator = if field.format == Format::Names { b":" } else { aggregator.as_ref() };
        for (place, value) in self.values(column).iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(separator);
            }
            field.write(*value, out);
        }
    }
}

impl OfLayers {
    /// Takes the values of a layer; `missing` counts the columns without one, if but the first is wanted.
    #[inline]
    fn collect(&self, layer: &Layer<'_>, values: &mut [Values], missing: &mut usize) -> ControlFlow<()> {
        for &(column, get) in &self.by_kind[layer.kind as usize] {
            match &mut values[column] {
                Values::One(Some(_)) if self.occurrence == Occurrence::First => {}
                Values::One(value @ None) => {
                    get(layer, value);
                    *missing -= usize::from(value.is_some());
                }
                values => {
                    let mut value = None;
                    get(layer, &mut value);
                    value.into_iter().for_each(|value| values.push(value));
                }
            }
        }
        if let Some(column) = self.names_column {
            let names = [layer.kind.name(), if layer.is_ether_typed { "ethertype" } else { "" }];
            let names = names.into_iter().filter(|name| !name.is_empty());
            names.for_each(|name| values[column].push(FieldValue::Name(name)));
            return ControlFlow::Continue(());
        }
        match (*missing, self.occurrence) {
            (0, Occurrence::First) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
