//! Names of sensors, classes and types as dictionary columns: one dictionary per stream, made once from the site.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, StringArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use silk_format::{Column, ColumnBuf, SiteConfig, Values};

use crate::error::Result;
use crate::schema::Derived;

/// The dictionary of one derived column, and the key of each number that has a name.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// Key by stored number; -1 has no name.
    keys: Vec<i32>,
    dictionary: ArrayRef,
}

impl Derived {
    /// The stored column that the names are of.
    pub(crate) const fn number(self) -> Column {
        match self {
            Self::Sensor => Column::SensorId,
            Self::Class | Self::Type => Column::ClasstypeId,
        }
    }
}

impl Names {
    pub(crate) fn new(derived: Derived, site: Option<&SiteConfig>) -> Self {
        let named: Vec<(usize, &str)> = match (derived, site) {
            (_, None) => Vec::new(),
            (Derived::Sensor, Some(site)) => {
                (0..=u16::MAX).filter_map(|id| Some((usize::from(id), site.sensor_name(id)?))).collect()
            }
            (Derived::Class, Some(site)) => {
                site.flowtypes().map(|flowtype| (usize::from(flowtype.id), flowtype.class)).collect()
            }
            (Derived::Type, Some(site)) => {
                site.flowtypes().map(|flowtype| (usize::from(flowtype.id), flowtype.name)).collect()
            }
        };
        let mut texts: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut keys = vec![-1; named.iter().map(|(id, _)| id + 1).max().unwrap_or(0)];
        for (id, name) in named {
            if let (Some(key), Ok(at)) = (keys.get_mut(id), texts.binary_search(&name)) {
                *key = i32::try_from(at).unwrap_or(-1);
            }
        }
        Self { keys, dictionary: Arc::new(StringArray::from(texts)) }
    }

    /// The names of a column of numbers.
    pub(crate) fn column(&self, numbers: &ColumnBuf) -> Result<ArrayRef> {
        let keys: Vec<i32> = match &numbers.values {
            Values::U16(ids) => ids.iter().map(|id| self.key(usize::from(*id))).collect(),
            Values::U8(ids) => ids.iter().map(|id| self.key(usize::from(*id))).collect(),
            _ => Vec::new(),
        };
        // The value under a null number may be one that has a name.
        let named = keys.iter().enumerate().map(|(row, key)| *key >= 0 && numbers.validity.is_present(row));
        let nulls = NullBuffer::from_iter(named);
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        let keys = PrimitiveArray::<Int32Type>::new(ScalarBuffer::from(keys), nulls);
        Ok(Arc::new(DictionaryArray::try_new(keys, Arc::clone(&self.dictionary))?))
    }

    fn key(&self, number: usize) -> i32 {
        self.keys.get(number).copied().unwrap_or(-1)
    }
}
