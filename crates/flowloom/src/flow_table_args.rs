//! Flags of flows that are made of packets, and what they mean.

use clap::{Args, ValueEnum};
use flow_frame::{FlowBytes, FlowProjection, FlowTableOptions};

use crate::error::{Error, Result};
use crate::flow_making::FlowMaking;
use crate::inputs::Inputs;
use crate::output::Format;
use crate::resolve::duration;
use crate::source::are_captures;

/// The heading of these flags.
const FLOWS: &str = "Flows of packets";

/// How flows are made of packets.
#[derive(Debug, Args)]
pub(crate) struct FlowTableArgs {
    /// Make flows of the packets of captures; --window and --where choose packets, --fields then names columns of flows, and
    /// end_reason. A SiLK file holds flows, so for one this is understood
    #[arg(long, help_heading = FLOWS)]
    pub(crate) as_flows: bool,
    /// A flow ends when there was no packet for longer [default: 5m]
    #[arg(long, value_name = "DURATION", help_heading = FLOWS)]
    pub(crate) idle_timeout: Option<String>,
    /// A flow lasts no longer; another one continues it [default: 30m]
    #[arg(long, value_name = "DURATION", help_heading = FLOWS)]
    pub(crate) active_timeout: Option<String>,
    /// Packets both ways are one flow; what came back is in columns reverse_packets, reverse_bytes, reverse_tcpflags,
    /// reverse_initial_tcpflags, reverse_session_tcpflags
    #[arg(long, help_heading = FLOWS)]
    pub(crate) bidirectional: bool,
    /// Packets of different VLANs are of different flows; `input` is the VLAN
    #[arg(long, help_heading = FLOWS)]
    pub(crate) flow_vlan: bool,
    /// What bytes count: frames on the wire, or IP packets alone [default: wire]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = FLOWS)]
    pub(crate) flow_bytes: Option<FlowBytesArg>,
    /// Flows that are open at a time, at most, some 200 bytes each; beyond, the one that was idle longest ends [default: 500000]
    #[arg(long, value_name = "N", help_heading = FLOWS)]
    pub(crate) max_flows: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlowBytesArg {
    Wire,
    Ip,
}

impl FlowTableArgs {
    /// How flows are made, if they are: `fields` are their columns, `format` is what they leave in.
    pub(crate) fn making(
        &self,
        inputs: &Inputs,
        fields: Option<&str>,
        format: Option<Format>,
    ) -> Result<Option<FlowMaking>> {
        let is_silk = format == Some(Format::Silk);
        if !self.as_flows && !(is_silk && (inputs.ring.is_some() || are_captures(&inputs.paths))) {
            return match self.first_given() {
                Some(flag) => {
                    Err(Error::usage(format!("{flag} is for flows that are made of packets: add --as-flows")))
                }
                None => Ok(None),
            };
        }
        if self.bidirectional && is_silk {
            return Err(Error::usage(
                "--bidirectional: a SiLK record holds one direction; leave it out, or choose another format",
            ));
        }
        let columns = FlowProjection::parse(fields.unwrap_or("all"), self.bidirectional)?;
        Ok(Some(FlowMaking::new(self.options()?, columns)))
    }

    fn options(&self) -> Result<FlowTableOptions> {
        let mut options =
            FlowTableOptions::default().with_bidirectional(self.bidirectional).with_vlan(self.flow_vlan);
        if let Some(text) = &self.idle_timeout {
            options.idle = duration("--idle-timeout", text)?;
        }
        if let Some(text) = &self.active_timeout {
            options.active = duration("--active-timeout", text)?;
        }
        if let Some(bytes) = self.flow_bytes {
            options.bytes = match bytes {
                FlowBytesArg::Wire => FlowBytes::Wire,
                FlowBytesArg::Ip => FlowBytes::Ip,
            };
        }
        if let Some(flows) = self.max_flows {
            options.max_flows = usize::try_from(flows).unwrap_or(usize::MAX);
        }
        Ok(options)
    }

    /// A flag that means nothing unless flows are made.
    fn first_given(&self) -> Option<&'static str> {
        let flags = [
            ("--idle-timeout", self.idle_timeout.is_some()),
            ("--active-timeout", self.active_timeout.is_some()),
            ("--bidirectional", self.bidirectional),
            ("--flow-vlan", self.flow_vlan),
            ("--flow-bytes", self.flow_bytes.is_some()),
            ("--max-flows", self.max_flows.is_some()),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}
