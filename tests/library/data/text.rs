//! Tables in text, as numpy, pandas, R, spreadsheets and simulation codes write them.

use std::fs;

use shoal::data::{Decimal, Matrix, Table, TextOptions, read_table};

use super::strings;

const ASK: TextOptions = TextOptions { header: None, decimal: None };

fn read(bytes: &[u8], options: TextOptions) -> shoal::Result<Table> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, bytes).unwrap();
    read_table(&path, options)
}

fn table(text: &str) -> Table {
    read(text.as_bytes(), ASK).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn names(text: &str) -> Option<Vec<String>> {
    table(text).names
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    crate::common::says(read(text.as_bytes(), ASK), parts);
}

#[test]
fn every_separator_reads_the_same() {
    let expected = Matrix::new(2, 3, vec![1.0, -2.5, 3e4, 4.0, 5.0, 6.0]);
    for text in [
        "1 -2.5 3e4\n4 5 6\n",
        "  1   -2.5\t3e4  \r\n4\t5 6",
        "1\t\t-2.5\t\t3e4\n4\t\t5\t\t6\n",
        "1,-2.5,3e4\n4,5,6\n",
        "1;-2.5;3e4\n4; 5; 6\n",
        "1, -2.5, 3e4,\n4, 5, 6,\n",
        "1 -2.5 3e4\r4 5 6\r",
        "\u{feff}# a comment\n\n1 -2.5 3.0D4 # first\n# another\n4 5 6\n\n",
        "% of Matlab\n! of Fortran\n1 -2.5 3e4\n4 5 6\n",
        "a b c\n1 -2.5 +3e4\n4 5 6\n",
        "\"1\",\"-2.5\",\"3e4\"\n\"4\",\"5\",\"6\"\n",
        // decimal commas, and commas and points between thousands
        "1;-2,5;30000\n4;5;6\n",
        "1 -2,5 3e4\n4 5 6,0\n",
        "1\t-2,5\t30.000,0\n4\t5\t6\n",
        "1,-2.5,\"30,000.0\"\n4,5,6\n",
        "\u{2212}1,0;2,5;3\n1;-2,5;3e4\n4;5;6".split_once('\n').unwrap().1,
    ] {
        assert_eq!(table(text).matrix, expected, "{text:?}");
    }
}

#[test]
fn names_come_from_a_header_or_from_the_comment_directly_above() {
    let expected = Some(strings(&["Omega_m", "h"]));
    for text in [
        "Omega_m h\n1 2\n",
        "\"Omega_m\",\"h\"\n1,2\n",
        "# made in 2020\n# Omega_m h\n1 2\n3 4\n",
        "# Omega_m,h\n1,2\n",
        "# Omega_m h\n1,2\n",
        "% Omega_m h\n1 2\n",
        "Omega_m;h\n1,5;2\n",
    ] {
        assert_eq!(names(text), expected, "{text:?}");
    }
    assert_eq!(
        names("# Omega_m h\n\n1 2\n"),
        None,
        "a blank line parts the comment from the numbers"
    );
    assert_eq!(names("# cosmological parameters of Quijote\n1 2\n"), None);
    assert_eq!(names("# 0 1\n1 2\n"), None, "numbers of columns are not names");
    assert_eq!(names("1 2\n# Omega_m h\n3 4\n"), None);
    // a comma in a name
    assert_eq!(names("\"M, in eV\",h\n1,2\n"), Some(strings(&["M, in eV", "h"])));
    // one name above a decimal comma is one column
    assert_eq!(table("mass\n1,25\n3,5\n").matrix, Matrix::new(2, 1, vec![1.25, 3.5]));
}

#[test]
fn errors_name_the_line_and_the_word() {
    says("# a b\n1 2\n3 4 5\n", &["line 3 has 3 columns but line 2 has 2"]);
    says("a b\n1 2\n3 4x\n", &["line 3, column 2: '4x' is not a number"]);
    says("1 Omega_m\n", &["line 1, column 2: 'Omega_m'"]);
    says(",,a\n1\n", &["line 2 has 1 columns", "begin with 2 empty ones"]);
    says(",,37k.,\n.1 z:/.3\n", &["line 2 has 1 columns"]);
    says("a b\nc d\n1 2\n", &["line 2, column 1: 'c'"]);
    says("1,2,3\n4,,6\n", &["line 2, column 2 is empty"]);
    says(",a,b\n1,2\n", &["line 1 names 3 columns but line 2 has 2"]);
    for text in ["# only comments\n", "a b\n", "\n\n"] {
        says(text, &["has no numbers"]);
    }
    // a missing value is no name, and never moves the others
    says("NA,2,3\n1,2,3\n", &["line 1, column 1: 'NA' is not a number"]);
    says(",2,5\n1,2,3\n", &["line 1, column 1 is empty", "--header yes"]);
    says(",2,3\n1,2,3\n", &["line 1, column 1 is empty", "--header yes"]);
    says("1\t\t3\n\t2\t3\n", &["line 1, column 2 is empty"]);
    says("1,5;2x\n1,5;2\n", &["line 1, column 2: '2x' is not a number"]);
    says("1 ***** 3\n4 5 6\n", &["'*****' is not a number"]);
    says("a,b\n1,5,2,5\n3,5,4,5\n", &["names 2 columns but line 2 has 4"]);
    says("1\u{0}2", &["no known format"]);
}

#[test]
fn a_header_of_numbers_is_refused_until_it_is_said_what_it_is() {
    let options = ["--header yes", "--header no", "--x-header", "x_header = true"];
    for text in [
        "0,1,2\n1.1,1.2,1.3\n1.4,1.5,1.6\n",
        "0 1\n3 4\n",
        "0\n0.5\n0.25\n",
        "1,2,3\n1.1,1.2,1.3\n",
        "7\t8\n1.5\t2.5\n",
    ] {
        says(text, &options);
        let with = |header| {
            let options = TextOptions { header: Some(header), ..ASK };
            read(text.as_bytes(), options).unwrap()
        };
        let (named, numbers) = (with(true), with(false));
        assert_eq!(named.matrix.rows + 1, numbers.matrix.rows, "{text:?}");
        assert!(named.names.is_some() && numbers.names.is_none(), "{text:?}");
    }
    // numbers that only begin so
    for text in ["1 2 3\n4 5 6\n", "0\n1\n0\n", "0,1,2", "0 0.5\n1 2\n", "1 2\n3 4.5\n"] {
        assert_eq!(names(text), None, "{text:?}");
    }
    // names in quotes above numbers without are names
    assert_eq!(names("\"0\",\"1\"\n1.5,2.5\n"), Some(strings(&["0", "1"])));
}

#[test]
fn the_index_of_a_data_frame_is_the_names_of_the_rows() {
    let matrix = Matrix::new(2, 2, vec![1.5, 2.5, 3.5, 4.5]);
    for (text, names, labels) in [
        (",0,1\n0,1.5,2.5\n1,3.5,4.5\n", ["0", "1"], ["0", "1"]),
        (",a,b\n7,1.5,2.5\n3,3.5,4.5\n", ["a", "b"], ["7", "3"]),
        ("Unnamed: 0,a,b\n0,1.5,2.5\n1,3.5,4.5\n", ["a", "b"], ["0", "1"]),
        ("Unnamed: 0.1,Unnamed: 0,a,b\n0,5,1.5,2.5\n1,6,3.5,4.5\n", ["a", "b"], ["0", "1"]),
        ("sim,0,1\n4,1.5,2.5\n2,3.5,4.5\n", ["0", "1"], ["4", "2"]),
        // of R
        ("\"a\" \"b\"\n\"1\" 1.5 2.5\n\"2\" 3.5 4.5\n", ["a", "b"], ["1", "2"]),
        ("\"\",\"a\",\"b\"\n\"1\",1.5,2.5\n\"2\",3.5,4.5\n", ["a", "b"], ["1", "2"]),
        // of CAMELS
        ("#Name a b\nLH_0 1.5 2.5\nLH_1 3.5 4.5\n", ["a", "b"], ["LH_0", "LH_1"]),
        ("Name;a;b\nLH_0;1,5;2,5\nLH_1;3,5;4,5\n", ["a", "b"], ["LH_0", "LH_1"]),
    ] {
        let table = table(text);
        assert_eq!(table.matrix, matrix, "{text:?}");
        assert_eq!(table.names, Some(strings(&names)), "{text:?}");
        assert_eq!(table.labels, Some(strings(&labels)), "{text:?}");
    }
    assert_eq!(table("LH_0 1.5 2.5\nLH_1 3.5 4.5").matrix, matrix);
}

#[test]
fn commas_that_mean_two_things_are_refused_until_it_is_said_what_they_are() {
    let with = |text: &str, decimal| {
        read(text.as_bytes(), TextOptions { decimal: Some(decimal), ..ASK }).unwrap().matrix
    };
    let two = "1,25\n3,5\n5,75\n";
    says(two, &["two columns, or one", "--decimal point", "decimal = \"comma\""]);
    assert_eq!(with(two, Decimal::Comma), Matrix::new(3, 1, vec![1.25, 3.5, 5.75]));
    assert_eq!(with(two, Decimal::Point), Matrix::new(3, 2, vec![1.0, 25.0, 3.0, 5.0, 5.0, 75.0]));
    assert_eq!(table("1,-25\n3,5\n").matrix.columns, 2, "a sign begins a number");
    assert_eq!(table("1, 25\n3, 5\n").matrix.columns, 2, "a space ends one");
    assert_eq!(table("a,b\n1,25\n3,5\n").matrix.columns, 2, "two names");
    let thousand = "1,250;2,500\n3,125;4\n";
    says(thousand, &["'1,250' can be 1250 or 1.25", "--decimal"]);
    assert_eq!(with(thousand, Decimal::Comma).values, [1.25, 2.5, 3.125, 4.0]);
    assert_eq!(with(thousand, Decimal::Point).values, [1250.0, 2500.0, 3125.0, 4.0]);
    assert_eq!(table("1,250;2,50\n").matrix.values, [1.25, 2.5], "another cell decides");
    says("1,05,2,5\n3,25,4,5\n", &["'05' looks like the digits after a decimal comma"]);
    says("1,25, 3,5\n2,25, 4,5\n", &["commas with a space and commas without"]);
    crate::common::says(
        read(b"1,25,3,5\n2,5,3,5\n", TextOptions { decimal: Some(Decimal::Comma), ..ASK }),
        &["line 2, column 1: '2,5,3,5' is not a number"],
    );
    says("1,5;2.5\n", &["'2.5' is not a number"]);
    says("1,25\n3\n", &["line 2 has 1 columns but line 1 has 2", "--decimal comma"]);
    assert_eq!(with("1,25\n3\n", Decimal::Comma).values, [1.25, 3.0]);
}

#[test]
fn utf_16_reads_and_other_encodings_are_named() {
    let utf_16: Vec<u8> =
        "\u{feff}Ω,h\r\n1.5,2\r\n".encode_utf16().flat_map(|unit| unit.to_le_bytes()).collect();
    let table = read(&utf_16, ASK).unwrap();
    assert_eq!(table.matrix.values, [1.5, 2.0]);
    assert_eq!(table.names, Some(strings(&["Ω", "h"])));
    crate::common::says(read(&utf_16[2..], ASK), &["UTF-16 without its mark", "UTF-8"]);
    let latin: &[u8] = b"m\xfc,h\n1.5,2\n";
    crate::common::says(read(latin, ASK), &["line 1", "is not UTF-8"]);
}

#[test]
fn files_that_are_no_data_say_what_to_do() {
    for (bytes, parts) in [
        (&b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"[..], "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\x1f\x8b\x08\0", "gunzip"),
        (b"\x80\x04\x95\x10\0\0\0", "pickle"),
    ] {
        crate::common::says(read(bytes, ASK), &["table.csv is", parts]);
    }
}
