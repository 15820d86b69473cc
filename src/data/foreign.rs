//! Files that are taken for tables but are something else, and what to do with each.

use crate::data::text::decode::is_text;

/// A kind of file.
struct Foreign {
    /// How it begins.
    begins: &'static [u8],
    /// What it is, and the way out.
    advice: &'static str,
}

const fn foreign(begins: &'static [u8], advice: &'static str) -> Foreign {
    Foreign { begins, advice }
}

const FOREIGN: [Foreign; 13] = [
    foreign(
        b"version https://git-lfs.github.com/spec/",
        "is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository",
    ),
    foreign(
        b"/annex/objects/",
        "is a git-annex pointer, not the file itself; run `git annex get` in its repository",
    ),
    foreign(b"<!DOCTYPE", "is a web page, not data; download the file itself"),
    foreign(b"<!doctype", "is a web page, not data; download the file itself"),
    foreign(b"<html", "is a web page, not data; download the file itself"),
    foreign(b"\x1f\x8b", "is compressed with gzip; unpack it with gunzip"),
    foreign(b"BZh", "is compressed with bzip2; unpack it with bunzip2"),
    foreign(b"\xfd7zXZ\0", "is compressed with xz; unpack it with unxz"),
    foreign(b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it with unzstd"),
    foreign(b"SIMPLE  =", "is FITS; save the array with np.save('x.npy', fits.getdata(file))"),
    foreign(
        b"MATLAB 5.0",
        "is of MATLAB; save the array with np.save('x.npy', scipy.io.loadmat(file)['name'])",
    ),
    foreign(
        b"\x80\x04\x95",
        "is a pickle, which only Python can read; save the array with np.save('x.npy', \
         np.asarray(pickle.load(open(file, 'rb'))))",
    ),
    foreign(
        b"\x80\x05\x95",
        "is a pickle, which only Python can read; save the array with np.save('x.npy', \
         np.asarray(pickle.load(open(file, 'rb'))))",
    ),
];

/// What a file is that is not of any format here, and what to do with it.
pub(crate) fn advice(bytes: &[u8]) -> Option<&'static str> {
    let known = FOREIGN.iter().find(|foreign| bytes.starts_with(foreign.begins));
    // most characters in the first of them are ASCII
    let utf_16 = || {
        let pairs = bytes.chunks_exact(2).take(32);
        let is_ascii = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        let ascii = |at: usize| {
            4 * pairs.clone().filter(|pair| pair[at] == 0 && is_ascii(pair[1 - at])).count()
                >= 3 * pairs.len()
        };
        bytes.len() > 3 && !is_text(bytes) && (ascii(0) || ascii(1))
    };
    match known {
        Some(foreign) => Some(foreign.advice),
        None => utf_16().then_some("looks like UTF-16 without its mark; save it as UTF-8"),
    }
}
