//! A graph of ONNX while it is built. Tensors are called by their names.

use crate::engine::onnx::proto::{Attribute, AttributeType, DataType, Node, Tensor};

/// Nodes and constants, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The constants.
    pub constants: Vec<Tensor>,
    /// What the names of parameters begin with.
    pub prefix: String,
}

/// A number of a tensor.
pub trait Number: Copy {
    /// Its type.
    const TYPE: DataType;
    /// Appends its bytes.
    fn push(self, bytes: &mut Vec<u8>);
}

macro_rules! number {
    ($($number:ty: $kind:ident),*) => {
        $(impl Number for $number {
            const TYPE: DataType = DataType::$kind;
            fn push(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        })*
    };
}

number!(f32: Float, f64: Double, i64: Int64);

impl Number for bool {
    const TYPE: DataType = DataType::Bool;
    fn push(self, bytes: &mut Vec<u8>) {
        bytes.push(self.into());
    }
}

/// An attribute that is an integer, as an axis.
pub fn integer(name: &str, value: i64) -> Attribute {
    let (name, r#type) = (name.to_owned(), AttributeType::Int.into());
    Attribute { name, i: Some(value), r#type, ..Attribute::default() }
}

/// An attribute that is a list of integers, as axes.
pub fn integers(name: &str, values: &[i64]) -> Attribute {
    let (name, r#type) = (name.to_owned(), AttributeType::Ints.into());
    Attribute { name, ints: values.to_vec(), r#type, ..Attribute::default() }
}

/// An attribute that is a number.
pub fn number(name: &str, value: f32) -> Attribute {
    let (name, r#type) = (name.to_owned(), AttributeType::Float.into());
    Attribute { name, f: Some(value), r#type, ..Attribute::default() }
}

impl Nodes {
    /// Adds a node without attributes; returns its output.
    pub fn add(&mut self, op: &str, inputs: &[&str]) -> String {
        self.add_with(op, inputs, vec![])
    }

    /// Adds a node with attributes; returns its output.
    pub fn add_with(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let [output] = self.add_several(op, inputs, attributes);
        output
    }

    /// Adds a node with several outputs.
    pub fn add_several<const N: usize>(
        &mut self,
        op: &str,
        inputs: &[&str],
        attribute: Vec<Attribute>,
    ) -> [String; N] {
        let number = self.nodes.len();
        let outputs = std::array::from_fn(|place| match N {
            1 => format!("{op}_{number}"),
            _ => format!("{op}_{number}_{place}"),
        });
        self.nodes.push(Node {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: outputs.to_vec(),
            // onnxruntime 1.20 gives nodes that it fuses names made of theirs, which must differ
            name: outputs[0].clone(),
            op_type: op.to_owned(),
            attribute,
        });
        outputs
    }

    /// Adds a node that gives an output of the graph its name.
    pub fn name(&mut self, value: &str, name: &str) {
        self.add("Identity", &[value]);
        self.nodes.last_mut().expect("onnx: the node").output = vec![name.to_owned()];
    }

    /// Adds a constant with a name, of this shape in row-major order.
    ///
    /// # Panics
    /// If the shape does not have as many numbers.
    pub fn named<T: Number>(&mut self, name: &str, shape: &[usize], numbers: &[T]) -> String {
        assert_eq!(shape.iter().product::<usize>(), numbers.len(), "onnx: the shape of {name}");
        let mut raw_data = Vec::new();
        numbers.iter().for_each(|number| number.push(&mut raw_data));
        self.constants.push(Tensor {
            dims: shape.iter().map(|size| *size as i64).collect(),
            data_type: T::TYPE.into(),
            name: name.to_owned(),
            raw_data,
        });
        name.to_owned()
    }

    /// Adds a constant row of numbers.
    pub fn row<T: Number>(&mut self, numbers: &[T]) -> String {
        let name = format!("constant_{}", self.constants.len());
        self.named(&name, &[numbers.len()], numbers)
    }

    /// Adds a constant number.
    pub fn scalar<T: Number>(&mut self, number: T) -> String {
        let name = format!("constant_{}", self.constants.len());
        self.named(&name, &[], &[number])
    }

    /// Adds axes of length 1.
    pub fn unsqueeze(&mut self, value: &str, axes: &[i64]) -> String {
        let axes = self.row(axes);
        self.add("Unsqueeze", &[value, &axes])
    }

    /// The value where it is, else a number; `mask` has the shape of the value but for axes of
    /// length 1.
    pub fn masked<T: Number>(&mut self, value: &str, mask: &str, other: T) -> String {
        let other = self.scalar(other);
        self.add("Where", &[mask, value, &other])
    }

    /// The sum over an axis.
    pub fn sum(&mut self, value: &str, axis: i64) -> String {
        let axes = self.row(&[axis]);
        self.add_with("ReduceSum", &[value, &axes], vec![integer("keepdims", 0)])
    }

    /// The numbers in another type.
    pub fn cast(&mut self, value: &str, to: DataType) -> String {
        self.add_with("Cast", &[value], vec![integer("to", to as i64)])
    }
}
