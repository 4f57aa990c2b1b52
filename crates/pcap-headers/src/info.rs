//! What a capture says about itself: file, sections, interfaces.

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};
use crate::linktype::LinkType;
use crate::pcap::FileHeader;
use crate::time::Resolution;

/// What was seen of a capture's own description so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureInfo {
    /// The header of a pcap file.
    pub pcap: Option<FileHeader>,
    /// The sections of a pcapng file, in their order.
    pub sections: Vec<Section>,
    /// The interfaces of all sections, in their order; of a pcap file the one that its header stands for.
    pub interfaces: Vec<Interface>,
    /// Bytes that sections and interfaces take.
    kept: usize,
}

impl CaptureInfo {
    pub(crate) fn push_section(&mut self, section: Section, limit: usize) -> Result<()> {
        self.keep(size_of::<Section>() + section.text_bytes(), limit)?;
        self.sections.push(section);
        Ok(())
    }

    pub(crate) fn push_interface(&mut self, interface: Interface, limit: usize) -> Result<()> {
        self.keep(size_of::<Interface>() + interface.text_bytes(), limit)?;
        self.interfaces.push(interface);
        Ok(())
    }

    fn keep(&mut self, bytes: usize, limit: usize) -> Result<()> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > limit {
            return Err(Error::limit("description of interfaces", self.kept, limit));
        }
        Ok(())
    }
}

/// A section of a pcapng file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The section's byte order.
    pub byte_order: ByteOrder,
    /// Major and minor version.
    pub version: (u16, u16),
    /// `shb_hardware`: the capturing machine.
    pub hardware: Option<String>,
    /// `shb_os`: its operating system.
    pub os: Option<String>,
    /// `shb_userappl`: the capturing program.
    pub application: Option<String>,
    /// `opt_comment`.
    pub comments: Vec<String>,
}

impl Section {
    fn text_bytes(&self) -> usize {
        texts([&self.hardware, &self.os, &self.application]) + all(&self.comments)
    }
}

/// An interface of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// The section it belongs to, from 0.
    pub section: usize,
    /// What the first header of its packets is.
    pub link_type: LinkType,
    /// Most bytes that were captured of a packet; 0: no limit.
    pub snap_len: u32,
    /// Resolution of the times.
    pub resolution: Resolution,
    /// Seconds that are added to each time.
    pub offset_s: i64,
    /// Bytes of a frame check sequence at the end of packets, if the file says.
    pub fcs_len: Option<u8>,
    /// `if_name`.
    pub name: Option<String>,
    /// `if_description`.
    pub description: Option<String>,
    /// `if_os`.
    pub os: Option<String>,
    /// `if_hardware`.
    pub hardware: Option<String>,
    /// `if_filter`, a capture filter's text.
    pub filter: Option<String>,
    /// `opt_comment`.
    pub comments: Vec<String>,
    /// Packets that the interface received, as its last statistics say.
    pub received: Option<u64>,
    /// Packets that it dropped, as its last statistics say.
    pub dropped: Option<u64>,
}

impl Interface {
    /// An interface of which only this is known.
    pub(crate) fn new(section: usize, link_type: LinkType, snap_len: u32, resolution: Resolution) -> Self {
        Self {
            section,
            link_type,
            snap_len,
            resolution,
            offset_s: 0,
            fcs_len: None,
            name: None,
            description: None,
            os: None,
            hardware: None,
            filter: None,
            comments: Vec::new(),
            received: None,
            dropped: None,
        }
    }

    fn text_bytes(&self) -> usize {
        texts([&self.name, &self.description, &self.os, &self.hardware, &self.filter]) + all(&self.comments)
    }
}

fn texts<const N: usize>(texts: [&Option<String>; N]) -> usize {
    texts.iter().filter_map(|text| text.as_ref()).map(String::len).sum()
}

fn all(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len() + size_of::<String>()).sum()
}
