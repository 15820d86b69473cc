//! The bytes of an event file: records of TensorFlow (`tensorflow/core/lib/io/record_writer.h`),
//! each a protocol buffer `tensorflow.Event` (`event.proto`, `summary.proto`; hyper-parameters as
//! in the plugin's `plugin_data.proto`).

use crc32c::crc32c;

/// A record: its length, the masked checksum of that, the bytes, and their masked checksum,
/// little-endian.
pub fn record(event: &Message) -> Vec<u8> {
    let bytes = &event.bytes;
    let length = (bytes.len() as u64).to_le_bytes();
    let sums = [&length[..], bytes].map(|bytes| masked(crc32c(bytes)).to_le_bytes());
    [&length[..], &sums[0], bytes, &sums[1]].concat()
}

/// A checksum as it is stored, so that one over bytes that hold checksums is none of theirs.
pub fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A protocol buffer in the making: fields by their number.
#[derive(Clone, Debug, Default)]
pub struct Message {
    bytes: Vec<u8>,
}

/// How a field's value is written.
mod kind {
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

    fn tag(&mut self, field: u64, written: u64) {
        self.varint(field << 3 | written);
    }

    /// With a whole number.
    pub fn whole(mut self, field: u64, value: u64) -> Self {
        self.tag(field, kind::VARINT);
        self.varint(value);
        self
    }

    /// With a number of eight bytes.
    pub fn double(mut self, field: u64, value: f64) -> Self {
        self.tag(field, kind::EIGHT_BYTES);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// With a number of four bytes.
    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.tag(field, kind::FOUR_BYTES);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// With bytes or text.
    pub fn text(mut self, field: u64, value: &[u8]) -> Self {
        self.tag(field, kind::LENGTH);
        self.varint(value.len() as u64);
        self.bytes.extend(value);
        self
    }

    /// With a message inside.
    pub fn inside(self, field: u64, value: &Message) -> Self {
        self.text(field, &value.bytes)
    }
}

/// The event that every file begins with.
pub fn version(now: f64) -> Message {
    Message::default()
        .double(1, now)
        .text(3, b"brain.Event:2")
        .inside(10, &Message::default().text(1, b"shoal"))
}

/// An event with numbers under names, at a step.
pub fn scalars(now: f64, step: u32, numbers: &[(&str, f64)]) -> Message {
    let mut summary = Message::default();
    for (name, value) in numbers {
        let value = Message::default().text(1, name.as_bytes()).float(2, *value as f32);
        summary = summary.inside(1, &value);
    }
    Message::default().double(1, now).whole(2, step.into()).inside(5, &summary)
}

/// A hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
}

/// That a run begins, with its hyper-parameters.
pub fn begins(now: f64, parameters: &[(&str, Value)]) -> Message {
    let mut info = Message::default();
    for (name, value) in parameters {
        let value = match value {
            Value::Number(number) => Message::default().double(2, *number),
            Value::Word(word) => Message::default().text(3, word.as_bytes()),
        };
        let entry = Message::default().text(1, name.as_bytes()).inside(2, &value);
        info = info.inside(1, &entry);
    }
    plugin(now, "_hparams_/session_start_info", &Message::default().inside(3, &info.double(5, now)))
}

/// That a run is over, well or not.
pub fn ends(now: f64, well: bool) -> Message {
    let info = Message::default().whole(1, if well { 1 } else { 2 });
    plugin(now, "_hparams_/session_end_info", &Message::default().inside(4, &info.double(2, now)))
}

/// An event for the plugin of hyper-parameters: its message as metadata, beside a number that means
/// nothing.
fn plugin(now: f64, name: &str, message: &Message) -> Message {
    let data = Message::default().text(1, b"hparams").text(2, &message.bytes);
    // DT_FLOAT without dimensions
    let tensor =
        Message::default().whole(1, 1).inside(2, &Message::default()).text(5, &0f32.to_le_bytes());
    let value = Message::default()
        .text(1, name.as_bytes())
        .inside(8, &tensor)
        .inside(9, &Message::default().inside(1, &data));
    Message::default().double(1, now).inside(5, &Message::default().inside(1, &value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_those_of_tensorflow() {
        // bytes that `tensorboard.summary.writer.record_writer.RecordWriter` of tensorboard 2.21
        // wrote
        let written = record(&Message { bytes: b"shoal".to_vec() });
        assert_eq!(written, RECORD);
    }

    #[test]
    fn a_message_is_that_of_protocol_buffers() {
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
