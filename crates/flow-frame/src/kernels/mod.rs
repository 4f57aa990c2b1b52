//! Streaming kernels over record batches. Each file states the memory that its kernel may take.

mod address_table;
pub(crate) mod columns;
mod conversation_rows;
mod conversation_table;
mod conversations;
mod distinct;
mod group_keys;
mod group_values;
mod groups;
mod key_table;
mod pairs;
mod resample;
mod talkers;
mod top;
mod window;

pub use address_table::AddressTable;
pub(crate) use columns::{Numbers, address_values, column, numbers, present};
pub use conversation_rows::ConversationKind;
pub use conversation_table::ConversationOrder;
pub use conversations::{Conversations, Ends};
pub use distinct::Distinct;
pub use groups::{GroupKey, Groups, Rank};
pub use resample::{Aggregate, Bin, Bins, Cell, Resampler, Series, SeriesReader, Value};
pub use talkers::{Role, Talker, TalkerBy, Talkers};
pub use top::Top;
pub use window::WindowFilter;

/// The memory that a kernel may take for its state unless told otherwise, in bytes.
pub const DEFAULT_STATE_LIMIT: usize = 1 << 30;
