//! The bytes of a path, however they are stored: mapped or read, plain or compressed, a file or standard input.
//!
//! ```
//! use std::io::Read;
//! use mapped_input::{Codec, Input, Opened};
//!
//! # let path = std::env::temp_dir().join(format!("mapped-input-lib-{}", std::process::id()));
//! # std::fs::write(&path, b"some bytes")?;
//! let mut input = Input::open(&path)?;
//! let mut content = Vec::new();
//! input.read_to_end(&mut content)?;
//! assert_eq!((input.opened(), input.codec(), content.len()), (Opened::Read, Codec::Plain, 10));
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! | task | item |
//! |---|---|
//! | read a path with a large buffer (the default) | [`Input::open`] |
//! | map a path, with a promise | [`Input::map`], [`Input::as_slice`] |
//! | read standard input or any reader | [`Input::stdin`], [`Input::from_reader`] |
//! | know how it was opened and how it is compressed | [`Input::opened`], [`Input::codec`] |
//! | show progress | [`Input::stored_position`], [`Input::stored_len`] |
//! | change buffers, sniffing, the zstd window | [`Options`] |
//! | tell a damaged file from a broken disk | [`class_of`], [`Error::class`] |
//!
//! # Units and missing values
//!
//! | value | unit | missing |
//! |---|---|---|
//! | [`Input::stored_len`] | stored bytes, as the file had them when it was opened | not a regular file |
//! | [`Input::stored_position`] | stored bytes used up | – |
//! | [`Error::offset`] | stored bytes up to which the decoder had read | the error has no place |
//!
//! The codec is found in the first four bytes: gzip `1F 8B 08`, zstd `28 B5 2F FD` (or a skippable frame), lz4 frame
//! `04 22 4D 18`, zip `50 4B 03 04`; everything else, and every shorter file, is plain. The first three may consist of
//! several members or frames, whose contents follow each other. Bytes after the last gzip member that begin no other are
//! ignored, as `gzip` does; after a zstd or lz4 frame they are damage. A zip archive is read from front to back and holds
//! one file: a second one is refused when it is met, folders and the notes of macOS are passed over.
//!
//! # Errors
//!
//! Opening gives an [`Error`]; reading gives an [`std::io::Error`] with one inside. Data that is cut short delivers all
//! that can be decoded, then an error of kind `UnexpectedEof` and class [`Class::Malformed`]; damage and wrong checksums
//! give kind `InvalidData`. After an error the input has ended.
//!
//! # Features
//!
//! `gzip` (pure Rust), `zstd` (the reference library, C), `lz4` (pure Rust), `zip` (pure Rust); all on by default. Without a feature its
//! codec is still recognised and refused with an error that names the feature.
//!
//! # What this crate does not do
//!
//! It knows no format inside, writes nothing, and does not follow a file that grows. It does not read lz4's legacy frames,
//! zstd or lz4 data with a dictionary, encrypted zip archives and those of several files, bzip2 or xz.
//!
//! # Sources
//!
//! RFC 1952 (gzip), RFC 8878 (zstd), `lz4_Frame_format.md` 1.6, APPNOTE.TXT 6.3.10 (zip).

#![deny(unsafe_code)]

mod codec;
mod error;
mod input;
#[expect(unsafe_code, reason = "mapping a file is the purpose of this one module")]
mod mapped;
mod options;
mod source;

pub use codec::Codec;
pub use error::{Class, Error, ErrorKind, Result, class_of};
pub use input::{Input, Opened};
pub use mapped::Mapped;
pub use options::Options;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
