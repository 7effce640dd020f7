//! Many times, and what is said of them: exact percentiles, medians of pairs.

/// Times in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    sorted: Vec<u64>,
}

impl Sample {
    pub fn new(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        Self { sorted: times }
    }

    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Milliseconds below which this share of the sample lies (nearest rank); not a number for an empty one.
    pub fn at(&self, share: f64) -> f64 {
        let rank = (share * self.sorted.len() as f64).ceil() as usize;
        self.sorted.get(rank.saturating_sub(1)).map_or(f64::NAN, |time| *time as f64 / 1e6)
    }

    pub fn p50(&self) -> f64 {
        self.at(0.5)
    }

    pub fn p99(&self) -> f64 {
        self.at(0.99)
    }

    pub fn most(&self) -> f64 {
        self.at(1.0)
    }
}

/// The middle of some numbers. What is not a number stands last, so that it shows.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => numbers[count / 2],
        count => f64::midpoint(numbers[count / 2 - 1], numbers[count / 2]),
    }
}

/// `2.31 (2.10–2.55)`: the median and what it lies between.
pub fn spread(numbers: &[f64]) -> String {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.2} ({least:.2}–{most:.2})", median(numbers.iter().copied()))
}
