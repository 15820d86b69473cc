//! Numbers computed from the columns of a row, such as `pt * cos(phi)`.

use std::collections::BTreeSet;

/// A number of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Number(f64),
    Column(String),
    Call(&'static Function, Vec<Expression>),
}

/// A function or an operator.
#[derive(Debug)]
pub(crate) struct Function {
    /// How it is written.
    pub(crate) name: &'static str,
    /// How many numbers it takes.
    pub(crate) arguments: usize,
    of: fn(&[f64]) -> f64,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.arguments) == (other.name, other.arguments)
    }
}

const fn function(name: &'static str, arguments: usize, of: fn(&[f64]) -> f64) -> Function {
    Function { name, arguments, of }
}

/// `-x`.
pub(crate) static NEGATION: Function = function("-", 1, |x| -x[0]);

/// Operators of two numbers; those of a later list bind more tightly.
pub(crate) static OPERATORS: [&[Function]; 2] = [
    &[function("+", 2, |x| x[0] + x[1]), function("-", 2, |x| x[0] - x[1])],
    &[
        function("*", 2, |x| x[0] * x[1]),
        function("/", 2, |x| x[0] / x[1]),
        // not negative
        function("%", 2, |x| x[0].rem_euclid(x[1])),
    ],
];

/// Functions, written with parentheses; angles are in radians, `log` is natural.
pub(crate) static FUNCTIONS: [Function; 16] = [
    function("abs", 1, |x| x[0].abs()),
    function("sqrt", 1, |x| x[0].sqrt()),
    function("exp", 1, |x| x[0].exp()),
    function("log", 1, |x| x[0].ln()),
    function("log1p", 1, |x| x[0].ln_1p()),
    function("log10", 1, |x| x[0].log10()),
    function("sin", 1, |x| x[0].sin()),
    function("cos", 1, |x| x[0].cos()),
    function("tan", 1, |x| x[0].tan()),
    function("sinh", 1, |x| x[0].sinh()),
    function("cosh", 1, |x| x[0].cosh()),
    function("tanh", 1, |x| x[0].tanh()),
    function("atan2", 2, |x| x[0].atan2(x[1])),
    function("pow", 2, |x| x[0].powf(x[1])),
    function("min", 2, |x| x[0].min(x[1])),
    function("max", 2, |x| x[0].max(x[1])),
];

impl Expression {
    /// Its number in a row, of which `column` has the numbers.
    pub(crate) fn of(&self, column: &dyn Fn(&str) -> f64) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Column(name) => column(name),
            Self::Call(function, arguments) => {
                let mut numbers = [0.0; 2];
                for (number, argument) in numbers.iter_mut().zip(arguments) {
                    *number = argument.of(column);
                }
                (function.of)(&numbers[..arguments.len()])
            }
        }
    }

    /// The columns that it names.
    pub(crate) fn columns(&self) -> BTreeSet<&str> {
        match self {
            Self::Number(_) => BTreeSet::new(),
            Self::Column(name) => BTreeSet::from([name.as_str()]),
            Self::Call(_, arguments) => arguments.iter().flat_map(Self::columns).collect(),
        }
    }
}
