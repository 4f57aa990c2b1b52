//! The encode rules of spec 12, each a short function from a record's values to its stored fields: the inverse of
//! [`crate::rules`].
//!
//! The same functions write records and tell whether a stored record is already what would be written; [`Store`] is
//! the difference.

use super::flow::Flow;
use crate::field::{Field, Slot};
use crate::layouts::{FlagsRule, Rules, Start};
use crate::rules::{ATTRIBUTES, IPV6, TCP};

/// The stored fields of one record to be written.
pub(crate) trait Store {
    fn rules(&self) -> Rules;
    fn slot(&self, field: Field) -> Slot;
    /// Stores as many low bits of the value as the field has; nothing if the layout has no such field.
    fn put(&mut self, field: Field, value: u64);
    /// Stores an address in a field of 16 bytes.
    fn put_wide(&mut self, field: Field, address: [u8; 16]);

    #[inline(always)]
    fn has(&self, field: Field) -> bool {
        self.slot(field).is_present()
    }
}

/// A value that the layout cannot express.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutOfRange {
    pub(crate) field: &'static str,
    pub(crate) value: i128,
    pub(crate) least: i128,
    pub(crate) most: i128,
}

type Checked = Result<(), OutOfRange>;

/// Stores every field of the layout, or tells the first value that it cannot express.
#[inline(always)]
pub(crate) fn encode(s: &mut impl Store, flow: &Flow, base_time_ms: i64) -> Checked {
    addresses(s, flow)?;
    protocol_and_flags(s, flow)?;
    ports(s, flow);
    volumes(s, flow)?;
    start(s, flow, base_time_ms)?;
    duration(s, flow)?;
    interface(s, Field::Input, "input", flow.input)?;
    interface(s, Field::Output, "output", flow.output)?;
    sensor(s, flow)?;
    s.put(Field::Flowtype, flow.flowtype.into());
    s.put(Field::Application, flow.application.into());
    s.put(Field::Memo, flow.memo.into());
    Ok(())
}

#[cold]
fn refuse(
    field: &'static str,
    value: impl Into<i128>,
    least: impl Into<i128>,
    most: impl Into<i128>,
) -> Checked {
    Err(OutOfRange { field, value: value.into(), least: least.into(), most: most.into() })
}

#[inline(always)]
fn within(field: &'static str, value: u64, least: u64, most: u64) -> Checked {
    if least <= value && value <= most { Ok(()) } else { refuse(field, value, least, most) }
}

/// The largest value of so many bits, 1 to 64.
#[inline(always)]
const fn largest(bits: u8) -> u64 {
    u64::MAX >> (64 - bits)
}

const U32: u64 = u32::MAX as u64;
/// 4096 seconds less a millisecond: the range of 12 bits of seconds, and of 22 bits of milliseconds (spec 12.2).
const MOST_MS: u64 = 4_095_999;

/// FT_FLOWCAP is the family with 24-bit packet counts; it cuts and saturates where others refuse.
#[inline(always)]
fn is_flowcap(s: &impl Store) -> bool {
    s.slot(Field::Pkts).bits == 24
}

/// Spec 12.4: IPv4 only, or 16 bytes with IPv4 behind ten zeros and `FF FF`.
#[inline(always)]
fn addresses(s: &mut impl Store, flow: &Flow) -> Checked {
    let wide = s.slot(Field::Sip).width == 16;
    if flow.is_ipv6 && !wide {
        return refuse("is_ipv6", 1, 0, 0);
    }
    for (field, address) in [(Field::Sip, flow.sip), (Field::Dip, flow.dip), (Field::Nhip, flow.nhip)] {
        if s.slot(field).width == 16 {
            s.put_wide(field, address);
        } else {
            s.put(field, u128::from_be_bytes(address) as u64);
        }
    }
    Ok(())
}

/// Spec 12.3.
#[inline(always)]
fn protocol_and_flags(s: &mut impl Store, flow: &Flow) -> Checked {
    let web = s.has(Field::SrvPort);
    let protocol = u64::from(flow.protocol);
    if web {
        within("protocol", protocol, TCP.into(), TCP.into())?;
    }
    let tcp = flow.protocol == TCP;
    let expanded = flow.flags.is_expanded();
    let [all, init, rest] = [flow.flags.all, flow.flags.init, flow.flags.rest].map(u64::from);
    // What the packed rules store of a TCP record's flags.
    let (first, others) = if expanded { (init, rest) } else { (all, 0) };
    match s.rules().flags {
        FlagsRule::R0 => {
            s.put(Field::Proto, protocol);
            s.put(Field::Flags, all);
            s.put(Field::InitFlags, init);
            s.put(Field::RestFlags, rest);
        }
        FlagsRule::R1 => s.put(Field::ProtFlags, if tcp { all } else { protocol }),
        FlagsRule::R2 | FlagsRule::R2Augmented | FlagsRule::R3 => {
            s.put(Field::ProtFlags, if tcp { first } else { protocol });
            s.put(Field::RestFlags, if tcp { others } else { all });
        }
        FlagsRule::R4 => {
            s.put(Field::ProtoIflags, if tcp { first } else { protocol });
            s.put(Field::RestFlags, if tcp { others } else { 0 });
        }
        FlagsRule::R5 => {
            s.put(Field::Proto, protocol);
            s.put(Field::Flags, if expanded { rest } else { all });
            s.put(Field::FirstFlags, if expanded { init } else { 0 });
        }
    }
    s.put(Field::IsTcp, tcp.into());
    let ipv6 = if flow.is_ipv6 { IPV6 } else { 0 };
    s.put(Field::TcpState, u64::from(flow.flags.state & ATTRIBUTES) | ipv6);
    Ok(())
}

/// Spec 6.5 for web layouts: the source port wins; of a record without a web port the destination port is lost.
#[inline(always)]
fn ports(s: &mut impl Store, flow: &Flow) {
    let code = |port| match port {
        80 => 0,
        443 => 1,
        8080 => 2,
        _ => 3,
    };
    let source_is_server = code(flow.sport) != 3;
    let (server, client) = if source_is_server { (flow.sport, flow.dport) } else { (flow.dport, flow.sport) };
    s.put(Field::SrcIsSrv, source_is_server.into());
    s.put(Field::SrvPort, code(server));
    s.put(Field::ClntPort, client.into());
    s.put(Field::Sport, flow.sport.into());
    s.put(Field::Dport, flow.dport.into());
}

/// Spec 12.1.
#[inline(always)]
fn volumes(s: &mut impl Store, flow: &Flow) -> Checked {
    let (packets, bytes) = (flow.packets, flow.bytes);
    if s.has(Field::Pkts) {
        let most = largest(s.slot(Field::Pkts).bits);
        if !is_flowcap(s) {
            within("packets", packets, 0, most)?;
        }
        within("bytes", bytes, 0, largest(s.slot(Field::Bytes).bits))?;
        s.put(Field::Pkts, packets.min(most));
        s.put(Field::Bytes, bytes);
        return Ok(());
    }
    const PACKETS: u64 = (1 << 26) - 1;
    within("packets", packets, 1, PACKETS)?;
    // At most 16383 whole bytes a packet. The reference's own counts have 32 bits.
    within("bytes", bytes, packets, (packets * 16_384 - 1).min(U32))?;
    let (packets, bytes) = (packets as u32, bytes as u32);
    let large = packets >= 1 << 20;
    s.put(Field::Pkts20, u64::from(if large { packets / 64 } else { packets }));
    s.put(Field::Pflag, large.into());
    let (whole, rest) = (bytes / packets, bytes % packets);
    let ratio = u64::from((whole << 6) | (rest * 64 / packets));
    s.put(Field::Bpp, ratio);
    s.put(Field::BppHi, ratio >> 10);
    s.put(Field::BppLo, ratio);
    Ok(())
}

/// Spec 12.2, start. What a layout of whole seconds has no room for is dropped.
#[inline(always)]
fn start(s: &mut impl Store, flow: &Flow, base_time_ms: i64) -> Checked {
    let base = match s.rules().start {
        Start::Absolute => 0,
        Start::Relative => base_time_ms,
    };
    let (ms, seconds) = (s.slot(Field::StimeMs), s.slot(Field::StimeS));
    if ms.bits == 64 {
        s.put(Field::StimeMs, flow.stime_ms as u64);
        return Ok(());
    }
    let most = if ms.is_present() { MOST_MS } else { (1000 << seconds.bits) - 1 };
    let after = flow.stime_ms.wrapping_sub(base) as u64;
    if flow.stime_ms < base || after > most {
        return refuse("stime", flow.stime_ms, base, i128::from(base) + i128::from(most));
    }
    s.put(Field::StimeMs, after);
    s.put(Field::StimeS, after / 1000);
    s.put(Field::StimeFrac, after % 1000);
    Ok(())
}

/// Spec 12.2, duration. FT_FLOWCAP's 16 bits of seconds saturate and leave the milliseconds as they are.
#[inline(always)]
fn duration(s: &mut impl Store, flow: &Flow) -> Checked {
    let duration = u64::from(flow.duration_ms);
    let (ms, seconds) = (s.slot(Field::ElapsedMs), s.slot(Field::ElapsedS));
    let most = match (ms.bits, seconds.bits) {
        (22, _) => MOST_MS,
        (30, _) => (1 << 30) - 1,
        (0, bits @ (11 | 12)) => (1000 << bits) - 1,
        _ => U32,
    };
    within("duration", duration, 0, most)?;
    s.put(Field::ElapsedMs, duration);
    let whole = duration / 1000;
    s.put(Field::ElapsedS, if is_flowcap(s) { whole.min(0xFFFF) } else { whole });
    s.put(Field::ElapsedFrac, duration % 1000);
    Ok(())
}

/// Spec 12.4. FT_FLOWCAP's 8-bit fields keep the low bits.
#[inline(always)]
fn interface(s: &mut impl Store, field: Field, name: &'static str, value: u32) -> Checked {
    let bits = s.slot(field).bits;
    if bits == 0 {
        return Ok(());
    }
    if !(is_flowcap(s) && bits == 8) {
        within(name, value.into(), 0, largest(bits))?;
    }
    s.put(field, value.into());
    Ok(())
}

/// Spec 12.4. Layouts without a sensor take that of the file: whatever the record says is left out.
#[inline(always)]
fn sensor(s: &mut impl Store, flow: &Flow) -> Checked {
    let bits = s.slot(Field::Sensor).bits;
    if bits > 0 {
        within("sensor_id", flow.sensor.into(), 0, largest(bits))?;
    }
    s.put(Field::Sensor, flow.sensor.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlowRecord;
    use crate::layouts::{FORMATS, LayoutInfo};

    /// Counts how often each field is stored.
    struct Count {
        layout: &'static LayoutInfo,
        puts: [u8; crate::field::FIELDS],
    }

    impl Store for Count {
        fn rules(&self) -> Rules {
            self.layout.rules
        }

        fn slot(&self, field: Field) -> Slot {
            self.layout.slots[field as usize]
        }

        fn put(&mut self, field: Field, _: u64) {
            self.puts[field as usize] += 1;
        }

        fn put_wide(&mut self, field: Field, _: [u8; 16]) {
            self.puts[field as usize] += 1;
        }
    }

    #[test]
    fn every_field_of_every_layout_is_stored_once() {
        let record = FlowRecord { protocol: 6, packets: 1, bytes: 1, sensor_id: 3, ..FlowRecord::default() };
        for format in FORMATS {
            let mut count = Count { layout: format.layout, puts: [0; crate::field::FIELDS] };
            encode(&mut count, &Flow::from(&record), 0).unwrap();
            for (field, (slot, puts)) in format.layout.slots.iter().zip(count.puts).enumerate() {
                assert!(!slot.is_present() || puts == 1, "{}: field {field}: {puts}", format.layout.name);
            }
        }
    }
}
