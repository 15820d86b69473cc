//! Trees of ROOT: their branches, and the bytes in the baskets of one.

use std::collections::HashMap;

use crate::data::columnar::MOST_NUMBERS;
use crate::data::root::buffer::{Buffer, Object};
use crate::data::root::file::Key;
use crate::error::Result;
use crate::input_error;

/// A branch.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) leaves: Vec<Leaf>,
    /// The class of its objects, such as `vector<float>`, where it is not a plain branch.
    pub(crate) class: Option<String>,
    /// Rows.
    pub(crate) entries: usize,
    /// Where its baskets lie in the file.
    seeks: Vec<usize>,
    /// The numbers and the rows of baskets that lie in the tree itself.
    inside: Vec<(Vec<u8>, usize)>,
}

/// A leaf: the numbers of a branch.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) name: String,
    /// Its class, as `TLeafF`.
    pub(crate) class: String,
    /// Numbers in a row, or of an item.
    pub(crate) length: usize,
    pub(crate) is_unsigned: bool,
    /// The leaf that counts the items of a row.
    pub(crate) counter: Option<String>,
}

/// The branches of a tree, those inside others after them.
///
/// # Errors
/// A tree that is damaged, or of ROOT before version 5.
pub(crate) fn branches(key: &Key, object: &[u8]) -> Result<Vec<Branch>> {
    let mut buffer = Buffer::new(object, key.key_length);
    if key.class != "TTree" {
        buffer.version()?;
    }
    let (version, _) = buffer.version()?;
    if version < 16 {
        return Err(input_error!("it is a tree of version {version}, from before ROOT 5"));
    }
    buffer.named()?;
    // attributes of lines, areas and markers
    (0..3).try_for_each(|_| buffer.skip_object())?;
    let since = |first: u16, bytes: usize| if version >= first { bytes } else { 0 };
    // entries and bytes; flushed bytes; weight; intervals; length of offsets
    buffer.skip(4 * 8 + since(18, 8) + 8 + 3 * 4 + since(17, 4))?;
    let clusters = if version >= 19 { buffer.count()? } else { 0 };
    // limits; automatic flush; estimate; clusters
    buffer.skip(4 * 8 + since(18, 8) + 8 + since(19, 2 * (1 + 8 * clusters)))?;
    if version >= 20 {
        buffer.skip_object()?;
    }
    let mut reader = Reader { buffer, leaves: HashMap::new(), branches: Vec::new() };
    reader.branches(0)?;
    Ok(reader.branches)
}

/// The state of reading a tree.
struct Reader<'a> {
    buffer: Buffer<'a>,
    /// The leaves so far, by their places.
    leaves: HashMap<usize, Leaf>,
    branches: Vec<Branch>,
}

impl Reader<'_> {
    /// Reads a list of branches.
    fn branches(&mut self, depth: usize) -> Result<()> {
        let objects = self.buffer.objects()?;
        let after = self.buffer.at();
        for Object { class, begin, .. } in objects {
            self.buffer = self.buffer.from(begin);
            match class.as_deref() {
                // deeper ones are not of this world
                _ if depth > 8 => {}
                Some("TBranch") => self.branch(false, depth)?,
                Some("TBranchElement") => {
                    self.buffer.version()?;
                    self.branch(true, depth)?;
                }
                _ => {}
            }
        }
        self.buffer = self.buffer.from(after);
        Ok(())
    }

    /// Reads a branch, which may be followed by the class of its objects.
    fn branch(&mut self, has_class: bool, depth: usize) -> Result<()> {
        let (version, end) = self.buffer.version()?;
        if version < 10 {
            return Err(input_error!("a branch is of version {version}, from before ROOT 5"));
        }
        let since = |first: u16, bytes: usize| if version >= first { bytes } else { 0 };
        let name = self.buffer.named()?;
        self.buffer.skip_object()?;
        self.buffer.skip(3 * 4)?;
        let written = self.buffer.count()?;
        self.buffer.skip(8)?;
        if version >= 13 {
            self.buffer.skip_object()?;
        }
        self.buffer.skip(4)?;
        let baskets = self.buffer.count()?;
        self.buffer.skip(4)?;
        let entries = self.buffer.place(true)?;
        self.buffer.skip(since(11, 8) + 2 * 8)?;
        // a branch stands before those inside it
        let own = self.branches.len();
        self.branches.push(Branch {
            name,
            leaves: vec![],
            class: None,
            entries,
            seeks: vec![],
            inside: vec![],
        });
        self.branches(depth + 1)?;
        let leaves = self.buffer.objects()?;
        let after = self.buffer.at();
        for leaf in leaves {
            let leaf = self.leaf(leaf, false)?;
            self.branches[own].leaves.extend(leaf);
        }
        self.buffer = self.buffer.from(after);
        let inside = self.buffer.objects()?;
        let after = self.buffer.at();
        for Object { begin, end, .. } in inside.into_iter().filter(|one| one.class.is_some()) {
            self.buffer = self.buffer.from(begin);
            let basket = self.inside(end)?;
            self.branches[own].inside.push(basket);
        }
        self.buffer = self.buffer.from(after);
        self.buffer.skip(1 + 4 * baskets + 1 + 8 * baskets + 1)?;
        let seeks = (0..written.min(baskets)).map(|_| self.buffer.place(true));
        self.branches[own].seeks = seeks.collect::<Result<_>>()?;
        if has_class {
            self.buffer = self.buffer.from(end);
            self.branches[own].class = Some(self.buffer.string()?);
        }
        Ok(())
    }

    /// Reads a leaf, or finds the one that is referred to. One that counts the items of another may
    /// be first met there, and has no counter itself.
    fn leaf(&mut self, object: Object, is_counter: bool) -> Result<Option<Leaf>> {
        let Some(class) = object.class else {
            return Ok(self.leaves.get(&object.place).cloned());
        };
        self.buffer = self.buffer.from(object.begin);
        self.buffer.version()?;
        self.buffer.version()?;
        let name = self.buffer.named()?;
        let length = self.buffer.u32()? as usize;
        self.buffer.skip(4 + 4 + 1)?;
        let is_unsigned = self.buffer.u8()? != 0;
        let counter = match is_counter {
            true => None,
            false => {
                let counter = self.buffer.object()?;
                self.leaf(counter, true)?.map(|leaf| leaf.name)
            }
        };
        let leaf = Leaf { name, class, length, is_unsigned, counter };
        self.leaves.insert(object.place, leaf.clone());
        Ok(Some(leaf))
    }

    /// The numbers of a basket that ends here, and its rows. They are its last bytes; where each
    /// row begins, and the key once more, stand before them.
    fn inside(&mut self, end: usize) -> Result<(Vec<u8>, usize)> {
        let key = Key::read(&mut self.buffer)?;
        let (rows, length) = basket(&mut self.buffer, &key)?;
        let begin = end.checked_sub(length).filter(|begin| *begin >= self.buffer.at());
        let mut numbers = self.buffer.from(begin.ok_or_else(|| input_error!("it is damaged"))?);
        Ok((numbers.take(length)?.to_vec(), rows))
    }
}

/// The rows of a basket and the bytes of its numbers, which stand behind its key.
fn basket(buffer: &mut Buffer, key: &Key) -> Result<(usize, usize)> {
    buffer.skip(2 + 4 + 4)?;
    let (rows, last) = (buffer.count()?, buffer.u32()? as usize);
    buffer.skip(1)?;
    Ok((rows, last.saturating_sub(key.key_length)))
}

impl Branch {
    /// The bytes of all its numbers.
    ///
    /// # Errors
    /// A basket that is damaged; not as many rows as the branch claims.
    pub(crate) fn bytes(&self, file: &[u8]) -> Result<Vec<u8>> {
        let (mut bytes, mut rows) = (Vec::new(), 0);
        for seek in &self.seeks {
            // as of baskets that are in the tree itself
            if *seek == 0 {
                continue;
            }
            let mut buffer = Buffer::new(file, 0);
            buffer.skip(*seek)?;
            let key = Key::read(&mut buffer)?;
            let (own, length) = basket(&mut buffer, &key)?;
            let object = key.object(file)?;
            bytes.extend_from_slice(object.get(..length).unwrap_or(&object));
            rows += own;
            if bytes.len() / MOST_NUMBERS > file.len() {
                return Err(input_error!(
                    "it claims more than {MOST_NUMBERS} bytes for each of the file"
                ));
            }
        }
        for (inside, own) in &self.inside {
            bytes.extend(inside);
            rows += own;
        }
        match rows == self.entries {
            true => Ok(bytes),
            false => Err(input_error!(
                "its baskets have {rows} rows but the branch {}; it was not closed, or is damaged",
                self.entries
            )),
        }
    }
}
