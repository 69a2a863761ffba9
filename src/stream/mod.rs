//! Seeds and counter-based streams: replicate i draws from `seed.stream(purpose, i)`, whatever the thread or batch.
//!
//! The generator is ChaCha with eight rounds (Bernstein 2008). The key is the seed and the purpose, the nonce is the
//! replicate, so streams never overlap and the same seed gives the same draws on every machine.

mod wide;

use chacha20::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use wide::{REJECTED, Wide};

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
        Stream { words: None, wide: Wide::new(&key, replicate), key, replicate }
    }
}

/// The draws of one replicate, in order.
#[derive(Debug)]
pub struct Stream {
    key: [u8; 32],
    replicate: u64,
    /// The generator of single words, made when the first is asked for: many replicates need none.
    words: Option<ChaCha8Rng>,
    wide: Wide,
}

impl Stream {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.rng().next_u64()
    }

    /// A uniform number in `[0, 1)` with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A uniform integer in `0..n` without modulo bias (Lemire 2019, <https://doi.org/10.1145/3230636>); `n` at least 1.
    pub fn below(&mut self, n: u32) -> u32 {
        loop {
            let product = u64::from(self.rng().next_u32()) * u64::from(n);
            // The threshold is below n: most draws pass without the division.
            if product as u32 >= n || product as u32 >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    /// Fills `out` with uniform integers in `0..n`, without bias; `n` at least 1.
    ///
    /// Below 65,536 each half of a word gives one draw: Lemire's multiply with 16 bits, a half being rejected when the low
    /// part of its product is under 65,536 mod n. The halves come in chunks of 256: draw i takes half i of the call, and the
    /// rejected ones then take, in their order, the halves that follow. What is left of a chunk at the end of a call is not
    /// used by the next. From 65,536 on every draw takes a word of its own. This layout is frozen: a test pins it.
    pub fn fill_below(&mut self, n: u32, out: &mut [u32]) {
        match u16::try_from(n) {
            Ok(n) => self.wide.fill(n, out),
            Err(_) => out.iter_mut().for_each(|slot| *slot = self.below(n)),
        }
    }

    /// Fills slot i with a uniform integer in `0..=i`, without bias: the swaps of a shuffle.
    ///
    /// Up to 65,536 slots each takes a half of a word by Lemire's multiply with 16 bits: in chunks of 256, slot i half i of
    /// the call. The rejected ones then take, in their order, words of their own, and so does every slot of more. This
    /// layout is frozen: a test pins it.
    pub fn fill_below_places(&mut self, out: &mut [u32]) {
        let wide = out.len() <= 1 << 16;
        if wide && !self.wide.fill_places(out) {
            return;
        }
        for (size, slot) in (1..).zip(out) {
            if !wide || *slot == REJECTED {
                *slot = self.below(size);
            }
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
        self.words.get_or_insert_with(|| {
            let mut words = ChaCha8Rng::from_seed(self.key);
            words.set_stream(self.replicate);
            words
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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

    /// The halves of the first chunks of stream `replicate` of seed 7, from the library's words.
    fn halves(replicate: u64, chunks: u64) -> Vec<u32> {
        let mut words = Seed(7).stream(Purpose::Resample, replicate);
        let of_chunk = |chunk| {
            words.rng().set_block_pos((1 << 63) + 8 * chunk);
            let blocks: Vec<u32> = (0..128).map(|_| words.rng().next_u32()).collect();
            let lanes: Vec<u32> = (0..128).map(|i| blocks[16 * (i % 8) + i / 8]).collect();
            let (low, high) = (lanes.iter().map(|word| word & 0xffff), lanes.iter().map(|word| word >> 16));
            low.chain(high).collect::<Vec<u32>>()
        };
        (0..chunks).flat_map(of_chunk).collect()
    }

    #[test]
    fn places_are_uniform_below_their_own_size_and_their_layout_is_frozen() {
        let mut stream = Seed(7).stream(Purpose::Resample, 4);
        let mut slots = vec![0; 701];
        stream.fill_below_places(&mut slots);
        let mut words = Seed(7).stream(Purpose::Resample, 4);
        let mut rejected = 0;
        for ((size, slot), half) in (1..).zip(&slots).zip(halves(4, 3)) {
            let product = half * size;
            let expected = if product & 0xffff < 65_536 % size {
                rejected += 1;
                words.below(size)
            } else {
                product >> 16
            };
            assert_eq!(*slot, expected, "below {size}");
        }
        assert!(rejected > 0);
        // Slot 6 over many replicates: chi-square with 6 degrees of freedom has its 99.9 % point at 22.5.
        let mut counts = [0_u32; 7];
        for replicate in 0..70_000 {
            let mut slots = [0; 7];
            Seed(5).stream(Purpose::Permute, replicate).fill_below_places(&mut slots);
            counts[slots[6] as usize] += 1;
        }
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi2 < 22.5, "chi-square {chi2}");
    }

    #[test]
    fn many_places_take_words_of_their_own() {
        let mut slots = vec![0; 65_537];
        Seed(7).stream(Purpose::Resample, 4).fill_below_places(&mut slots);
        let mut words = Seed(7).stream(Purpose::Resample, 4);
        assert!((1..).zip(&slots).all(|(size, &slot)| slot == words.below(size)));
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

        // The same draws from the library's words, one half at a time.
        let n = 200_u32;
        let products: Vec<u32> = halves(5, 5).iter().map(|half| half * n).collect();
        let kept = |product: &u32| product & 0xffff >= 65_536 % n;
        let mut later = products[1001..].iter().filter(|product| kept(product));
        let expected: Vec<u32> = products[..1001]
            .iter()
            .map(|product| if kept(product) { product } else { later.next().unwrap() } >> 16)
            .collect();
        assert!(!products[..1001].iter().all(kept));
        let mut draws = vec![0; 1001];
        Seed(7).stream(Purpose::Resample, 5).fill_below(n, &mut draws);
        assert_eq!(draws, expected);
    }

    #[test]
    fn draws_are_pinned() {
        let mut draws = [0; 8];
        Seed(1).stream(Purpose::Resample, 3).fill_below(200, &mut draws);
        assert_eq!(draws, [28, 36, 21, 131, 128, 66, 103, 70]);
        Seed(1).stream(Purpose::Resample, 3).fill_below(100_000, &mut draws);
        assert_eq!(draws, [90447, 5803, 5530, 98801, 15179, 97910, 25452, 15224]);
    }

    #[test]
    fn uniform_stays_in_its_interval() {
        let mut stream = Seed(3).stream(Purpose::Simulate, 9);
        assert!((0..10_000).map(|_| stream.uniform()).all(|u| (0.0..1.0).contains(&u)));
    }
}
