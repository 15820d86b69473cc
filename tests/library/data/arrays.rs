//! Arrays that numpy wrote, and tables in text.

use std::fs;
use std::path::Path;

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, FORMATS, Matrix, TextOptions, is_dataset, read_matrix, read_table};

use super::fixture;
use super::folder;
use super::strings;

use crate::common::says;

const FLOATS: [f64; 6] = [-1.5, 0.25, 3.0, 4.0, 5.0, 60000.0];

#[test]
fn every_type_and_order_of_numpy_reads() {
    for file in ["kinds.npz", "kinds_compressed.npz"] {
        for kind in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"] {
            let expected = match kind.as_bytes()[0] {
                b'f' => FLOATS,
                b'i' => [-1.0, 2.0, 3.0, 4.0, 5.0, 100.0],
                b'u' => [1.0, 2.0, 3.0, 4.0, 5.0, 200.0],
                _ => [1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            };
            for endian in ["little", "big"] {
                for order in ["rows", "fortran"] {
                    let member = format!("{file}:{kind}_{endian}_{order}");
                    let matrix = read_matrix(&fixture(&member)).unwrap();
                    assert_eq!(matrix, Matrix::new(2, 3, expected.to_vec()), "{member}");
                }
            }
        }
    }
}

#[test]
fn plain_files_read() {
    for file in ["plain.npy", "version_2.npy", "version_3.npy", "one.npz", "one.npz:spectra"] {
        assert_eq!(
            read_matrix(&fixture(file)).unwrap(),
            Matrix::new(2, 3, FLOATS.to_vec()),
            "{file}"
        );
    }
    assert_eq!(
        read_matrix(&fixture("column.npy")).unwrap(),
        Matrix::new(3, 1, vec![1.0, 2.0, 3.0])
    );
}

#[test]
fn arrays_with_names_are_tables() {
    let read = |file| read_table(&fixture(file), TextOptions::default()).unwrap();
    let table = read("structured.npy");
    assert_eq!(table.names, Some(strings(&["Om", "n", "h"])));
    let values = vec![0.1, 1.0, 0.5, 0.2, 2.0, 0.75, 0.3, 3.0, 1.0];
    assert_eq!(table.matrix, Matrix::new(3, 3, values));
    // in the order of the file, not of the alphabet
    let table = read("parameters.npz");
    assert_eq!(table.names, Some(strings(&["omega_b", "h"])));
    let [a, b, c] = [0.5f32, 0.6, 0.7].map(f64::from);
    assert_eq!(table.matrix, Matrix::new(3, 2, vec![0.02, a, 0.03, b, 0.04, c]));
}

#[test]
fn what_cannot_be_read_says_how_to_save_it_instead() {
    let says = |file: &str, parts: &[&str]| {
        let stem = file.split(':').next().unwrap();
        says(read_matrix(&fixture(file)), parts);
        says(read_matrix(&fixture(file)), &[stem]);
    };
    says(
        "objects.npy",
        &["Python objects", "allow_pickle=True).astype('f8'))\"", "python3 -c \"import numpy"],
    );
    says("dictionary.npy", &["Python objects", "np.savez('", "dictionary.npz', **np.load("]);
    says("pickled.npy", &["is a pickle", "np.save"]);
    says("complex.npy", &["complex", "array.real"]);
    says("nested.npy", &["field 'k'", "not one number", "structured_to_unstructured"]);
    says("words.npy", &["<U3", "not real numbers", "np.save"]);
    says("long.npy", &["f16", "not real numbers of up to 8 bytes", "np.save"]);
    says("uneven_parameters.npz", &["'omega_b' has 3 numbers but 'h' has 2"]);
    says("dates.npy", &["not real numbers"]);
    says("scalar.npy", &["shape ()", "2-d"]);
    says("cube.npy", &["shape (2, 3, 4)", "reshape(2, -1)"]);
    says("no_rows.npy", &["no rows", "(0, 3)"]);
    says("no_columns.npy", &["no columns", "(3, 0)"]);
    says("truncated.npy", &["cut short", "(2, 3)", "48 bytes", "28 are there"]);
    says("truncated_header.npy", &["cut short", "header"]);
    says("huge_shape.npy", &["damaged header", "4294967296"]);
    says("empty.npy", &["empty (0 bytes)"]);
    says("truncated.npz", &["not a complete .npz"]);
    says("damaged.npz", &["'spectra' is damaged"]);
    says("by_hand.npz", &["2 arrays (x, y)", "say which one", "by_hand.npz:x"]);
    says("by_hand.npz:z", &["no 'z'", "x, y"]);
}

#[test]
fn damaged_files_give_errors_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["plain.npy", "version_2.npy", "words.npy", "by_hand_named.npz"] {
        let good = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            // Damage that numpy would not notice either may give a result; only a panic is wrong
            // here.
            let _ = (read_matrix(&path), Dataset::load(&path, &CONVENTIONS));
        };
        for index in 0..good.len() {
            read(&good[..index]);
            for byte in [b'9', 255] {
                let mut bad = good.clone();
                bad[index] = byte;
                read(&bad);
            }
        }
    }
}

#[test]
fn a_missing_file_is_named_with_the_folder_it_was_looked_for_in() {
    let here = std::env::current_dir().unwrap();
    says(
        read_matrix(Path::new("nowhere.npy")),
        &["nowhere.npy: no such file", here.to_str().unwrap()],
    );
    says(read_matrix(&fixture("")), &["is a folder"]);
}

#[test]
fn text_reads_with_its_names() {
    let folder = folder(&[
        ("lcdm.txt", "# Omega_m h\n0.1 0.5\n0.2 0.6\n"),
        ("ragged.csv", "1,2\n3\n"),
        ("binary.dat", "\u{1}\u{0}\u{2}"),
    ]);
    let path = folder.path().join("lcdm.txt");
    let table = read_table(&path, TextOptions::default()).unwrap();
    assert_eq!(
        (table.matrix, table.names),
        (Matrix::new(2, 2, vec![0.1, 0.5, 0.2, 0.6]), Some(strings(&["Omega_m", "h"])))
    );
    says(
        read_matrix(&folder.path().join("ragged.csv")),
        &["ragged.csv: line 2 has 1 columns but line 1 has 2"],
    );
    says(
        read_matrix(&folder.path().join("binary.dat")),
        &["binary.dat", "no known format", "npz (.npz)", "text (.txt, .csv, .dat, .tsv)"],
    );
}

#[test]
fn every_format_is_known_by_its_extensions_and_its_first_bytes() {
    let folder = folder(&[("plain.txt", "1 2\n"), ("zeros.dat", "\u{0}")]);
    let example = |format: &str| match format {
        "npy" => fixture("plain.npy"),
        "npz" => fixture("one.npz"),
        "hdf5" => fixture("one.h5"),
        "parquet" => fixture("kinds_none.parquet"),
        "root" => fixture("events_zlib.root"),
        "text" => folder.path().join("plain.txt"),
        other => panic!("there is no example of {other} here"),
    };
    let mut extensions = Vec::new();
    for format in &FORMATS {
        let bytes = fs::read(example(format.name)).unwrap();
        for extension in format.extensions {
            assert!(!extensions.contains(extension), "{extension} is of two formats");
            extensions.push(extension);
            let path = folder.path().join(format!("example.{extension}"));
            fs::write(&path, &bytes).unwrap();
            read_matrix(&path).unwrap();
            assert_eq!(is_dataset(&path), format.name == "npz");
        }
        says(read_matrix(&folder.path().join("zeros.dat")), &[format.name]);
    }
}
