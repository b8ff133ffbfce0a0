//! Chance: the same seed draws the same.

/// A generator (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `below`, without that.
    pub fn draw(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// A number from the first to the last of these.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.draw(last - first + 1)
    }

    /// Whether something happens that happens so often in a thousand times.
    pub fn strikes(&mut self, in_a_thousand: u32) -> bool {
        in_a_thousand > 0 && self.draw(1000) < u64::from(in_a_thousand)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let place = self.draw(of.len() as u64);
        of[usize::try_from(place).unwrap()]
    }
}
