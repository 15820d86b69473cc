//! The container of an npz: a zip without compression, as `numpy.savez` writes it, the same bytes
//! for the same members.
//!
//! Reading leaves zip files to `npyz`. Its writer compresses and stamps the time of day unless told
//! otherwise in types of a crate that it does not pass on, so the few records of a plain zip are
//! written here (PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).

use std::io::{self, Write};

/// The first day a zip can name, 1 January 1980: not when the file was written, so that equal data
/// gives equal bytes.
const DATE: u16 = (1 << 5) | 1;

/// Version 2.0 of the format, the oldest that every reader knows.
const VERSION: u16 = 20;

/// Writes members of a name and its bytes.
///
/// # Errors
/// Those of `writer`, and members that together are 4 GiB or more, which this format cannot count.
pub(crate) fn write(writer: &mut dyn Write, members: &[(String, Vec<u8>)]) -> io::Result<()> {
    let mut directory = Vec::new();
    let mut offset = 0;
    for (name, bytes) in members {
        let (size, name_size) = (count(bytes.len())?, name.len() as u16);
        let mut common = Vec::new();
        words(&mut common, &[VERSION, 0, 0, 0, DATE]);
        longs(&mut common, &[checksum(bytes), size, size]);
        words(&mut common, &[name_size, 0]);

        let mut header = b"PK\x03\x04".to_vec();
        header.extend(&common);
        header.extend(name.as_bytes());
        writer.write_all(&header)?;
        writer.write_all(bytes)?;

        directory.extend(b"PK\x01\x02");
        words(&mut directory, &[VERSION]);
        directory.extend(&common);
        words(&mut directory, &[0, 0, 0]);
        longs(&mut directory, &[0, count(offset)?]);
        directory.extend(name.as_bytes());
        offset += header.len() + bytes.len();
    }
    let (size, start, members) = (count(directory.len())?, count(offset)?, members.len() as u16);
    directory.extend(b"PK\x05\x06");
    words(&mut directory, &[0, 0, members, members]);
    longs(&mut directory, &[size, start]);
    words(&mut directory, &[0]);
    writer.write_all(&directory)
}

/// A size as the format keeps it.
fn count(size: usize) -> io::Result<u32> {
    u32::try_from(size)
        .map_err(|_| io::Error::other("the arrays take 4 GiB or more, too much for one npz"))
}

fn words(bytes: &mut Vec<u8>, words: &[u16]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

fn longs(bytes: &mut Vec<u8>, longs: &[u32]) {
    bytes.extend(longs.iter().flat_map(|long| long.to_le_bytes()));
}

/// The CRC-32 of a zip: the reflected polynomial 0xEDB88320, a byte at a time.
fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, &byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        // the check value that catalogues of CRCs list for CRC-32/ISO-HDLC
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn another_library_reads_the_members_back() {
        let members =
            [("x.npy".to_string(), b"some bytes".to_vec()), ("empty.npy".to_string(), Vec::new())];
        let mut file = Vec::new();
        write(&mut file, &members).unwrap();
        let mut archive = npyz::npz::NpzArchive::new(io::Cursor::new(&file)).unwrap();
        for (name, bytes) in &members {
            let mut read = Vec::new();
            io::Read::read_to_end(&mut archive.zip_archive().by_name(name).unwrap(), &mut read)
                .unwrap();
            assert_eq!(&read, bytes, "{name}");
        }
    }
}
