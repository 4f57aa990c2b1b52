//! Tables of fields that tshark wrote.
mod text;
