//! The random numbers of made traffic.

/// SplitMix64 (Steele, Lea, Flood 2014). Our own because the numbers are part of the promise "same seed, same bytes":
/// a library may change its generator between releases, these ten lines stay. Not for secrets.
#[derive(Debug, Clone)]
pub(super) struct SplitMix(u64);

impl SplitMix {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `n`; 0 if `n` is 0. The bias is below n / 2^64.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// True `of_65536` times in 65,536.
    pub(super) fn chance(&mut self, of_65536: u32) -> bool {
        self.next() >> 48 < u64::from(of_65536)
    }

    /// A number in `1 ..= most` that is below 2, 4, 8 … equally often: many small values, a long tail.
    pub(super) fn long_tailed(&mut self, most: u64) -> u64 {
        let octave = self.below(u64::from(most.max(1).ilog2()) + 1);
        ((1 << octave) + self.below(1 << octave)).min(most.max(1))
    }

    /// A rank in `0 .. n` with probability proportional to 1 / (rank + 1), that is Zipf's law, without tables and
    /// without floating point: an octave `2^b .. 2^(b+1)`, a number in it, kept with probability `2^b / number`.
    /// Two rounds on average, whatever `n` is.
    pub(super) fn zipf(&mut self, n: u64) -> u64 {
        let top = u64::from(n.max(1).ilog2());
        loop {
            let first = 1 << self.below(top + 1);
            let number = first + self.below(first);
            if number <= n.max(1) && self.below(number) < first {
                return number - 1;
            }
        }
    }
}

/// The output function of SplitMix64: a bijection of 64 bits.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_numbers_are_the_published_ones() {
        // Seed 1234567, from the reference implementation's own example output.
        let mut rng = SplitMix::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(std::array::from_fn::<u64, 5, _>(|_| rng.next()), expected);
    }

    #[test]
    fn ranks_follow_zipf() {
        let (n, draws) = (100, 400_000);
        let mut rng = SplitMix::new(7);
        let mut counts = vec![0u64; n];
        for _ in 0..draws {
            counts[rng.zipf(n as u64) as usize] += 1;
        }
        let harmonic: f64 = (1..=n).map(|k| 1.0 / k as f64).sum();
        for (rank, count) in counts.iter().enumerate() {
            let expected = draws as f64 / (rank + 1) as f64 / harmonic;
            assert!(
                (*count as f64 - expected).abs() < 6.0 * expected.sqrt(),
                "rank {rank}: {count}, {expected}"
            );
        }
        assert_eq!((rng.zipf(1), rng.zipf(0), rng.below(0), rng.long_tailed(0)), (0, 0, 0, 1));
    }
}
