//! A set of places in a chunk: a bit each in memory; as bytes the shorter of the bits and of the distances between them.

use super::CHUNK;

/// The first byte says which form the others have.
const DISTANCES: u8 = 1;
const BITS: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places(Vec<u64>);

impl Places {
    /// None of a chunk's places.
    pub fn none() -> Self {
        Self(vec![0; CHUNK / 64])
    }

    /// The places from one up to and without another.
    pub fn between(from: usize, to: usize) -> Self {
        let mut places = Self::none();
        for (index, word) in places.0.iter_mut().enumerate() {
            let (from, to) = (from.max(index * 64), to.min(index * 64 + 64));
            if from < to {
                let ones = if to - from == 64 { u64::MAX } else { (1 << (to - from)) - 1 };
                *word = ones << (from % 64);
            }
        }
        places
    }

    pub fn also(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    pub fn only(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// All of them, the first one first.
    pub fn to_vec(&self) -> Vec<usize> {
        let mut places = Vec::new();
        for (index, word) in self.0.iter().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                places.push(index * 64 + rest.trailing_zeros() as usize);
                rest &= rest - 1;
            }
        }
        places
    }

    /// `places`, the first one first, as bytes.
    pub fn encode(places: &[u16]) -> Vec<u8> {
        let mut bytes = vec![DISTANCES];
        let mut before = 0;
        for (index, place) in places.iter().enumerate() {
            let mut distance = if index == 0 { *place } else { place - before };
            before = *place;
            // LEB128: seven bits a byte, the lowest first.
            while distance >= 128 {
                bytes.push((distance & 127) as u8 | 128);
                distance >>= 7;
            }
            bytes.push(distance as u8);
        }
        let as_bits = usize::from(before) / 8 + 2;
        if as_bits < bytes.len() {
            bytes = vec![0; as_bits];
            bytes[0] = BITS;
            for place in places {
                bytes[1 + usize::from(*place) / 8] |= 1 << (place % 8);
            }
        }
        bytes
    }

    /// The places that [`Places::encode`] wrote. What it cannot have written is taken for all places: whoever looks there reads
    /// too much, and misses nothing.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut places = Self::none();
        match bytes.split_first() {
            Some((&DISTANCES, distances)) => {
                let (mut place, mut distance, mut shift) = (0, 0, 0);
                for byte in distances {
                    distance |= usize::from(byte & 127) << shift;
                    shift = (shift + 7) % 21;
                    if byte & 128 == 0 {
                        place += distance;
                        if place >= CHUNK {
                            return Self::between(0, CHUNK);
                        }
                        places.0[place / 64] |= 1 << (place % 64);
                        (distance, shift) = (0, 0);
                    }
                }
            }
            Some((&BITS, bits)) => {
                for (index, byte) in bits.iter().take(CHUNK / 8).enumerate() {
                    places.0[index / 8] |= u64::from(*byte) << (index % 8 * 8);
                }
            }
            _ => return Self::between(0, CHUNK),
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_come_back_as_they_went(known in proptest::collection::btree_set(0_u16..32_768, 0..900), step in 1_u16..9) {
            for places in [known.into_iter().collect::<Vec<_>>(), (0..32_768).step_by(usize::from(step)).collect()] {
                let bytes = Places::encode(&places);
                prop_assert!(bytes.len() <= CHUNK / 8 + 1);
                let back = Places::decode(&bytes);
                prop_assert_eq!(back.count(), places.len());
                prop_assert_eq!(back.to_vec(), places.into_iter().map(usize::from).collect::<Vec<_>>());
            }
        }

        #[test]
        fn places_between_two_are_those(from in 0_usize..32_768, length in 0_usize..32_768) {
            let to = (from + length).min(CHUNK);
            prop_assert_eq!(Places::between(from, to).to_vec(), (from..to).collect::<Vec<_>>());
        }

        #[test]
        fn junk_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Places::decode(&bytes);
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_nothing_out() {
        for bytes in [&[][..], &[9, 1, 2], &[DISTANCES, 255, 255, 3]] {
            assert_eq!(Places::decode(bytes).count(), CHUNK, "{bytes:?}");
        }
    }
}
