//! What a group of chunks has of a term: which of its chunks, and the places in each of them. Of three letters that very many events
//! have these would be most of the index once more: they are known by the chunk alone.

/// Chunks of a group at most.
pub const GROUP: usize = 64;
/// Letters whose places take more bytes in a chunk are known by the chunk alone.
pub const KEPT: usize = 512;

/// Adds what one chunk of the group has: its places as bytes, which are none where the chunk alone knows them.
pub fn add(group: &mut Vec<u8>, chunk: usize, places: &[u8]) {
    let (Ok(chunk), Ok(length)) = (u8::try_from(chunk), u16::try_from(places.len())) else { return };
    group.push(chunk);
    group.extend(length.to_le_bytes());
    group.extend(places);
}

/// What [`add`] wrote: each chunk with its places. What it cannot have written is taken for places in every chunk that no group
/// knows: whoever looks there reads too much, and misses nothing.
pub fn each(group: &[u8]) -> Vec<(usize, &[u8])> {
    let mut all = Vec::new();
    let mut rest = group;
    while let [chunk, low, high, behind @ ..] = rest {
        let Some((places, others)) = behind.split_at_checked(usize::from(u16::from_le_bytes([*low, *high]))) else {
            break;
        };
        all.push((usize::from(*chunk), places));
        rest = others;
    }
    if rest.is_empty() { all } else { (0..GROUP).map(|chunk| (chunk, &[][..])).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chunks_have_comes_back_as_it_went() {
        let mut group = Vec::new();
        add(&mut group, 0, &[1, 7]);
        add(&mut group, 12, &[]);
        add(&mut group, 63, &[2; KEPT]);
        assert_eq!(each(&group), [(0, &[1, 7][..]), (12, &[]), (63, &[2; KEPT])]);
        assert!(each(&[]).is_empty());
    }

    #[test]
    fn what_cannot_be_read_leaves_no_chunk_out() {
        for bytes in [&[1][..], &[1, 9, 0, 1], &[3, 0, 0, 4]] {
            let all = each(bytes);
            assert!(all.len() == GROUP && all.iter().all(|(_, places)| places.is_empty()), "{bytes:?}");
        }
    }
}
