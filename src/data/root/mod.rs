//! Trees of ROOT (`TTree`), as experiments and uproot write them: flat branches, those of NanoAOD
//! with a counter, and vectors of numbers. The crates that read ROOT need C libraries, do not read
//! zstd, or stop the program at what they do not know, so this is our own reader. What is in a
//! file: <https://root.cern/doc/master/classTFile.html>; how objects are streamed: `TBufferFile`.
//!
//! | file | what |
//! |---|---|
//! | `buffer` | numbers, texts and objects |
//! | `file` | keys, directories, compression |
//! | `tree` | branches, leaves and baskets |

pub(crate) mod buffer;
pub(crate) mod file;
pub(crate) mod tree;

use crate::data::array::Array;
use crate::data::binary::Binary;
use crate::data::columnar::{self, Column, Columnar, Kind, Values};
use crate::data::files::prefix;
use crate::data::format::{Contents, Format};
use crate::data::names;
use crate::data::root::buffer::Buffer;
use crate::data::root::file::{Key, trees};
use crate::data::root::tree::{Branch, Leaf, branches};
use crate::data::table::Table;
use crate::error::Result;
use crate::input_error;

/// The format of ROOT.
pub(crate) const FORMAT: Format = Format {
    name: "root",
    extensions: &["root"],
    help: "trees of ROOT; file.root:tree/branch is a branch of one, and the tree may be left out if \
           it is the only one. Branches with a list per row are items, as all of Muon_... are as \
           file.root:tree/Muon",
    matches: |bytes| bytes.starts_with(b"root"),
    table,
    array: Some(array),
    observations: None,
    dataset: None,
    members: true,
};

fn table(contents: &Contents) -> Result<Table> {
    let (tree, member) = Tree::open(contents)?;
    match member {
        None => columnar::table(&tree, contents.wanted),
        Some(name) => columnar::table(&tree, Some(&[name.to_owned()])),
    }
}

fn array(contents: &Contents) -> Result<Array> {
    let (tree, member) = Tree::open(contents)?;
    match member {
        Some(member) => columnar::array(&tree, contents, member),
        None => Err(input_error!(
            "is a tree; name its branch, as in {}:{}/{}",
            contents.file.display(),
            tree.path,
            tree.columns.first().map_or("name", |column| &column.name)
        )),
    }
}

/// A tree of a file.
struct Tree<'a> {
    file: &'a [u8],
    path: String,
    branches: Vec<Branch>,
    /// A column for each leaf of a branch.
    columns: Vec<Column>,
    /// The branch and the leaf of each column.
    places: Vec<(usize, usize)>,
}

impl<'a> Tree<'a> {
    /// The requested tree, or the only one, and what of it is requested.
    fn open(contents: &Contents<'a>) -> Result<(Self, Option<&'a str>)> {
        let damaged = |error| {
            let error = prefix(error, "cannot be read as ROOT");
            input_error!(
                "{error}. If uproot reads it, convert it in Python: awkward.to_parquet(\
                 uproot.open(file)['tree'].arrays(), 'x.parquet')"
            )
        };
        let (keys, has_ntuples) = trees(contents.bytes).map_err(damaged)?;
        let paths: Vec<String> = keys.iter().map(|key| key.path.clone()).collect();
        if keys.is_empty() {
            let ntuples = match has_ntuples {
                true => {
                    "ntuples (RNTuple), which are not read. Convert one in Python: \
                         awkward.to_parquet(uproot.open(file)['name'].arrays(), 'x.parquet')"
                }
                false => "no tree",
            };
            return Err(input_error!("has {ntuples}"));
        }
        let of_member = contents.member.and_then(|member| {
            let named = |key: &&Key| {
                member
                    .strip_prefix(&key.path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let key = keys.iter().filter(named).max_by_key(|key| key.path.len())?;
            let rest = member[key.path.len()..].strip_prefix('/');
            Some((key, rest.filter(|rest| !rest.is_empty())))
        });
        let (key, member) = match (of_member, &keys[..]) {
            (Some(found), _) => found,
            (None, [only]) => (only, contents.member),
            (None, _) => {
                return Err(input_error!(
                    "has {} trees ({}); say which one, as in {}:{}",
                    keys.len(),
                    names::some(&paths),
                    contents.file.display(),
                    paths[0]
                ));
            }
        };
        let branches = key.object(contents.bytes).and_then(|object| branches(key, &object));
        let branches = branches.map_err(|error| damaged(prefix(error, &key.path)))?;
        let (mut columns, mut places) = (Vec::new(), Vec::new());
        for (at, branch) in branches.iter().enumerate() {
            for (place, leaf) in branch.leaves.iter().enumerate() {
                let name = match branch.leaves.len() {
                    1 => branch.name.trim_end_matches('.').to_owned(),
                    _ => format!("{}.{}", branch.name, leaf.name),
                };
                let kind = kind(branch, leaf, &key.path);
                columns.push(Column { name, kind });
                places.push((at, place));
            }
        }
        let file = contents.bytes;
        Ok((Self { file, path: key.path.clone(), branches, columns, places }, member))
    }
}

/// How the numbers of a leaf are read, or those of the vectors of a branch, if it has numbers.
fn number(leaf: &Leaf, class: Option<&str>) -> Option<Binary> {
    use crate::data::binary::Kind::{Float, Signed, Unsigned};
    let whole = if leaf.is_unsigned { Unsigned } else { Signed };
    let (kind, size) = match class {
        None => match leaf.class.as_str() {
            "TLeafF" => (Float, 4),
            "TLeafD" => (Float, 8),
            "TLeafO" => (Unsigned, 1),
            "TLeafB" => (whole, 1),
            "TLeafS" => (whole, 2),
            "TLeafI" => (whole, 4),
            "TLeafL" | "TLeafG" => (whole, 8),
            _ => return None,
        },
        Some(class) => match class.strip_prefix("vector<")?.strip_suffix('>')? {
            "float" | "Float_t" => (Float, 4),
            "double" | "Double_t" => (Float, 8),
            "bool" | "Bool_t" | "unsigned char" | "UChar_t" => (Unsigned, 1),
            "char" | "Char_t" => (Signed, 1),
            "short" | "Short_t" => (Signed, 2),
            "unsigned short" | "UShort_t" => (Unsigned, 2),
            "int" | "Int_t" => (Signed, 4),
            "unsigned int" | "UInt_t" => (Unsigned, 4),
            "long" | "Long64_t" => (Signed, 8),
            "unsigned long" | "ULong64_t" => (Unsigned, 8),
            _ => return None,
        },
    };
    Binary::new(kind, size, true)
}

/// What a leaf has.
fn kind(branch: &Branch, leaf: &Leaf, tree: &str) -> Kind {
    let is_vector = branch.class.is_some();
    let is_plain = branch.leaves.len() == 1 || branch.leaves.iter().all(|one| one.length == 1);
    let is_jagged = leaf.counter.is_some();
    let readable = number(leaf, branch.class.as_deref()).is_some()
        && is_plain
        && !(is_vector && is_jagged)
        && !(is_jagged && (leaf.length != 1 || branch.leaves.len() > 1));
    match readable {
        true if is_vector || is_jagged || leaf.length != 1 => Kind::List,
        true => Kind::Number,
        false => Kind::Other(format!(
            "is of {}, which is not read. Convert it in Python: awkward.to_parquet(\
             uproot.open(file)['{tree}'].arrays(['{}']), 'x.parquet')",
            branch.class.as_deref().unwrap_or(&leaf.class),
            branch.name
        )),
    }
}

impl Columnar for Tree<'_> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn read(&self, column: usize) -> Result<Values> {
        let (branch, place) = self.places[column];
        let branch = &self.branches[branch];
        self.values(branch, place)
            .map_err(|error| prefix(error, format!("the branch '{}' cannot be read", branch.name)))
    }
}

impl Tree<'_> {
    fn values(&self, branch: &Branch, place: usize) -> Result<Values> {
        let leaf = &branch.leaves[place];
        let number = number(leaf, branch.class.as_deref());
        let number = number.ok_or_else(|| input_error!("it has no numbers"))?;
        let bytes = branch.bytes(self.file)?;
        if branch.class.is_some() {
            return vectors(&bytes, branch.entries, number);
        }
        // the leaves of a branch lie side by side in each row
        let sizes = branch.leaves.iter().map(|leaf| Some(self::number(leaf, None)?.size()));
        let sizes: Vec<usize> = sizes.collect::<Option<_>>().unwrap_or_default();
        let (before, row) = (sizes.iter().take(place).sum(), sizes.iter().sum::<usize>());
        let counts = match &leaf.counter {
            Some(counter) => self.counts(counter)?,
            None => vec![leaf.length; branch.entries],
        };
        let count: usize = counts.iter().sum();
        if row == 0 || bytes.len() != count.saturating_mul(row) {
            return Err(input_error!(
                "{count} numbers of {row} bytes are not the {} bytes of its baskets",
                bytes.len()
            ));
        }
        let numbers = bytes.chunks_exact(row).map(|row| number.read(&row[before..])).collect();
        match leaf.counter.is_none() && leaf.length == 1 {
            true => Ok(Values { values: numbers, offsets: None }),
            false => Values::lists(numbers, counts.into_iter()),
        }
    }

    /// The numbers of items of all rows, which a leaf has.
    fn counts(&self, counter: &str) -> Result<Vec<usize>> {
        let is_counter = |branch: &&Branch| {
            let leaf = branch.leaves.first();
            leaf.is_some_and(|leaf| leaf.name == counter && leaf.counter.is_none())
        };
        let branch = self.branches.iter().find(is_counter);
        let branch = branch.ok_or_else(|| input_error!("its counter '{counter}' is not there"))?;
        let whole = |number: f64| match number.fract() == 0.0 && (0.0..4.3e9).contains(&number) {
            true => Ok(number as usize),
            false => Err(input_error!("its counter '{counter}' has {number} items in a row")),
        };
        self.values(branch, 0)?.values.into_iter().map(whole).collect()
    }
}

/// The numbers of vectors: in each row the number of bytes, a version, the number of numbers, and
/// these.
fn vectors(bytes: &[u8], rows: usize, number: Binary) -> Result<Values> {
    let (mut buffer, mut numbers, mut counts) = (Buffer::new(bytes, 0), Vec::new(), Vec::new());
    for _ in 0..rows {
        buffer.version()?;
        let count = buffer.count()?;
        let list = buffer.take(count.saturating_mul(number.size()))?;
        numbers.extend(list.chunks_exact(number.size()).map(|bytes| number.read(bytes)));
        counts.push(count);
    }
    Values::lists(numbers, counts.into_iter())
}
