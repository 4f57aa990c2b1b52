//! Sets of numbers as sorted inclusive ranges. Public: [`Ranges`].

/// A set of integers, or of nanoseconds: inclusive ranges that ascend, with a gap between any two.
///
/// ```
/// use flow_frame::predicate::Ranges;
/// let ports: Ranges = [(1000, 2000), (80, 80), (81, 90)].into_iter().collect();
/// assert_eq!(ports.as_slice(), [(80, 90), (1000, 2000)]);
/// assert!(ports.contains(1500) && !ports.contains(91));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(i128, i128)>);

impl Ranges {
    /// The set of nothing.
    pub const EMPTY: Self = Self(Vec::new());

    /// One value.
    #[must_use]
    pub fn one(value: i128) -> Self {
        Self::between(value, value)
    }

    /// The values from `first` to `last`, both inside; nothing if `first > last`.
    #[must_use]
    pub fn between(first: i128, last: i128) -> Self {
        [(first, last)].into_iter().collect()
    }

    /// The values from `first` on.
    #[must_use]
    pub fn from(first: i128) -> Self {
        Self::between(first, i128::MAX)
    }

    /// The values up to `last`.
    #[must_use]
    pub fn to(last: i128) -> Self {
        Self::between(i128::MIN, last)
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[(i128, i128)] {
        &self.0
    }

    /// Whether the value is inside.
    #[must_use]
    pub fn contains(&self, value: i128) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= value);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| value <= *last)
    }

    /// What lies in `first..=last`.
    #[must_use]
    pub fn clipped(&self, first: i128, last: i128) -> Self {
        self.0.iter().map(|range| (range.0.max(first), range.1.min(last))).collect()
    }

    /// Everything that is not inside.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(i128::MIN);
        for &(first, last) in &self.0 {
            if let (Some(start), Some(end)) = (next, first.checked_sub(1)) {
                gaps.push((start, end));
            }
            next = last.checked_add(1);
        }
        gaps.extend(next.map(|start| (start, i128::MAX)));
        gaps.into_iter().collect()
    }

    /// A set of nanoseconds as whole ticks of so many nanoseconds; exact, because columns hold whole ticks only.
    pub(crate) fn in_ticks(&self, tick_ns: i128) -> Self {
        let tick = tick_ns.max(1);
        let ceil = |ns: i128| match ns {
            i128::MIN => ns,
            ns => ns.div_euclid(tick) + i128::from(ns.rem_euclid(tick) != 0),
        };
        let floor = |ns: i128| if ns == i128::MAX { ns } else { ns.div_euclid(tick) };
        self.0.iter().map(|range| (ceil(range.0), floor(range.1))).collect()
    }
}

impl FromIterator<(i128, i128)> for Ranges {
    /// Ranges in any order; those that touch become one, those that end before they begin are left out.
    fn from_iter<I: IntoIterator<Item = (i128, i128)>>(ranges: I) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(i128, i128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sets_are_what_their_ranges_say(
            ranges in proptest::collection::vec((-20i128..20, -20i128..20), 0..6),
            value in -25i128..25,
            (low, high) in (-20i128..20, -20i128..20),
            tick in 1i128..7,
        ) {
            let set: Ranges = ranges.iter().copied().collect();
            let inside = |v: i128| ranges.iter().any(|(first, last)| (*first..=*last).contains(&v));
            prop_assert_eq!(set.contains(value), inside(value));
            prop_assert_eq!(set.complement().contains(value), !inside(value));
            prop_assert_eq!(set.complement().complement(), set.clone());
            prop_assert_eq!(set.clipped(low, high).contains(value), inside(value) && (low..=high).contains(&value));
            prop_assert_eq!(set.in_ticks(tick).contains(value), inside(value * tick));
            prop_assert!(set.as_slice().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
    }

    #[test]
    fn ends_of_the_number_line() {
        assert_eq!(Ranges::EMPTY.complement().as_slice(), [(i128::MIN, i128::MAX)]);
        assert_eq!(Ranges::from(5).complement(), Ranges::to(4));
        assert_eq!(Ranges::from(5).in_ticks(1000), Ranges::from(1));
        assert_eq!(Ranges::to(-5).in_ticks(1000), Ranges::to(-1));
        assert_eq!(Ranges::from(i128::MAX).complement(), Ranges::to(i128::MAX - 1));
    }
}
