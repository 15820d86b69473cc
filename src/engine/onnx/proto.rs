//! The part of `onnx.proto` (ONNX, Apache-2.0) that exported networks need, with its field numbers.

use prost::{Enumeration, Message, Oneof};

/// A file.
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// Version of the format itself.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// Who wrote it.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// What it is, for people.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The network.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// The version of the operators.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    /// Other facts.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<Entry>,
}

/// A set of operators.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// Whose; empty for ONNX.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Its version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A key and a value.
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    /// The key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// Nodes in topological order.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// The nodes.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// A name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// The constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// The inputs.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// The outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// A node.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of its inputs.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of its outputs.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// Its name.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// The attributes.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
}

/// An attribute of a node.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value, a number.
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    /// Its value, an integer.
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    /// Its value, integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Which of these it has.
    #[prost(enumeration = "AttributeType", tag = "20")]
    pub r#type: i32,
}

/// The types of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
pub enum AttributeType {
    /// None.
    Undefined = 0,
    /// A number.
    Float = 1,
    /// An integer.
    Int = 2,
    /// Integers.
    Ints = 7,
}

/// A constant.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Its shape.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// A [`DataType`].
    #[prost(enumeration = "DataType", tag = "2")]
    pub data_type: i32,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// The numbers, little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
}

/// The types of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
pub enum DataType {
    /// None.
    Undefined = 0,
    /// f32
    Float = 1,
    /// i64
    Int64 = 7,
    /// A byte, 0 or 1.
    Bool = 9,
    /// f64
    Double = 11,
}

/// An input or an output.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
    /// What it is, for people.
    #[prost(string, tag = "3")]
    pub doc_string: String,
}

/// The type of a value, of which there is only that of tensors here.
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// Numbers and shape.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// The type of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// A [`DataType`].
    #[prost(enumeration = "DataType", tag = "1")]
    pub elem_type: i32,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShape>,
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShape {
    /// The dimensions.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// A dimension.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// Its size.
    #[prost(oneof = "Size", tags = "1, 2")]
    pub size: Option<Size>,
}

/// The size of a dimension.
#[derive(Clone, PartialEq, Oneof)]
pub enum Size {
    /// A number.
    #[prost(int64, tag = "1")]
    Fixed(i64),
    /// A name: any number.
    #[prost(string, tag = "2")]
    Named(String),
}
