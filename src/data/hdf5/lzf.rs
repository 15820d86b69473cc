//! LZF, with which h5py and the tools of ATLAS compress (M. Lehmann's LibLZF): runs of bytes, and
//! repetitions of what stands before them.

/// Unpacks at most `size` bytes; `None` if the block is damaged.
pub(crate) fn unpacked(block: &[u8], size: usize) -> Option<Vec<u8>> {
    let (mut rest, mut bytes) = (block.iter().map(|byte| usize::from(*byte)), Vec::new());
    while let Some(control) = rest.next() {
        if control < 32 {
            for _ in 0..=control {
                bytes.push(rest.next()? as u8);
            }
        } else {
            let length = match control >> 5 {
                7 => rest.next()? + 9,
                short => short + 2,
            };
            let back = ((control & 31) << 8) + rest.next()? + 1;
            let from = bytes.len().checked_sub(back)?;
            (from..from + length).for_each(|at| bytes.push(bytes[at]));
        }
        if bytes.len() > size {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::unpacked;

    #[test]
    fn runs_and_repetitions_are_unpacked() {
        let is = |block: &[u8], bytes: &[u8]| assert_eq!(unpacked(block, 20).unwrap(), bytes);
        is(&[], b"");
        is(&[2, b'a', b'b', b'c'], b"abc");
        // "ab", then 4 bytes from 2 before; "a", then 10 from 1 before
        is(&[1, b'a', b'b', 2 << 5, 1], b"ababab");
        is(&[0, b'a', 7 << 5, 1, 0], b"aaaaaaaaaaa");
        // cut short, before the first byte, more than there may be
        for damaged in [&[2, b'a'][..], &[0, b'a', 1 << 5, 1], &[0, b'a', 7 << 5, 200, 0]] {
            assert_eq!(unpacked(damaged, 20), None);
        }
    }
}
