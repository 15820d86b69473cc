//! The pages of a column, and the levels that say where its numbers belong.

use parquet::basic::{ConvertedType, Encoding, LogicalType};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use crate::data::columnar::{MOST_NUMBERS, Values};
use crate::error::Result;

/// Numbers that are read at one time.
const BATCH: usize = 1 << 13;

/// The pages of a column, which may claim so many numbers, and refer to a dictionary only behind
/// it.
pub(crate) struct Pages {
    pages: Box<dyn PageReader>,
    left: usize,
    has_dictionary: bool,
}

impl Pages {
    /// Of a column that may have so many numbers.
    pub(crate) fn new(pages: Box<dyn PageReader>, most: usize) -> Self {
        Self { pages, left: most, has_dictionary: false }
    }
}

fn is_dictionary(encoding: Encoding) -> bool {
    #[allow(deprecated, reason = "older files have it")]
    let older = Encoding::PLAIN_DICTIONARY;
    [older, Encoding::RLE_DICTIONARY].contains(&encoding)
}

impl Iterator for Pages {
    type Item = parquet::errors::Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> parquet::errors::Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        match &page {
            Some(Page::DictionaryPage { .. }) => self.has_dictionary = true,
            // the crate relies on it
            Some(page) if is_dictionary(page.encoding()) && !self.has_dictionary => {
                return Err(ParquetError::General("a page lacks its dictionary".into()));
            }
            _ => {}
        }
        let claim = page.as_ref().map_or(0, |page| page.num_values() as usize);
        match self.left.checked_sub(claim) {
            Some(left) => self.left = left,
            None => {
                return Err(ParquetError::General(format!(
                    "a page claims {claim} numbers, more than {MOST_NUMBERS} for each byte of the \
                     file"
                )));
            }
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> parquet::errors::Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> parquet::errors::Result<()> {
        self.pages.skip_next_page()
    }
}

/// A column as it is stored: its numbers, and levels that say where they belong.
#[derive(Default)]
pub(crate) struct Levels {
    numbers: Vec<f64>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
    /// Numbers and null ones.
    pub(crate) count: usize,
}

impl Levels {
    /// Reads a column of a row group.
    pub(crate) fn read(
        &mut self,
        reader: ColumnReader,
        leaf: &ColumnDescriptor,
    ) -> parquet::errors::Result<()> {
        let unsigned = match leaf.logical_type_ref() {
            Some(LogicalType::Integer(of)) => !of.is_signed,
            _ => matches!(
                leaf.converted_type(),
                ConvertedType::UINT_8
                    | ConvertedType::UINT_16
                    | ConvertedType::UINT_32
                    | ConvertedType::UINT_64
            ),
        };
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                self.of(reader, |x: &bool| f64::from(u8::from(*x)))
            }
            ColumnReader::Int32ColumnReader(reader) => self.of(reader, |x: &i32| match unsigned {
                true => f64::from(*x as u32),
                false => f64::from(*x),
            }),
            ColumnReader::Int64ColumnReader(reader) => self.of(reader, |x: &i64| match unsigned {
                true => *x as u64 as f64,
                false => *x as f64,
            }),
            ColumnReader::FloatColumnReader(reader) => self.of(reader, |x: &f32| f64::from(*x)),
            ColumnReader::DoubleColumnReader(reader) => self.of(reader, |x: &f64| *x),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                self.of(reader, |x: &FixedLenByteArray| match x.data() {
                    [low, high] => half::f16::from_le_bytes([*low, *high]).to_f64(),
                    _ => f64::NAN,
                })
            }
            ColumnReader::Int96ColumnReader(_) | ColumnReader::ByteArrayColumnReader(_) => {
                unreachable!("parquet: a column that is not numbers")
            }
        }
    }

    fn of<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        number: impl Fn(&T::T) -> f64,
    ) -> parquet::errors::Result<()> {
        let mut batch = Vec::new();
        loop {
            batch.clear();
            let (definition, repetition) = (&mut self.definition, &mut self.repetition);
            let (_, numbers, levels) =
                reader.read_records(BATCH, Some(definition), Some(repetition), &mut batch)?;
            if levels == 0 {
                return Ok(());
            }
            self.numbers.extend(batch[..numbers].iter().map(&number));
            self.count += levels;
        }
    }

    /// The numbers with NaN for null, and of lists where rows begin.
    pub(crate) fn values(self, leaf: &ColumnDescriptor) -> Result<Values> {
        let (full, is_list) = (leaf.max_def_level(), leaf.max_rep_level() > 0);
        if full == 0 {
            return Ok(Values { values: self.numbers, offsets: None });
        }
        // a list that is empty or null has one level and no item
        let of_item = if is_list { leaf.repeated_ancestor_def_level() } else { 0 };
        let mut numbers = self.numbers.into_iter();
        let (mut values, mut counts) = (Vec::with_capacity(self.definition.len()), Vec::new());
        for (at, level) in self.definition.iter().enumerate() {
            if is_list && self.repetition[at] == 0 {
                counts.push(0);
            }
            if *level < of_item {
                continue;
            }
            values.push(if *level == full { numbers.next().unwrap_or(f64::NAN) } else { f64::NAN });
            if let Some(count) = counts.last_mut() {
                *count += 1;
            }
        }
        match is_list {
            true => Values::lists(values, counts.into_iter()),
            false => Ok(Values { values, offsets: None }),
        }
    }
}
