//! Seeds and counter-based streams: replicate i draws from `seed.stream(purpose, i)`, whatever the thread or batch.
//!
//! The generator is ChaCha with eight rounds (Bernstein 2008). The key is the seed and the purpose, the nonce is the
//! replicate, so streams never overlap and the same seed gives the same draws on every machine.

use chacha20::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// The number that a user writes down to get the same bytes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seed(pub u64);

/// What a stream is for. Two purposes under one seed draw from unrelated keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Units, sites or weights drawn by a bootstrap.
    Resample = 1,
    /// Permutations of labels or residuals.
    Permute = 2,
    /// Draws from a fitted null or parametric model.
    Parametric = 3,
    /// Synthetic data.
    Simulate = 4,
    /// Assignment to folds.
    Folds = 5,
    /// Wild-bootstrap multipliers.
    Wild = 6,
    /// Imputations.
    Impute = 7,
}

impl Seed {
    /// The stream of one replicate.
    pub fn stream(self, purpose: Purpose, replicate: u64) -> Stream {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..].copy_from_slice(b"steelyard stream");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(replicate);
        Stream { rng }
    }
}

/// The draws of one replicate, in order.
#[derive(Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// A uniform number in `[0, 1)` with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A uniform integer in `0..n` without modulo bias (Lemire 2019, <https://doi.org/10.1145/3230636>); `n` at least 1.
    pub fn below(&mut self, n: u32) -> u32 {
        loop {
            let product = u64::from(self.rng.next_u32()) * u64::from(n);
            // The threshold is below n: most draws pass without the division.
            if product as u32 >= n || product as u32 >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    /// Fills `out` with uniform integers in `0..n`, without bias; `n` at least 1.
    ///
    /// Below 65,536 each 32-bit word gives two draws, its low half first: Lemire's multiply with 16 bits, a half being
    /// rejected when the low part of its product is under 65,536 mod n. A half that is left over at the end of a call is
    /// not used by the next. From 65,536 on each draw takes a word of its own. This layout is frozen: a test pins it.
    pub fn fill_below(&mut self, n: u32, out: &mut [u32]) {
        match u16::try_from(n) {
            Ok(n) => self.fill_below_16(n, out),
            Err(_) => out.iter_mut().for_each(|slot| *slot = self.below(n)),
        }
    }

    fn fill_below_16(&mut self, n: u16, out: &mut [u32]) {
        let threshold = (65_536 % u32::from(n)) as u16;
        let mut bytes = [0_u8; 256];
        let mut draws = [0_u16; 128];
        let mut filled = 0;
        while filled < out.len() {
            let wanted = (out.len() - filled).min(draws.len());
            let bytes = &mut bytes[..4 * wanted.div_ceil(2)];
            self.rng.fill_bytes(bytes);
            let halves = bytes.as_chunks::<2>().0;
            let mut rejected = 0_u16;
            for (draw, half) in draws.iter_mut().zip(halves) {
                let product = u32::from(u16::from_le_bytes(*half)) * u32::from(n);
                *draw = (product >> 16) as u16;
                rejected |= u16::from((product as u16) < threshold);
            }
            if rejected == 0 {
                let target = &mut out[filled..filled + wanted];
                target.iter_mut().zip(&draws).for_each(|(slot, &draw)| *slot = u32::from(draw));
                filled += wanted;
                continue;
            }
            // Kept draws move together without a branch: which half is rejected cannot be foretold.
            let mut kept = 0;
            for i in 0..halves.len() {
                let draw = draws[i];
                draws[kept.min(i)] = draw;
                kept += usize::from(u16::from_le_bytes(halves[i]).wrapping_mul(n) >= threshold);
            }
            kept = kept.min(wanted);
            let target = &mut out[filled..filled + kept];
            target.iter_mut().zip(&draws).for_each(|(slot, &draw)| *slot = u32::from(draw));
            filled += kept;
        }
    }

    /// A standard exponential draw by inversion: `-ln(1 - u)` with `libm`, the same on every machine.
    pub fn exponential(&mut self) -> f64 {
        -libm::log1p(-self.uniform())
    }

    /// Shuffles in place (Fisher and Yates): every order is equally likely.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for i in (1..values.len()).rev() {
            let j = self.below(i as u32 + 1) as usize;
            values.swap(i, j);
        }
    }

    /// The generator itself, for the distributions of `rand_distr`.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_seed_purpose_and_replicate_alone() {
        let first = |seed, purpose, replicate| Seed(seed).stream(purpose, replicate).bits();
        let base = first(1, Purpose::Resample, 0);
        assert_eq!(base, first(1, Purpose::Resample, 0));
        assert_ne!(base, first(2, Purpose::Resample, 0));
        assert_ne!(base, first(1, Purpose::Permute, 0));
        assert_ne!(base, first(1, Purpose::Resample, 1));
    }

    #[test]
    fn below_is_uniform() {
        let mut stream = Seed(7).stream(Purpose::Resample, 0);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1;
        }
        // Chi-square with 5 degrees of freedom: 20.5 is its 99.9 % point.
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi2 < 20.5, "chi-square {chi2}");
    }

    #[test]
    fn fill_below_is_uniform_and_its_layout_is_frozen() {
        let mut stream = Seed(7).stream(Purpose::Resample, 0);
        let mut draws = vec![0; 60_001];
        stream.fill_below(6, &mut draws);
        let mut counts = [0_u32; 6];
        for &d in &draws {
            counts[d as usize] += 1;
        }
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 60_001.0 / 6.0).powi(2) / (60_001.0 / 6.0)).sum();
        assert!(chi2 < 20.5, "chi-square {chi2}");

        // The same draws from the words, one half at a time.
        let (n, mut words) = (200_u32, Seed(7).stream(Purpose::Resample, 5));
        let mut expected = Vec::new();
        while expected.len() < 1001 {
            let word = words.rng().next_u32();
            for half in [word & 0xffff, word >> 16] {
                if (half * n) & 0xffff >= 65_536 % n {
                    expected.push((half * n) >> 16);
                }
            }
        }
        let mut draws = vec![0; 1001];
        Seed(7).stream(Purpose::Resample, 5).fill_below(n, &mut draws);
        assert_eq!(draws, expected[..1001]);
    }

    #[test]
    fn draws_are_pinned() {
        let mut draws = [0; 8];
        Seed(1).stream(Purpose::Resample, 3).fill_below(200, &mut draws);
        assert_eq!(draws, [153, 180, 112, 11, 119, 11, 124, 197]);
        Seed(1).stream(Purpose::Resample, 3).fill_below(100_000, &mut draws);
        assert_eq!(draws, [90447, 5803, 5530, 98801, 15179, 97910, 25452, 15224]);
    }

    #[test]
    fn uniform_stays_in_its_interval() {
        let mut stream = Seed(3).stream(Purpose::Simulate, 9);
        assert!((0..10_000).map(|_| stream.uniform()).all(|u| (0.0..1.0).contains(&u)));
    }
}
