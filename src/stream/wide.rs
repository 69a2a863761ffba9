//! Eight ChaCha blocks side by side, and bounded draws from the halves of their words; the widest vectors of the machine
//! are chosen at run time.
//!
//! The words are those of `chacha20`'s generator, a test holds them equal. What is ours is the layout: lane l of word i
//! belongs to block l, so that no word has to move between lanes.

// What a dispatched function calls must become part of it, or it would be compiled for the narrowest machine.
#![allow(clippy::inline_always)]

use pulp::{Arch, NullaryFnOnce};

/// Blocks computed together.
const LANES: usize = 8;
/// Words of a block.
const WORDS: usize = 16;
/// Halves of words that one chunk of blocks gives.
const HALVES: usize = 2 * LANES * WORDS;
/// Stands for a half that gives no draw; no draw is as large.
pub(super) const REJECTED: u32 = u32::MAX;
/// The block counter where chunks begin; the generator of single words counts from zero and never gets here.
const FIRST_BLOCK: u64 = 1 << 63;

type Lanes = [u32; LANES];

/// Where the chunks of one stream come from.
#[derive(Debug)]
pub(super) struct Wide {
    key: [u32; 8],
    nonce: u64,
    next: u64,
    arch: Arch,
}

impl Wide {
    pub(super) fn new(key: &[u8; 32], nonce: u64) -> Self {
        let mut words = [0; 8];
        words.iter_mut().zip(key.as_chunks::<4>().0).for_each(|(word, bytes)| *word = u32::from_le_bytes(*bytes));
        Self { key: words, nonce, next: FIRST_BLOCK, arch: Arch::new() }
    }

    /// Fills `out` with draws from `0..n`, in the layout that [`super::Stream::fill_below`] states.
    pub(super) fn fill(&mut self, n: u16, out: &mut [u32]) {
        let below = Below::new(n);
        let mut draws = [0; HALVES];
        let (mut rejected, mut used) = (false, 0);
        for chunk in out.chunks_mut(HALVES) {
            rejected |= self.advance(below, &mut draws);
            used = chunk.len();
            chunk.copy_from_slice(&draws[..used]);
        }
        if rejected {
            self.arch.dispatch(Redraw { wide: self, below, out, draws: &mut draws, used });
        }
    }

    /// Fills slot i with a draw from `0..=i`, or with [`REJECTED`]; whether one was rejected. At most 65,536 slots.
    pub(super) fn fill_places(&mut self, out: &mut [u32]) -> bool {
        let mut draws = [0; HALVES];
        let mut rejected = false;
        for (number, chunk) in out.chunks_mut(HALVES).enumerate() {
            rejected |= self.advance(Place { first: (number * HALVES) as u32 }, &mut draws);
            chunk.copy_from_slice(&draws[..chunk.len()]);
        }
        rejected
    }

    /// Makes the draws of the next chunk; whether a half of it gave none.
    fn advance<B: Bounds>(&mut self, bounds: B, draws: &mut [u32; HALVES]) -> bool {
        let chunk = Chunk { key: &self.key, counter: self.next, nonce: self.nonce, bounds, draws };
        self.next = self.next.wrapping_add(LANES as u64);
        self.arch.dispatch(chunk)
    }
}

/// What each half of a chunk is drawn below.
trait Bounds: Copy {
    /// The number that half `i` stays below, at most 65,536.
    fn size(self, i: usize) -> u32;
    /// Whether a product with these low bits is rejected: they are below 65,536 modulo that number.
    fn rejects(self, i: usize, low: u32) -> bool;
}

/// One number for all.
#[derive(Clone, Copy)]
struct Below {
    size: u32,
    threshold: u32,
}

impl Below {
    fn new(n: u16) -> Self {
        Self { size: u32::from(n), threshold: 65_536 % u32::from(n) }
    }
}

impl Bounds for Below {
    #[inline(always)]
    fn size(self, _: usize) -> u32 {
        self.size
    }

    #[inline(always)]
    fn rejects(self, _: usize, low: u32) -> bool {
        low < self.threshold
    }
}

/// Slot i below i + 1; the chunk begins at slot `first`.
#[derive(Clone, Copy)]
struct Place {
    first: u32,
}

impl Bounds for Place {
    #[inline(always)]
    fn size(self, i: usize) -> u32 {
        self.first.wrapping_add(i as u32 + 1)
    }

    /// Vectors cannot divide integers. In single precision the quotient of 65,536 never rounds up to a whole number that it
    /// does not reach: it misses one by at least 1 / size, and rounding moves it by at most 2^-8 / size. All else is exact.
    #[inline(always)]
    fn rejects(self, i: usize, low: u32) -> bool {
        let size = self.size(i).cast_signed() as f32;
        (low.cast_signed() as f32) < 65_536.0 - size * (65_536.0 / size).floor()
    }
}

/// Rejected draws take the halves that follow, in their order; `used` halves of the chunk at hand are taken.
struct Redraw<'a> {
    wide: &'a mut Wide,
    below: Below,
    out: &'a mut [u32],
    draws: &'a mut [u32; HALVES],
    used: usize,
}

impl NullaryFnOnce for Redraw<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        for glance in self.out.chunks_mut(32) {
            // A glance without a branch inside passes most draws by.
            if glance.iter().fold(0, |most, &draw| most.max(draw)) != REJECTED {
                continue;
            }
            for slot in glance {
                while *slot == REJECTED {
                    if self.used == HALVES {
                        self.wide.advance(self.below, self.draws);
                        self.used = 0;
                    }
                    *slot = self.draws[self.used];
                    self.used += 1;
                }
            }
        }
    }
}

struct Chunk<'a, B> {
    key: &'a [u32; 8],
    counter: u64,
    nonce: u64,
    bounds: B,
    draws: &'a mut [u32; HALVES],
}

impl<B: Bounds> NullaryFnOnce for Chunk<'_, B> {
    type Output = bool;

    // Inlined into the function that pulp compiles for each instruction set.
    #[inline(always)]
    fn call(self) -> bool {
        let words = blocks(self.key, self.counter, self.nonce);
        // Lemire's multiply with 16 bits; a half times a number up to 65,536 stays below 2^32.
        let draw = |i: usize, half: u32| {
            let product = half.wrapping_mul(self.bounds.size(i));
            if self.bounds.rejects(i, product & 0xffff) { REJECTED } else { product >> 16 }
        };
        let (low, high) = self.draws.split_at_mut(HALVES / 2);
        let pairs = low.iter_mut().zip(high).zip(words.as_flattened()).enumerate();
        pairs.for_each(|(i, ((low, high), word))| {
            *low = draw(i, word & 0xffff);
            *high = draw(HALVES / 2 + i, word >> 16);
        });
        self.draws.iter().fold(0, |most, &draw| most.max(draw)) == REJECTED
    }
}

/// Blocks `counter..counter + LANES` of ChaCha with eight rounds (Bernstein 2008), 64-bit counter and nonce.
#[inline(always)]
fn blocks(key: &[u32; 8], counter: u64, nonce: u64) -> [Lanes; WORDS] {
    let constants = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
    let mut start = [[0; LANES]; WORDS];
    for l in 0..LANES {
        let block = counter.wrapping_add(l as u64);
        for i in 0..4 {
            start[i][l] = constants[i];
        }
        for i in 0..8 {
            start[4 + i][l] = key[i];
        }
        start[12][l] = block as u32;
        start[13][l] = (block >> 32) as u32;
        start[14][l] = nonce as u32;
        start[15][l] = (nonce >> 32) as u32;
    }
    let mut state = start;
    for _ in 0..4 {
        quarter_round(&mut state, [0, 4, 8, 12]);
        quarter_round(&mut state, [1, 5, 9, 13]);
        quarter_round(&mut state, [2, 6, 10, 14]);
        quarter_round(&mut state, [3, 7, 11, 15]);
        quarter_round(&mut state, [0, 5, 10, 15]);
        quarter_round(&mut state, [1, 6, 11, 12]);
        quarter_round(&mut state, [2, 7, 8, 13]);
        quarter_round(&mut state, [3, 4, 9, 14]);
    }
    for (word, begin) in state.iter_mut().zip(&start) {
        for l in 0..LANES {
            word[l] = word[l].wrapping_add(begin[l]);
        }
    }
    state
}

#[inline(always)]
fn quarter_round(state: &mut [Lanes; WORDS], [a, b, c, d]: [usize; 4]) {
    half_quarter(state, [a, b, d], 16);
    half_quarter(state, [c, d, b], 12);
    half_quarter(state, [a, b, d], 8);
    half_quarter(state, [c, d, b], 7);
}

/// `x += y; z = (z ^ x) <<< bits`, lane by lane.
#[inline(always)]
fn half_quarter(state: &mut [Lanes; WORDS], [x, y, z]: [usize; 3], bits: u32) {
    for l in 0..LANES {
        state[x][l] = state[x][l].wrapping_add(state[y][l]);
        state[z][l] = (state[z][l] ^ state[x][l]).rotate_left(bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha8Rng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn words_are_those_of_the_library() {
        let key: [u8; 32] = std::array::from_fn(|i| 7 * i as u8 + 1);
        let nonce = 0x0123_4567_89ab_cdef;
        for counter in [0, FIRST_BLOCK, (1 << 32) - 3] {
            let mut library = ChaCha8Rng::from_seed(key);
            library.set_stream(nonce);
            library.set_block_pos(counter);
            let ours = blocks(&Wide::new(&key, nonce).key, counter, nonce);
            for l in 0..LANES {
                for i in 0..WORDS {
                    assert_eq!(ours[i][l], library.next_u32(), "word {i} of block {l} after {counter}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_draws() {
        let mut wide = Wide::new(&[9; 32], 5);
        let (mut plain, mut draws) = ([0; HALVES], [0; HALVES]);
        for chunk in 0..3 {
            let counter = FIRST_BLOCK + 2 * chunk * LANES as u64;
            let (below, place) = (Below::new(201), Place { first: 301 });
            let key = wide.key;
            let rejected = Chunk { key: &key, counter, nonce: 5, bounds: below, draws: &mut plain }.call();
            assert_eq!(wide.advance(below, &mut draws), rejected);
            assert_eq!(draws, plain);
            assert_eq!(plain.contains(&REJECTED), rejected);
            let counter = counter + LANES as u64;
            Chunk { key: &key, counter, nonce: 5, bounds: place, draws: &mut plain }.call();
            wide.advance(place, &mut draws);
            assert_eq!(draws, plain);
        }
    }

    #[test]
    fn places_reject_below_the_remainder() {
        for first in 0..65_536 {
            let (place, remainder) = (Place { first }, 65_536 % (first + 1));
            assert!(!place.rejects(0, remainder), "{first}");
            assert!(remainder == 0 || place.rejects(0, remainder - 1), "{first}");
        }
    }
}
