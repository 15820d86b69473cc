//! The encoding of an event file: TFRecords (`tensorflow/core/lib/io/record_writer.h`), each with a
//! protocol buffer `tensorflow.Event` (`event.proto`, `summary.proto`). Hyper-parameters are
//! encoded as in `plugin_data.proto` of TensorBoard's hparams plugin.

use crc32c::crc32c;

/// A record: the length, its masked checksum, the bytes, and their masked checksum, all
/// little-endian.
pub fn record(event: &Message) -> Vec<u8> {
    let bytes = &event.bytes;
    let length = (bytes.len() as u64).to_le_bytes();
    let sums = [&length[..], bytes].map(|bytes| masked(crc32c(bytes)).to_le_bytes());
    [&length[..], &sums[0], bytes, &sums[1]].concat()
}

/// The masked form in which a checksum is stored. The CRC of data that contains its own CRC would
/// otherwise be degenerate.
pub fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// An encoder of a protocol buffer message. Fields are given by their number.
#[derive(Clone, Debug, Default)]
pub struct Message {
    bytes: Vec<u8>,
}

/// The wire types of protocol buffers.
mod wire_type {
    pub const VARINT: u64 = 0;
    pub const EIGHT_BYTES: u64 = 1;
    pub const LENGTH: u64 = 2;
    pub const FOUR_BYTES: u64 = 5;
}

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn tag(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    /// Appends an unsigned integer (varint).
    pub fn integer(mut self, field: u64, value: u64) -> Self {
        self.tag(field, wire_type::VARINT);
        self.varint(value);
        self
    }

    /// Appends a double.
    pub fn double(mut self, field: u64, value: f64) -> Self {
        self.tag(field, wire_type::EIGHT_BYTES);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// Appends a float.
    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.tag(field, wire_type::FOUR_BYTES);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// Appends bytes or a string.
    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.tag(field, wire_type::LENGTH);
        self.varint(value.len() as u64);
        self.bytes.extend(value);
        self
    }

    /// Appends an embedded message.
    pub fn message(self, field: u64, value: &Message) -> Self {
        self.bytes(field, &value.bytes)
    }
}

/// The first event of every file, with the version of the format.
pub fn version(now: f64) -> Message {
    Message::default()
        .double(1, now)
        .bytes(3, b"brain.Event:2")
        .message(10, &Message::default().bytes(1, b"shoal"))
}

/// An event with named scalars at a step.
pub fn scalars(now: f64, step: u32, numbers: &[(&str, f64)]) -> Message {
    let mut summary = Message::default();
    for (name, value) in numbers {
        let value = Message::default().bytes(1, name.as_bytes()).float(2, *value as f32);
        summary = summary.message(1, &value);
    }
    Message::default().double(1, now).integer(2, step.into()).message(5, &summary)
}

/// A hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A string.
    Word(String),
}

/// The start of a session of the hparams plugin: a run with its hyper-parameters.
pub fn begins(now: f64, parameters: &[(&str, Value)]) -> Message {
    let mut info = Message::default();
    for (name, value) in parameters {
        let value = match value {
            Value::Number(number) => Message::default().double(2, *number),
            Value::Word(word) => Message::default().bytes(3, word.as_bytes()),
        };
        let entry = Message::default().bytes(1, name.as_bytes()).message(2, &value);
        info = info.message(1, &entry);
    }
    plugin(
        now,
        "_hparams_/session_start_info",
        &Message::default().message(3, &info.double(5, now)),
    )
}

/// The end of a session of the hparams plugin.
pub fn ends(now: f64, success: bool) -> Message {
    let info = Message::default().integer(1, if success { 1 } else { 2 });
    plugin(now, "_hparams_/session_end_info", &Message::default().message(4, &info.double(2, now)))
}

/// An event of the hparams plugin: its message as the metadata of a summary whose value is unused.
fn plugin(now: f64, name: &str, message: &Message) -> Message {
    let data = Message::default().bytes(1, b"hparams").bytes(2, &message.bytes);
    // DT_FLOAT without dimensions
    let tensor = Message::default()
        .integer(1, 1)
        .message(2, &Message::default())
        .bytes(5, &0f32.to_le_bytes());
    let value = Message::default()
        .bytes(1, name.as_bytes())
        .message(8, &tensor)
        .message(9, &Message::default().message(1, &data));
    Message::default().double(1, now).message(5, &Message::default().message(1, &value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_equal_those_of_tensorflow() {
        // written by `tensorboard.summary.writer.record_writer.RecordWriter`, tensorboard 2.21
        let written = record(&Message { bytes: b"shoal".to_vec() });
        assert_eq!(written, RECORD);
    }

    #[test]
    fn a_message_equals_that_of_protocol_buffers() {
        // tensorboard 2.21: Event(wall_time=1.5, step=300,
        // summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.25)]))
        assert_eq!(scalars(1.5, 300, &[("loss", 0.25)]).bytes, EVENT);
    }

    const RECORD: &[u8] = &[
        0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0xb2, 0x04, 0x3e, 0x73, 0x68, 0x6f,
        0x61, 0x6c, 0xa5, 0xcd, 0x0a, 0xc4,
    ];
    const EVENT: &[u8] = &[
        0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x3f, 0x10, 0xac, 0x02, 0x2a, 0x0d, 0x0a,
        0x0b, 0x0a, 0x04, 0x6c, 0x6f, 0x73, 0x73, 0x15, 0x00, 0x00, 0x80, 0x3e,
    ];
}
