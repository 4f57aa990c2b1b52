//! What the header and the layout of a file say about all its records. Public: [`Constants`], [`Constant`].

use crate::column::Column;
use crate::decoder;
use crate::error::Result;
use crate::field::Field;
use crate::header::Header;
use crate::layouts::{Application, FlagsRule, FlowtypeFrom};
use crate::options::Options;
use crate::record::View;
use crate::rules::{NO_FLOWTYPE, NO_SENSOR};

/// The one value of a column in all records of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    /// Null in each.
    Null,
    /// Present in each, and this; a boolean as 0 or 1.
    Value(u64),
}

/// Which columns of a file are the same in all records, known before one is read.
///
/// ```
/// use silk_format::{Column, Constant, Constants, Header, Options};
/// # fn constants(header: &Header) -> silk_format::Result<()> {
/// let constants = Constants::new(header, &Options::default())?;
/// if constants.get(Column::Protocol) == Some(Constant::Value(6)) {
///     // A layout of TCP flows only.
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Constants {
    view: View,
}

impl Constants {
    /// Of a file with this header, read with these options.
    ///
    /// # Errors
    /// As [`Decoder::new`](crate::Decoder::new).
    pub fn new(header: &Header, options: &Options) -> Result<Self> {
        Ok(Self { view: decoder::view(header, options)? })
    }

    /// The column's one value; `None` if records may differ.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<Constant> {
        let View { layout, context, .. } = self.view;
        let has = |field: Field| layout.slots[field as usize].is_present();
        let absent = |field: Field| (!has(field)).then_some(Constant::Null);
        match column {
            Column::Nhip => absent(Field::Nhip),
            Column::Input => absent(Field::Input),
            Column::Output => absent(Field::Output),
            Column::Memo => absent(Field::Memo),
            Column::Attributes | Column::InitialTcpflags | Column::SessionTcpflags => absent(Field::TcpState),
            Column::Application => match context.application {
                Application::ZeroApplication if has(Field::Application) => Some(Constant::Value(0)),
                _ => absent(Field::Application),
            },
            Column::SensorId if has(Field::Sensor) => None,
            Column::SensorId => Some(known(context.sensor != NO_SENSOR, context.sensor)),
            Column::ClasstypeId if has(Field::Flowtype) => None,
            Column::ClasstypeId => {
                let from_file = layout.rules.flowtype == FlowtypeFrom::File;
                Some(known(from_file && context.flowtype != NO_FLOWTYPE, context.flowtype))
            }
            // Spec 5.1: the bit counts only beside addresses of 16 bytes.
            Column::IsIpv6 => (layout.slots[Field::Sip as usize].width != 16).then_some(Constant::Value(0)),
            Column::Protocol => self.is_tcp_only().then_some(Constant::Value(6)),
            Column::Icmptype | Column::Icmpcode => self.is_tcp_only().then_some(Constant::Null),
            _ => None,
        }
    }

    /// Spec 6.4: the web layouts but those of rules R4 and R5 hold TCP only.
    fn is_tcp_only(&self) -> bool {
        let layout = self.view.layout;
        let other = matches!(layout.rules.flags, FlagsRule::R4 | FlagsRule::R5);
        layout.slots[Field::SrcIsSrv as usize].is_present() && !other
    }
}

fn known(known: bool, value: impl Into<u64>) -> Constant {
    if known { Constant::Value(value.into()) } else { Constant::Null }
}
