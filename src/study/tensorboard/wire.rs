//! The encoding of an event file: TFRecords (`tensorflow/core/lib/io/record_writer.h`), each with a
//! protocol buffer `tensorflow.Event` (`event.proto`, `summary.proto`). Hyper-parameters are
//! encoded as in `plugin_data.proto` of TensorBoard's hparams plugin.

use crc32c::crc32c;
use prost::Message;

/// A record: the length, its masked checksum, the bytes, and their masked checksum, all
/// little-endian.
pub fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let sums = [&length[..], bytes].map(|bytes| masked(crc32c(bytes)).to_le_bytes());
    [&length[..], &sums[0], bytes, &sums[1]].concat()
}

/// The masked form in which a checksum is stored. The CRC of data that contains its own CRC would
/// otherwise be degenerate.
pub fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// An event.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(uint32, optional, tag = "2")]
    step: Option<u32>,
    #[prost(string, tag = "3")]
    file_version: String,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "10")]
    source_metadata: Option<SourceMetadata>,
}

#[derive(Clone, PartialEq, Message)]
struct SourceMetadata {
    #[prost(string, tag = "1")]
    writer: String,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<SummaryValue>,
}

#[derive(Clone, PartialEq, Message)]
struct SummaryValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<Tensor>,
    #[prost(message, optional, tag = "9")]
    metadata: Option<SummaryMetadata>,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(uint32, tag = "1")]
    dtype: u32,
    #[prost(message, optional, tag = "2")]
    tensor_shape: Option<TensorShape>,
    #[prost(float, repeated, tag = "5")]
    float_val: Vec<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorShape {}

#[derive(Clone, PartialEq, Message)]
struct SummaryMetadata {
    #[prost(message, optional, tag = "1")]
    plugin_data: Option<PluginData>,
}

#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    plugin_name: String,
    #[prost(bytes = "vec", tag = "2")]
    content: Vec<u8>,
}

/// What the hparams plugin has of a session, a run.
#[derive(Clone, PartialEq, Message)]
struct Session {
    #[prost(message, optional, tag = "3")]
    start: Option<SessionStart>,
    #[prost(message, optional, tag = "4")]
    end: Option<SessionEnd>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionStart {
    // a map, whose entries keep their order
    #[prost(message, repeated, tag = "1")]
    hparams: Vec<Parameter>,
    #[prost(double, tag = "5")]
    start_time_secs: f64,
}

#[derive(Clone, PartialEq, Message)]
struct SessionEnd {
    #[prost(uint32, tag = "1")]
    status: u32,
    #[prost(double, tag = "2")]
    end_time_secs: f64,
}

#[derive(Clone, PartialEq, Message)]
struct Parameter {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<ParameterValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ParameterValue {
    #[prost(oneof = "Value", tags = "2, 3")]
    kind: Option<Value>,
}

/// A hyper-parameter.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Value {
    /// A number.
    #[prost(double, tag = "2")]
    Number(f64),
    /// A string.
    #[prost(string, tag = "3")]
    Word(String),
}

/// The first event of every file, with the version of the format.
pub fn version(now: f64) -> Event {
    Event {
        wall_time: now,
        file_version: "brain.Event:2".to_owned(),
        source_metadata: Some(SourceMetadata { writer: "shoal".to_owned() }),
        ..Event::default()
    }
}

/// An event with named scalars at a step.
pub fn scalars(now: f64, step: u32, numbers: &[(&str, f64)]) -> Event {
    let scalar = |(name, number): &(&str, f64)| SummaryValue {
        tag: (*name).to_owned(),
        simple_value: Some(*number as f32),
        ..SummaryValue::default()
    };
    let value = numbers.iter().map(scalar).collect();
    Event { wall_time: now, step: Some(step), summary: Some(Summary { value }), ..Event::default() }
}

/// The start of a session of the hparams plugin: a run with its hyper-parameters.
pub fn begins(now: f64, parameters: Vec<(&str, Value)>) -> Event {
    let parameter = |(key, value): (&str, Value)| Parameter {
        key: key.to_owned(),
        value: Some(ParameterValue { kind: Some(value) }),
    };
    let hparams = parameters.into_iter().map(parameter).collect();
    let start = Some(SessionStart { hparams, start_time_secs: now });
    plugin(now, "_hparams_/session_start_info", Session { start, end: None })
}

/// The end of a session of the hparams plugin.
pub fn ends(now: f64, success: bool) -> Event {
    let end = Some(SessionEnd { status: if success { 1 } else { 2 }, end_time_secs: now });
    plugin(now, "_hparams_/session_end_info", Session { start: None, end })
}

/// An event of the hparams plugin: its message as the metadata of a summary whose value is unused.
fn plugin(now: f64, tag: &str, session: Session) -> Event {
    let plugin_data =
        PluginData { plugin_name: "hparams".to_owned(), content: session.encode_to_vec() };
    // DT_FLOAT without dimensions
    let tensor = Tensor { dtype: 1, tensor_shape: Some(TensorShape {}), float_val: vec![0.0] };
    let value = SummaryValue {
        tag: tag.to_owned(),
        simple_value: None,
        tensor: Some(tensor),
        metadata: Some(SummaryMetadata { plugin_data: Some(plugin_data) }),
    };
    let summary = Some(Summary { value: vec![value] });
    Event { wall_time: now, summary, ..Event::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_equal_those_of_tensorflow() {
        // written by `tensorboard.summary.writer.record_writer.RecordWriter`, tensorboard 2.21
        assert_eq!(record(b"shoal"), RECORD);
    }

    #[test]
    fn a_message_equals_that_of_protocol_buffers() {
        // tensorboard 2.21: Event(wall_time=1.5, step=300,
        // summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.25)]))
        assert_eq!(scalars(1.5, 300, &[("loss", 0.25)]).encode_to_vec(), EVENT);
    }

    /// The start with `batch = 8` and the end of a session at 1.5, as tensorboard 2.21 writes them.
    #[test]
    fn sessions_equal_those_of_protocol_buffers() {
        let hex = |event: Event| -> String {
            event.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(hex(begins(1.5, vec![("batch", Value::Number(8.0))])), BEGINS);
        assert_eq!(hex(ends(1.5, true)), ENDS);
    }

    const RECORD: &[u8] = &[
        0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0xb2, 0x04, 0x3e, 0x73, 0x68, 0x6f,
        0x61, 0x6c, 0xa5, 0xcd, 0x0a, 0xc4,
    ];
    const EVENT: &[u8] = &[
        0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x3f, 0x10, 0xac, 0x02, 0x2a, 0x0d, 0x0a,
        0x0b, 0x0a, 0x04, 0x6c, 0x6f, 0x73, 0x73, 0x15, 0x00, 0x00, 0x80, 0x3e,
    ];
    const BEGINS: &str = "09000000000000f83f2a5a0a580a1c5f68706172616d735f2f73657373696f6e5f7374617274\
        5f696e666f420a080112002a04000000004a2c0a2a0a0768706172616d73121f1a1d0a120a05626174636812091100\
        0000000000204029000000000000f83f";
    const ENDS: &str = "09000000000000f83f2a460a440a1a5f68706172616d735f2f73657373696f6e5f656e645f696e\
        666f420a080112002a04000000004a1a0a180a0768706172616d73120d220b080111000000000000f83f";
}
