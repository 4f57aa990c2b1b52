//! The N keys with the largest values. Memory: N keys and values.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Keeps the `n` largest of the pairs that it is shown; among equal values the smaller keys.
///
/// ```
/// let mut top = flow_frame::Top::new(2);
/// for (key, bytes) in [("b", 5), ("c", 9), ("a", 5)] {
///     top.push(key, bytes);
/// }
/// assert_eq!(top.into_sorted(), [("c", 9), ("a", 5)]);
/// ```
#[derive(Debug, Clone)]
pub struct Top<K> {
    n: usize,
    /// The root is the pair that has to go first: the smallest value, and of equal ones the largest key.
    heap: BinaryHeap<(Reverse<u128>, K)>,
}

impl<K: Ord> Top<K> {
    /// A selection of at most `n` pairs.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { n, heap: BinaryHeap::new() }
    }

    /// Shows a pair.
    pub fn push(&mut self, key: K, value: u128) {
        let pair = (Reverse(value), key);
        if self.heap.len() < self.n {
            self.heap.push(pair);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && pair < *worst
        {
            *worst = pair;
        }
    }

    /// The pairs, largest value first, equal values by key ascending.
    #[must_use]
    pub fn into_sorted(self) -> Vec<(K, u128)> {
        self.heap.into_sorted_vec().into_iter().map(|(Reverse(value), key)| (key, value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_sorting(values in proptest::collection::vec(0u128..20, 0..60), n in 0usize..70) {
            let mut top = Top::new(n);
            let mut pairs: Vec<(usize, u128)> = values.into_iter().enumerate().collect();
            for &(key, value) in &pairs {
                top.push(key, value);
            }
            pairs.sort_by_key(|&(key, value)| (Reverse(value), key));
            pairs.truncate(n);
            prop_assert_eq!(top.into_sorted(), pairs);
        }
    }
}
