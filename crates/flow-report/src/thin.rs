//! A long line, thinned to the width at which it is drawn.
//!
//! A screen cannot show more than one vertical stroke per pixel column. Of all values in a column only four can be
//! seen: the first and the last (where the line enters and leaves), the least and the largest (how far the stroke
//! reaches). [`Thinner`] keeps exactly these, so the drawn line is the same and its size is bounded by the width.

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Index of the bin, from 0.
    pub index: u64,
    /// Its value, finite.
    pub value: f64,
}

/// What remains of one pixel column. Equal values: the earliest is `min` or `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The column, from 0.
    pub column: u64,
    /// Its first value.
    pub first: Point,
    /// Its least value.
    pub min: Point,
    /// Its largest value.
    pub max: Point,
    /// Its last value.
    pub last: Point,
}

impl Column {
    /// The one to four points that are kept, in order of time, each once.
    pub fn points(&self) -> impl Iterator<Item = Point> + use<> {
        let mut points = [self.first, self.min, self.max, self.last];
        points.sort_by_key(|point| point.index);
        let mut previous = None;
        points.into_iter().filter(move |point| previous.replace(point.index) != Some(point.index))
    }
}

/// Thins a series of known length while it streams by; keeps at most one [`Column`] per pixel.
///
/// A series of no more than four bins per pixel keeps every bin, each as a column of its own: so many points a
/// thinned one could have too.
///
/// # Cost
/// A comparison or two per value; memory for `4 × width` columns at most.
#[derive(Debug, Clone)]
pub struct Thinner {
    bins: u64,
    width: u64,
    /// First index of the next column.
    boundary: u64,
    /// The column that holds the values up to there.
    column: u64,
    open: Option<Column>,
    done: Vec<Column>,
}

impl Thinner {
    /// For a series of `bins` bins, drawn `width` pixels wide (at least 1).
    #[must_use]
    pub fn new(bins: u64, width: u32) -> Self {
        Self { bins, width: u64::from(width.max(1)), boundary: 0, column: 0, open: None, done: Vec::new() }
    }

    /// Whether values are left out.
    #[must_use]
    pub fn thins(&self) -> bool {
        self.bins > self.width.saturating_mul(KEPT)
    }

    /// Takes the next value. Indices rise; one that does not, or lies beyond the series, is left out, and so is a
    /// value that is not finite.
    pub fn push(&mut self, index: u64, value: f64) {
        self.push_run(index, index.saturating_add(1), value);
    }

    /// Takes the same value for all bins of `start..end`, at the cost of the columns that these touch.
    pub fn push_run(&mut self, start: u64, end: u64, value: f64) {
        let end = end.min(self.bins);
        let after_last = self.open.map_or(0, |open| open.last.index.saturating_add(1));
        let mut index = start.max(after_last);
        if !value.is_finite() {
            return;
        }
        while index < end {
            if index >= self.boundary {
                self.turn_to(index);
            }
            let last = end.min(self.boundary).saturating_sub(1).max(index);
            self.add(Point { index, value }, Point { index: last, value });
            index = last.saturating_add(1);
        }
    }

    /// The columns, in order of time; columns without a value are missing.
    #[must_use]
    pub fn finish(mut self) -> Thinned {
        let thinned = self.thins();
        self.done.extend(self.open);
        Thinned { columns: self.done, thinned }
    }

    /// Closes the open column and makes `index` belong to the current one.
    fn turn_to(&mut self, index: u64) {
        self.done.extend(self.open.take());
        if self.thins() {
            // index < bins, so the column is below the width and the boundary at most `bins`.
            let column = u128::from(index) * u128::from(self.width) / u128::from(self.bins);
            let boundary = ((column + 1) * u128::from(self.bins)).div_ceil(u128::from(self.width));
            self.column = u64::try_from(column).unwrap_or(u64::MAX);
            self.boundary = u64::try_from(boundary).unwrap_or(u64::MAX);
        } else {
            self.column = index;
            self.boundary = index.saturating_add(1);
        }
    }

    fn add(&mut self, first: Point, last: Point) {
        match &mut self.open {
            None => self.open = Some(Column { column: self.column, first, min: first, max: first, last }),
            Some(open) => {
                open.last = last;
                if first.value < open.min.value {
                    open.min = first;
                }
                if first.value > open.max.value {
                    open.max = first;
                }
            }
        }
    }
}

/// A thinned series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thinned {
    /// The columns that hold values, in order of time.
    pub columns: Vec<Column>,
    /// Whether values were left out.
    pub thinned: bool,
}

impl Thinned {
    /// All points that are kept, in order of time.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.columns.iter().flat_map(Column::points)
    }

    /// Runs of neighbouring columns: between two runs at least one whole column has no value.
    pub fn runs(&self) -> impl Iterator<Item = &[Column]> {
        self.columns.chunk_by(|a, b| a.column.saturating_add(1) == b.column)
    }

    /// The largest value; none of an empty series.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.columns.iter().map(|column| column.max.value).reduce(f64::max)
    }
}

/// Points that one column keeps at most.
const KEPT: u64 = 4;
