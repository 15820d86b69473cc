//! HDF5, as h5py, PyTables and the tools of salt and OmniLearn write it.

pub(crate) mod elements;
pub(crate) mod lzf;

use hdf5_reader::error::Error as Wrong;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, FilterRegistry, Hdf5File, OpenOptions, VarLenKind};

use crate::data::array::Array;
use crate::data::files::prefix;
use crate::data::format::{Contents, Format};
use crate::data::hdf5::elements::{Field, compound, damaged, lists, number, what};
use crate::data::hdf5::lzf::unpacked;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::table::Table;
use crate::error::Result;
use crate::host::check_memory;
use crate::input_error;

/// The format of HDF5.
pub(crate) const FORMAT: Format = Format {
    name: "hdf5",
    extensions: &["h5", "hdf5", "hdf"],
    help: "datasets by their names, as in file.h5:group/name. The fields of a compound dataset are \
           columns, file.h5:name/field is one; of shape (rows, places) it is items, of which a \
           field `valid` says where there are some",
    matches: |bytes| bytes.starts_with(b"\x89HDF\r\n\x1a\n"),
    table,
    array: Some(|contents| {
        let file = File::open(contents)?;
        match contents.member {
            Some(member) => file.array(member, contents.wanted),
            None => file.array(&file.only(contents)?, contents.wanted),
        }
    }),
    observations: None,
    dataset: None,
    members: true,
};

/// The most bytes of a dataset for each byte of its file: deflate packs no more than 1,032 into
/// one.
const MOST_BYTES: usize = 1032;
/// Groups inside each other, and the most datasets that are listed.
const DEEPEST: usize = 8;
const MOST_DATASETS: usize = 10_000;
/// The filter of h5py's LZF compression.
const LZF: u16 = 32000;

fn table(contents: &Contents) -> Result<Table> {
    let file = File::open(contents)?;
    let array = match contents.member {
        Some(member) => file.array(member, contents.wanted)?,
        None => match file.columns(contents.wanted)? {
            Some(table) => return Ok(table),
            None => file.array(&file.only(contents)?, contents.wanted)?,
        },
    };
    let (rows, columns) = match (&array.shape[..], &array.offsets) {
        (&[rows], None) => (rows, 1),
        (&[rows, columns], None) => (rows, columns),
        (shape, _) => {
            return Err(input_error!(
                "has shape {shape:?}{}; expected (rows,) or (rows, columns). Items are read with \
                 `items`",
                if array.offsets.is_some() { " of lists" } else { "" }
            ));
        }
    };
    Ok(Table { names: array.names, ..Table::unnamed(Matrix::new(rows, columns, array.values)) })
}

/// An open file.
struct File(Hdf5File);

impl File {
    fn open(contents: &Contents) -> Result<Self> {
        let mut filters = FilterRegistry::new();
        filters.register(
            LZF,
            Box::new(|filter, bytes, _| {
                let size = filter.client_data.get(2).copied().unwrap_or(0) as usize;
                unpacked(bytes, size).ok_or_else(|| Wrong::InvalidData("damaged LZF".into()))
            }),
        );
        let most = contents.bytes.len().saturating_mul(MOST_BYTES);
        let options = OpenOptions::default()
            .with_filter_registry(filters)
            .with_chunk_cache_bytes(0)
            .with_max_chunk_bytes(most)
            .with_max_read_bytes(most);
        let file = Hdf5File::from_vec_with_options(contents.bytes.to_vec(), options);
        file.map(Self).map_err(|error| damaged(&error))
    }

    /// The names of all datasets.
    fn names(&self) -> Result<Vec<String>> {
        fn list(
            group: &Group,
            path: &str,
            depth: usize,
            names: &mut Vec<String>,
        ) -> hdf5_reader::error::Result<()> {
            let (groups, datasets) = group.member_names()?;
            names.extend(datasets.iter().map(|name| format!("{path}{name}")));
            for name in groups {
                if depth < DEEPEST && names.len() < MOST_DATASETS {
                    list(&group.group(&name)?, &format!("{path}{name}/"), depth + 1, names)?;
                }
            }
            Ok(())
        }
        let mut names = Vec::new();
        let listed = self.0.root_group().and_then(|root| list(&root, "", 0, &mut names));
        listed.map_err(|error| damaged(&error))?;
        Ok(names)
    }

    /// The name of the only dataset.
    fn only(&self, contents: &Contents) -> Result<String> {
        match &self.names()?[..] {
            [only] => Ok(only.clone()),
            [] => Err(input_error!("holds no datasets")),
            all => Err(input_error!(
                "holds {} datasets ({}); say which one, as in {}:{}",
                all.len(),
                names::some(all),
                contents.file.display(),
                all[0]
            )),
        }
    }

    /// A table of the datasets with one number per row, by their names, or those of them that are
    /// wanted; `None` if there are others.
    fn columns(&self, wanted: Option<&[String]>) -> Result<Option<Table>> {
        let all = self.names()?;
        let wanted = wanted.filter(|wanted| wanted.iter().all(|name| all.contains(name)));
        let chosen = wanted.unwrap_or(&all);
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for name in chosen.iter().filter(|_| wanted.is_some() || all.len() > 1) {
            let dataset = self.0.dataset(name).map_err(|error| damaged(&error))?;
            let is_column = dataset.ndim() == 1 && number(dataset.dtype()).is_some();
            let rows = columns
                .first()
                .map_or(dataset.shape().first().copied(), |first| Some(first.len() as u64));
            if !is_column || dataset.shape().first().copied() != rows {
                return Ok(None);
            }
            columns.push(self.array(name, None)?.values);
        }
        let names = Some(chosen.to_vec());
        let table = || Table { names, ..Table::unnamed(Matrix::of_columns(&columns)) };
        Ok((!columns.is_empty()).then(table))
    }

    /// A dataset of this name, or the field of a compound one.
    fn dataset(&self, member: &str) -> Result<(Dataset, Option<String>)> {
        let whole = self.0.dataset(member);
        let Err(error) = whole else { return Ok((whole.map_err(|error| damaged(&error))?, None)) };
        if let Some((name, field)) = member.rsplit_once('/')
            && let Ok(dataset) = self.0.dataset(name)
            && matches!(dataset.dtype(), Datatype::Compound { .. })
        {
            return Ok((dataset, Some(field.to_owned())));
        }
        match names::find(&self.names()?, member, "dataset") {
            Err(unknown) => Err(unknown),
            Ok(_) => Err(damaged(&error)),
        }
    }

    /// The numbers of a dataset, of compound ones with the names of the fields.
    fn array(&self, member: &str, wanted: Option<&[String]>) -> Result<Array> {
        let (dataset, field) = self.dataset(member)?;
        let read = || {
            let size = dataset.raw_element_size().map_err(|error| damaged(&error))?;
            let length = dataset.raw_byte_len().map_err(|error| damaged(&error))?;
            check_memory("it", 10 * length as u128, "take out a part of it")?;
            let shape = dataset.shape().iter().map(|size| *size as usize).collect();
            let bytes = dataset.read_raw_bytes().map_err(|error| damaged(&error))?;
            match dataset.dtype() {
                Datatype::Compound { fields, .. } => {
                    let fields = fields.iter().map(|field| Field {
                        name: Some(field.name.clone()),
                        at: field.byte_offset as usize,
                        number: number(&field.datatype),
                    });
                    compound(fields.collect(), (shape, field, wanted), &bytes, size)
                }
                Datatype::VarLen { base, kind: VarLenKind::Sequence, .. }
                    if number(base).is_some() =>
                {
                    lists(&dataset, number(base), shape, &bytes, size)
                }
                plain => match number(plain) {
                    Some(number) if number.size() == size => {
                        let numbers = bytes.chunks_exact(size).map(|bytes| number.read(bytes));
                        Ok(Array::plain(shape, numbers.collect()))
                    }
                    _ => Err(input_error!(
                        "is of a type that is not numbers ({}); save numbers with \
                         array.astype('f8')",
                        what(plain)
                    )),
                },
            }
        };
        read().map_err(|error| prefix(error, format!("'{member}'")))
    }
}
