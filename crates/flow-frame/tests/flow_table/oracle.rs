//! Flows made the slow way: a list that is searched from front to back for every packet.

use flow_frame::{EndReason, FlowTableOptions, PacketRow};

/// A flow as it comes out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Made {
    pub(crate) stime: i64,
    pub(crate) etime: i64,
    pub(crate) ends: [[u8; 16]; 2],
    pub(crate) ports: [u16; 2],
    pub(crate) protocol: u8,
    pub(crate) vlan: Option<u16>,
    pub(crate) packets: [i64; 2],
    pub(crate) bytes: [i64; 2],
    pub(crate) tcpflags: [u8; 2],
    pub(crate) initial: [Option<u8>; 2],
    pub(crate) session: [Option<u8>; 2],
    pub(crate) attributes: u8,
    pub(crate) reason: &'static str,
}

#[derive(Debug)]
struct Open {
    /// Time, direction (0 or 1), bytes and TCP flags of every packet.
    packets: Vec<(i64, usize, i64, Option<u8>)>,
    first: PacketRow,
    seen: i64,
    continues: bool,
}

/// The rules of the table, one after the other.
pub(crate) fn flows(rows: &[PacketRow], options: &FlowTableOptions) -> Vec<Made> {
    let (idle, active) = (options.idle.as_nanos() as i64, options.active.as_nanos() as i64);
    // In the order in which they began.
    let mut open: Vec<Open> = Vec::new();
    let mut made = Vec::new();
    let (mut clock, mut before) = (None, 0);
    for row in rows.iter().filter(|row| row.sip.is_some() && row.dip.is_some() && row.protocol.is_some()) {
        let time = row.frame_time_epoch.unwrap_or(before);
        before = time;
        let now = match clock {
            Some(clock) if time <= clock && clock - time <= idle => clock,
            Some(clock) if time <= clock => {
                made.extend(open.drain(..).map(|flow| flow.end(EndReason::Forced, options)));
                time
            }
            _ => time,
        };
        clock = Some(now);
        made.extend(
            open.extract_if(.., |flow| now - flow.seen > idle).map(|flow| flow.end(EndReason::Idle, options)),
        );

        let found =
            open.iter().enumerate().find_map(|(at, flow)| Some((at, direction(&flow.first, row, options)?)));
        let flags = (row.protocol == Some(6)).then_some(row.tcp_flags).flatten().map(|flags| flags as u8);
        let packet = |way| (time, way, row.frame_len.map_or(0, i64::from), flags);
        let begin = |continues| Open { packets: vec![packet(0)], first: *row, seen: now, continues };
        let Some((at, way)) = found else {
            if open.len() == options.max_flows {
                let longest = (0..open.len()).min_by_key(|at| open[*at].seen).unwrap();
                made.push(open.remove(longest).end(EndReason::Resources, options));
            }
            open.push(begin(false));
            continue;
        };
        let times = open[at].packets.iter().map(|packet| packet.0).chain([time]);
        let ended = if times.clone().max().unwrap() - times.min().unwrap() > active {
            Some(EndReason::Active)
        } else if open[at].is_finished() && flags.is_some_and(|flags| flags & 0x12 == 0x02) {
            Some(EndReason::End)
        } else {
            None
        };
        match ended {
            None => {
                open[at].packets.push(packet(way));
                open[at].seen = now;
            }
            Some(reason) => {
                made.push(open.remove(at).end(reason, options));
                open.push(begin(reason == EndReason::Active));
            }
        }
    }
    made.extend(open.into_iter().map(|flow| flow.end(EndReason::Forced, options)));
    made
}

/// 0 if a packet goes as the first of a flow did, 1 if it answers it.
fn direction(first: &PacketRow, row: &PacketRow, options: &FlowTableOptions) -> Option<usize> {
    let same = |a: &PacketRow, b: &PacketRow| {
        a.protocol == b.protocol && a.ip_version == b.ip_version && (!options.vlan || a.vlan_id == b.vlan_id)
    };
    if !same(first, row) {
        return None;
    }
    let ends = |row: &PacketRow| (row.sip, row.dip);
    let back = |row: &PacketRow| (row.dip, row.sip);
    if is_icmp(first) {
        let forward = ends(first) == ends(row)
            && (message(first) == message(row) || options.bidirectional && request(first) == request(row));
        let answers = options.bidirectional && ends(first) == back(row) && request(first) == request(row);
        return if forward { Some(0) } else { answers.then_some(1) };
    }
    let ports = |row: &PacketRow| [row.sport, row.dport].map(Option::unwrap_or_default);
    let [sport, dport] = ports(row);
    if (ends(first), ports(first)) == (ends(row), [sport, dport]) {
        return Some(0);
    }
    (options.bidirectional && (ends(first), ports(first)) == (back(row), [dport, sport])).then_some(1)
}

fn is_icmp(row: &PacketRow) -> bool {
    row.protocol == Some(1) || row.protocol == Some(58) && row.ip_version == Some(6)
}

fn message(row: &PacketRow) -> (u8, u8) {
    let (kind, code) = match row.protocol {
        Some(1) => (row.icmp_type, row.icmp_code),
        _ => (row.icmpv6_type, row.icmpv6_code),
    };
    (kind.unwrap_or_default(), code.unwrap_or_default())
}

/// Answers count as what they answer: echo, timestamp, information, address mask.
fn request(row: &PacketRow) -> (u8, u8) {
    let pairs: &[(u8, u8)] = match row.protocol {
        Some(1) => &[(0, 8), (14, 13), (16, 15), (18, 17)],
        _ => &[(129, 128)],
    };
    let message = message(row);
    pairs.iter().find(|(answer, _)| message == (*answer, 0)).map_or(message, |(_, request)| (*request, 0))
}

impl Open {
    fn is_finished(&self) -> bool {
        self.packets.iter().any(|packet| packet.3.is_some_and(|flags| flags & 0x05 != 0))
    }

    fn end(self, reason: EndReason, options: &FlowTableOptions) -> Made {
        let waited = [EndReason::Idle, EndReason::Forced].contains(&reason);
        let reason = if waited && self.is_finished() { EndReason::End } else { reason };
        let of = |way: usize| self.packets.iter().filter(move |packet| packet.1 == way);
        let ways = [0, 1];
        let flags = ways.map(|way| of(way).filter_map(|packet| packet.3).collect::<Vec<_>>());
        let times = self.packets.iter().map(|packet| packet.0.div_euclid(1_000_000));
        let sizes: Vec<i64> = of(0).map(|packet| packet.2).collect();
        let mut attributes = u8::from(!flags[0].is_empty());
        attributes |= if sizes.len() > 1 && sizes.iter().all(|size| *size == sizes[0]) { 0x10 } else { 0 };
        attributes |= if reason == EndReason::Active { 0x20 } else { 0 };
        attributes |= if self.continues { 0x40 } else { 0 };
        let or = |flags: &[u8]| flags.iter().fold(0, |all, flags| all | flags);
        let (kind, code) = message(&self.first);
        Made {
            stime: times.clone().min().unwrap(),
            etime: times.max().unwrap(),
            ends: [self.first.sip.unwrap(), self.first.dip.unwrap()],
            ports: match is_icmp(&self.first) {
                true => [0, u16::from(kind) * 256 + u16::from(code)],
                false => [self.first.sport.unwrap_or_default(), self.first.dport.unwrap_or_default()],
            },
            protocol: self.first.protocol.unwrap(),
            vlan: self.first.vlan_id.filter(|_| options.vlan),
            packets: ways.map(|way| of(way).count() as i64),
            bytes: ways.map(|way| of(way).map(|packet| packet.2).sum()),
            tcpflags: ways.map(|way| or(&flags[way])),
            initial: ways.map(|way| flags[way].first().copied()),
            session: ways.map(|way| flags[way].split_first().map(|(_, rest)| or(rest))),
            attributes,
            reason: reason.name(),
        }
    }
}
