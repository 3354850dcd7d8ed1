//! Medians: one slow run on a shared machine must not move the result.

use serde::Serialize;

/// What is kept of a series of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// The middle one.
    pub(crate) median: f64,
    /// One in ten was slower.
    pub(crate) p90: f64,
    /// The best, which noise can only have made worse.
    pub(crate) min: f64,
}

impl Summary {
    /// `None` for an empty series.
    pub(crate) fn of(series: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = series.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        Some(Self {
            median: f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)]),
            p90: sorted[(last * 9).div_ceil(10)],
            min: sorted[0],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_series_has_its_middle_and_an_even_one_the_mean_of_the_two() {
        assert_eq!(Summary::of([3.0, 1.0, 2.0]).unwrap().median, 2.0);
        assert_eq!(Summary::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
    }

    #[test]
    fn nine_in_ten_are_at_most_p90() {
        assert_eq!(Summary::of((1..=11).map(f64::from)).unwrap().p90, 10.0);
        assert_eq!(Summary::of([7.0]), Some(Summary { median: 7.0, p90: 7.0, min: 7.0 }));
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Summary::of([]), None);
    }
}
