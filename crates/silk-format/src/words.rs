//! The packed 32-bit words W1–W16 of spec 6.1, one line per field, in the specification's order.

use crate::field::Field::*;
use crate::field::{Bits, bits};

pub(crate) const W1: &[Bits] = &[bits(Pkts20, 31, 12), bits(ElapsedS, 11, 1), bits(Pflag, 0, 0)];
pub(crate) const W2: &[Bits] = &[bits(StimeS, 31, 20), bits(Bpp, 19, 0)];
pub(crate) const W3: &[Bits] = &[bits(Pkts20, 31, 12), bits(StimeS, 11, 0)];
pub(crate) const W4: &[Bits] = &[bits(Bpp, 31, 12), bits(ElapsedS, 11, 0)];
pub(crate) const W5: &[Bits] = &[
    bits(StimeFrac, 31, 22),
    bits(ElapsedFrac, 21, 12),
    bits(Pflag, 11, 11),
    bits(IsTcp, 10, 10),
    bits(ProtFlags, 7, 0),
];
/// W5 in web layouts: `src_is_srv` takes the place of `is_tcp`.
pub(crate) const W5_WEB: &[Bits] = &[
    bits(StimeFrac, 31, 22),
    bits(ElapsedFrac, 21, 12),
    bits(Pflag, 11, 11),
    bits(SrcIsSrv, 10, 10),
    bits(SrvPort, 9, 8),
    bits(ProtFlags, 7, 0),
];
pub(crate) const W6: &[Bits] = &[bits(StimeMs, 31, 10), bits(BppHi, 9, 0)];
pub(crate) const W7: &[Bits] = &[bits(BppLo, 31, 22), bits(ElapsedMs, 21, 0)];
pub(crate) const W8: &[Bits] =
    &[bits(ProtFlags, 31, 24), bits(Pflag, 23, 23), bits(IsTcp, 22, 22), bits(Pkts20, 19, 0)];
/// W8 in web layouts: `src_is_srv` takes the place of `is_tcp`.
pub(crate) const W8_WEB: &[Bits] = &[
    bits(ProtFlags, 31, 24),
    bits(Pflag, 23, 23),
    bits(SrcIsSrv, 22, 22),
    bits(SrvPort, 21, 20),
    bits(Pkts20, 19, 0),
];
pub(crate) const W9: &[Bits] = &[bits(RestFlags, 31, 24), bits(IsTcp, 23, 23), bits(StimeMs, 21, 0)];
/// W9 in FT_RWAUGWEB v5, which has `src_is_srv` too.
pub(crate) const W9_WEB: &[Bits] =
    &[bits(RestFlags, 31, 24), bits(IsTcp, 23, 23), bits(SrcIsSrv, 22, 22), bits(StimeMs, 21, 0)];
pub(crate) const W10: &[Bits] = &[bits(SrvPort, 31, 30), bits(ElapsedMs, 29, 0)];
pub(crate) const W11: &[Bits] =
    &[bits(Pkts20, 31, 12), bits(Pflag, 11, 11), bits(IsTcp, 10, 10), bits(StimeFrac, 9, 0)];
pub(crate) const W12: &[Bits] = &[bits(Bpp, 31, 12), bits(ElapsedFrac, 9, 0)];
pub(crate) const W13: &[Bits] = &[bits(Pkts20, 31, 12), bits(Pflag, 11, 11), bits(Flowtype, 7, 0)];
pub(crate) const W14: &[Bits] = &[bits(Bpp, 31, 12)];
pub(crate) const W15: &[Bits] = &[bits(Bpp, 31, 12), bits(Sensor, 7, 0)];
pub(crate) const W16: &[Bits] = &[bits(Bpp, 31, 12), bits(Sensor, 11, 6)];

/// The last 3 bytes of FT_FLOWCAP v3–v6, always big-endian (spec 8.13).
pub(crate) const TIME_FRAC: &[Bits] = &[bits(StimeFrac, 23, 14), bits(ElapsedFrac, 13, 4)];
/// FT_RWWWW v1/v2: the flags share their byte with `src_is_srv` (spec 8.12).
pub(crate) const WEB_FLAGS: &[Bits] = &[bits(SrcIsSrv, 7, 7), bits(Flags, 5, 0)];
/// FT_RWWWW v1/v2: the server port's code (spec 8.12).
pub(crate) const WEB_PORT: &[Bits] = &[bits(SrvPort, 7, 6)];
