//! Packets → flows.
//!
//! A flow is the packets of one key (addresses, ports, protocol; also the VLAN if asked for) with no pause longer than the
//! idle time-out, cut where it lasts longer than the active time-out, and where after FIN or RST a SYN without ACK begins
//! a new connection. Time is that of the packets: the clock shows the latest so far. A flow is idle as soon as the clock is
//! further than the idle time-out from where it stood at the flow's last packet, whoever moved it. A packet that lies
//! further behind the clock than that belongs to other traffic: all flows end, and the clock is set to it. What becomes of
//! a packet therefore follows from the packets before it alone; neither batches nor threads have a part in it.
//!
//! Memory: [`FlowTable::BYTES_PER_FLOW`] for each of the flows that are open at a time, and a batch of those that ended.

mod columns;
mod flow;
mod idle;
mod index;
mod key;
mod options;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use self::columns::EndedFlows;
pub use self::columns::{FlowProjection, MADE_FLOW_COLUMNS, MadeColumn};
use self::flow::{Flow, Moment};
use self::idle::{IdleQueue, Turn};
use self::index::Index;
use self::key::PacketKey;
pub use self::key::{KeyMaker, PacketKeys};
use self::options::Timeouts;
pub use self::options::{EndReason, FlowAccount, FlowBytes, FlowTableOptions};
use crate::error::{Error, Result};
use crate::schema::Projection;

/// Packets that are looked up side by side, so that look-ups in a table larger than the caches do not wait for each other.
const GROUP: usize = 64;
/// Buckets of the queue in an idle time-out.
const BUCKETS: i64 = 256;
/// The narrowest bucket.
const MILLISECOND: i64 = 1_000_000;
/// Flows for which there is room from the beginning, at most.
const RESERVED: usize = 1 << 20;
/// Slots have 32 bits.
const MOST_FLOWS: usize = 1 << 31;

/// Makes flows of packets, batch by batch.
///
/// ```
/// use flow_frame::{FlowProjection, FlowTable, FlowTableOptions, PacketBatchBuilder, PacketRow};
/// let options = FlowTableOptions::default();
/// let mut table = FlowTable::new(&options, FlowProjection::parse("packets,bytes,end_reason", false)?)?;
/// let mut packets = PacketBatchBuilder::new(&FlowTable::packet_columns(&options))?;
/// let packet = PacketRow { sip: Some([1; 16]), dip: Some([2; 16]), protocol: Some(17), frame_len: Some(60), ..PacketRow::default() };
/// packets.extend(&[packet; 3], []);
/// let mut flows = Vec::new();
/// let keys = table.key_maker().prepare(&packets.finish()?)?;
/// table.update(&keys, &mut |batch| Ok::<_, flow_frame::Error>(flows.push(batch)))?;
/// table.finish(&mut |batch| Ok::<_, flow_frame::Error>(flows.push(batch)))?;
/// assert_eq!((flows[0].num_rows(), table.account().packets, table.account().bytes), (1, 3, 180));
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Debug)]
pub struct FlowTable {
    timeouts: Timeouts,
    max_flows: usize,
    keys: KeyMaker,
    index: Index,
    flows: Vec<Flow>,
    free: Vec<u32>,
    queue: IdleQueue,
    clock: Option<i64>,
    /// When the clock shows this, flows that are idle are looked for.
    next_sweep: i64,
    sweep_every: i64,
    /// The time of the packet before, once one had any.
    before: Option<i64>,
    begun: u64,
    ended: EndedFlows,
    account: FlowAccount,
}

impl FlowTable {
    /// Rows of a batch of flows, but for the last.
    pub const BATCH_ROWS: usize = 8192;

    /// The memory that an open flow takes, about, in bytes.
    pub const BYTES_PER_FLOW: usize =
        size_of::<Flow>() + size_of::<u32>() + Index::BYTES_PER_FLOW + IdleQueue::BYTES_PER_FLOW;

    /// An empty table that gives these columns of its flows.
    ///
    /// # Errors
    /// `Usage` if a time-out is not below 2^32 ms, or no flow or too many may be open.
    pub fn new(options: &FlowTableOptions, columns: FlowProjection) -> Result<Self> {
        if !(1..MOST_FLOWS).contains(&options.max_flows) {
            return Err(Error::usage("open flows: expected a number from 1 to 2,147,483,647"));
        }
        let timeouts = options.timeouts()?;
        let mut flows = Vec::new();
        // Room that is not taken costs nothing, and growing would copy; without it the flows grow as they come.
        let _ = flows.try_reserve_exact(options.max_flows.min(RESERVED));
        let sweep_every = (timeouts.idle / BUCKETS).max(MILLISECOND);
        Ok(Self {
            timeouts,
            max_flows: options.max_flows,
            keys: KeyMaker::new(options.clone()),
            index: Index::new(),
            flows,
            free: Vec::new(),
            queue: IdleQueue::new(sweep_every),
            clock: None,
            next_sweep: i64::MIN,
            sweep_every,
            before: None,
            begun: 0,
            ended: EndedFlows::new(columns),
            account: FlowAccount::default(),
        })
    }

    /// The columns of packets that the table reads.
    #[must_use]
    pub fn packet_columns(options: &FlowTableOptions) -> Projection {
        let mut names = vec![
            "stime",
            "sip",
            "dip",
            "protocol",
            "sport",
            "dport",
            "bytes",
            "ip_version",
            "tcp_flags",
            "icmp_type",
            "icmp_code",
            "icmpv6_type",
            "icmpv6_code",
        ];
        if options.bytes == FlowBytes::Ip {
            names.extend(["ip_len", "ipv6_plen"]);
        }
        if options.vlan {
            names.push("vlan_id");
        }
        // They are names of the table of packets; a test holds it.
        Projection::names(names).unwrap_or_default()
    }

    /// What prepares batches of packets for this table, on any thread.
    #[must_use]
    pub fn key_maker(&self) -> KeyMaker {
        self.keys.clone()
    }

    /// The schema of the batches of flows.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(self.ended.schema())
    }

    /// Gives the batches from now on more metadata, such as the name of the capture.
    pub fn set_metadata(&mut self, metadata: &[(&str, &str)]) {
        self.ended.set_metadata(metadata);
    }

    /// Flows that are open.
    #[must_use]
    pub fn open_flows(&self) -> usize {
        self.index.len()
    }

    /// Where the packets so far went. Those of flows that are open are among them.
    #[must_use]
    pub fn account(&self) -> &FlowAccount {
        &self.account
    }

    /// Takes the next packets, and hands batches of flows that ended to `sink` as they become full.
    ///
    /// # Errors
    /// Those of the sink; the packets of this batch may be missing then.
    pub fn update<E: From<Error>>(
        &mut self,
        packets: &PacketKeys,
        sink: &mut Sink<'_, E>,
    ) -> std::result::Result<(), E> {
        self.account.without_ip += packets.without_ip;
        self.account.without_ip_bytes =
            self.account.without_ip_bytes.saturating_add(packets.without_ip_bytes);
        let mut likely = [u32::MAX; GROUP];
        for group in packets.packets.chunks(GROUP) {
            // Each pass is a row of independent loads: first places, then the flows that they point to.
            for (packet, likely) in group.iter().zip(&mut likely) {
                *likely = self.index.likely(packet.hash);
            }
            for (packet, likely) in group.iter().zip(&mut likely) {
                let is_it = self.flows.get(*likely as usize).is_some_and(|flow| flow.is_of(packet));
                *likely = if is_it { *likely } else { u32::MAX };
            }
            for (packet, likely) in group.iter().zip(&likely) {
                self.packet(packet, *likely, sink)?;
            }
        }
        Ok(())
    }

    /// Hands on what ended so far, for who cannot wait until a batch is full.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn flush<E: From<Error>>(&mut self, sink: &mut Sink<'_, E>) -> std::result::Result<(), E> {
        if self.ended.len() > 0 { sink(self.ended.take()?) } else { Ok(()) }
    }

    /// Ends all flows, those that are idle longest first, and hands them on. The table is empty then.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish<E: From<Error>>(&mut self, sink: &mut Sink<'_, E>) -> std::result::Result<(), E> {
        self.end_all(sink)?;
        self.flush(sink)
    }

    fn packet<E: From<Error>>(
        &mut self,
        packet: &PacketKey,
        likely: u32,
        sink: &mut Sink<'_, E>,
    ) -> std::result::Result<(), E> {
        let time = if packet.is_timed() { Some(packet.time) } else { self.before };
        self.account.untimed += u64::from(!packet.is_timed());
        self.account.undated += u64::from(time.is_none());
        self.before = time;
        let time = time.unwrap_or_default();
        let at = Moment { time, clock: self.turn_clock(time, sink)? };
        self.account.packets += 1;
        self.account.bytes = self.account.bytes.saturating_add(packet.bytes);

        let is_it = |slot: u32| self.flows.get(slot as usize).is_some_and(|flow| flow.is_of(packet));
        // Those before it in the group may have ended the flow that was found.
        let slot = if is_it(likely) { Some(likely) } else { self.index.find(packet.hash, is_it) };
        let Some(flow) = slot.and_then(|slot| self.flows.get_mut(slot as usize)) else {
            return self.begin(packet, at, sink);
        };
        let Some(reason) = flow.ends_before(packet, at, self.timeouts) else {
            flow.add(packet, at);
            return Ok(());
        };
        // The new flow takes the slot, and the old one's turn in the queue, which is not later than its own.
        let begun = Flow::begin(packet, at, self.begun, reason == EndReason::Active);
        self.begun += 1;
        let old = std::mem::replace(flow, begun);
        self.ended(old, reason, sink)
    }

    /// A flow of a key that has none.
    fn begin<E: From<Error>>(
        &mut self,
        packet: &PacketKey,
        at: Moment,
        sink: &mut Sink<'_, E>,
    ) -> std::result::Result<(), E> {
        if self.index.len() >= self.max_flows {
            // Who is idle already takes nobody's room.
            self.sweep(sink)?;
            if self.index.len() >= self.max_flows
                && let Some(slot) = self.pop(None)
            {
                self.end(slot, |_| EndReason::Resources, sink)?;
            }
        }
        let flow = Flow::begin(packet, at, self.begun, false);
        self.begun += 1;
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(place) = self.flows.get_mut(slot as usize) {
                    *place = flow;
                }
                slot
            }
            None => {
                self.flows.push(flow);
                // There are fewer than 2^31.
                (self.flows.len() - 1) as u32
            }
        };
        self.index.insert(flow.hash, slot);
        self.queue.push((flow.seen, flow.number), slot);
        Ok(())
    }

    /// What the clock shows after a packet of this time.
    #[inline]
    fn turn_clock<E: From<Error>>(
        &mut self,
        time: i64,
        sink: &mut Sink<'_, E>,
    ) -> std::result::Result<i64, E> {
        match self.clock {
            Some(clock) if time <= clock && clock.saturating_sub(time) <= self.timeouts.idle => {
                return Ok(clock);
            }
            Some(clock) if time <= clock => self.end_all(sink)?,
            _ => {}
        }
        self.clock = Some(time);
        if time >= self.next_sweep || self.index.len() == 0 {
            self.sweep(sink)?;
            self.next_sweep = time.saturating_add(self.sweep_every);
        }
        Ok(time)
    }

    /// Ends the flows that are idle.
    fn sweep<E: From<Error>>(&mut self, sink: &mut Sink<'_, E>) -> std::result::Result<(), E> {
        let Some(clock) = self.clock else { return Ok(()) };
        let before = clock.saturating_sub(self.timeouts.idle);
        while let Some(slot) = self.pop(Some(before)) {
            self.end(slot, |flow| flow.reason(EndReason::Idle), sink)?;
        }
        Ok(())
    }

    fn end_all<E: From<Error>>(&mut self, sink: &mut Sink<'_, E>) -> std::result::Result<(), E> {
        self.sweep(sink)?;
        while let Some(slot) = self.pop(None) {
            self.end(slot, |flow| flow.reason(EndReason::Forced), sink)?;
        }
        Ok(())
    }

    /// The flow that is idle longest, if what the clock showed at its last packet is before `before`.
    fn pop(&mut self, before: Option<i64>) -> Option<u32> {
        let flows = &self.flows;
        let turn_of =
            |slot: u32| flows.get(slot as usize).map_or_else(Turn::default, |flow| (flow.seen, flow.number));
        self.queue.pop_before(before, turn_of)
    }

    /// Ends the flow of a slot that was taken off the queue.
    fn end<E: From<Error>>(
        &mut self,
        slot: u32,
        reason: impl FnOnce(&Flow) -> EndReason,
        sink: &mut Sink<'_, E>,
    ) -> std::result::Result<(), E> {
        let Some(flow) = self.flows.get_mut(slot as usize) else { return Ok(()) };
        flow.close();
        let flow = *flow;
        self.index.remove(flow.hash, slot);
        self.free.push(slot);
        self.ended(flow, reason(&flow), sink)
    }

    fn ended<E: From<Error>>(
        &mut self,
        flow: Flow,
        reason: EndReason,
        sink: &mut Sink<'_, E>,
    ) -> std::result::Result<(), E> {
        self.account.end(reason);
        self.ended.push(flow, reason);
        if self.ended.len() >= Self::BATCH_ROWS { self.flush(sink) } else { Ok(()) }
    }
}

/// What takes batches of flows.
type Sink<'a, E> = dyn FnMut(RecordBatch) -> std::result::Result<(), E> + 'a;
