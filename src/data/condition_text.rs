//! How conditions and expressions are written.
//!
//! ```text
//! condition   = all { ("or" | "||") all }
//! all         = one { ("and" | "&&") one }
//! one         = ("not" | "!") one | sum { ("<" | "<=" | ">" | ">=" | "==" | "!=") sum }
//! sum         = product { ("+" | "-") product }
//! product     = factor { ("*" | "/" | "%") factor }
//! factor      = ["-" | "+"] (number | column | call | "(" condition ")")
//! call        = function "(" sum { "," sum } ")"
//! ```
//!
//! An expression is a sum, a condition has a comparison. A column is a word of letters, digits, `_`
//! and `.`, or anything between backquotes. A comparison of two may go on, as `20 < pt < 50`. NaN
//! is not equal to anything, nor less or greater. `%` is the remainder of a division, which is not
//! negative.

use crate::data::condition::{COMPARISONS, Condition};
use crate::data::expression::{Expression, FUNCTIONS, NEGATION, OPERATORS};
use crate::data::names;
use crate::error::{Error, Result};
use crate::input_error;

/// Most parentheses and words `not` at one place.
const DEEPEST: usize = 32;

impl Condition {
    /// Parses a condition.
    ///
    /// # Errors
    /// The place that is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser::new(text, "condition", CONDITION);
        let parsed = parser.any()?;
        let condition = parser.condition(parsed)?;
        parser.end("`and`, `or`")?;
        Ok(condition)
    }
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// The place that is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser::new(text, "expression", EXPRESSION);
        let parsed = parser.binary(0)?;
        let expression = parser.number(parsed)?;
        parser.end("an operator")?;
        Ok(expression)
    }
}

/// What is said of how each is written.
const CONDITION: &str = "pt > 20 and abs(eta) < 2.5, with and, or, not, ( )";
const EXPRESSION: &str = "pt * cos(phi)";

/// What was read: whether it is a number is known after a closing parenthesis only.
enum Parsed {
    Condition(Condition),
    Number(Expression),
}

/// The state of reading.
struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
    kind: &'static str,
    example: &'static str,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, kind: &'static str, example: &'static str) -> Self {
        Self { text, rest: text, depth: 0, kind, example }
    }

    fn any(&mut self) -> Result<Parsed> {
        self.several(&["or", "||"], Self::all, Condition::Any)
    }

    fn all(&mut self) -> Result<Parsed> {
        self.several(&["and", "&&"], Self::one, Condition::All)
    }

    /// One or more, between these words.
    fn several(
        &mut self,
        between: &[&str],
        one: fn(&mut Self) -> Result<Parsed>,
        many: fn(Vec<Condition>) -> Condition,
    ) -> Result<Parsed> {
        let first = one(self)?;
        if !between.iter().any(|word| self.comes(word)) {
            return Ok(first);
        }
        let mut all = vec![self.condition(first)?];
        while between.iter().any(|word| self.take(word)) {
            let next = one(self)?;
            all.push(self.condition(next)?);
        }
        Ok(Parsed::Condition(many(all)))
    }

    fn one(&mut self) -> Result<Parsed> {
        if self.take("not") || self.take("!") {
            let inner = self.nested(Self::one)?;
            let inner = self.condition(inner)?;
            return Ok(Parsed::Condition(Condition::Not(Box::new(inner))));
        }
        let first = self.binary(0)?;
        if !COMPARISONS.iter().any(|(text, _)| self.comes(text)) {
            return Ok(first);
        }
        let (mut values, mut comparisons) = (vec![self.number(first)?], Vec::new());
        while let Some(comparison) = COMPARISONS.iter().find(|(text, _)| self.take(text)) {
            comparisons.push(*comparison);
            let next = self.binary(0)?;
            values.push(self.number(next)?);
        }
        Ok(Parsed::Condition(Condition::Compare(values, comparisons)))
    }

    /// Operators of a list and those that bind more tightly.
    fn binary(&mut self, list: usize) -> Result<Parsed> {
        let Some(operators) = OPERATORS.get(list) else { return self.factor() };
        let mut left = self.binary(list + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.take(operator.name)) {
            let right = self.binary(list + 1)?;
            let both = vec![self.number(left)?, self.number(right)?];
            left = Parsed::Number(Expression::Call(operator, both));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Parsed> {
        if self.take("-") {
            let inner = self.nested(Self::factor)?;
            let inner = vec![self.number(inner)?];
            return Ok(Parsed::Number(Expression::Call(&NEGATION, inner)));
        }
        if self.take("+") {
            return self.nested(Self::factor);
        }
        if self.take("(") {
            let inner = self.nested(Self::any)?;
            return self.closed(inner);
        }
        let word = self.word()?;
        match word {
            Expression::Column(name) if self.take("(") => self.call(&name),
            word => Ok(Parsed::Number(word)),
        }
    }

    /// The call of a function after its parenthesis.
    fn call(&mut self, name: &str) -> Result<Parsed> {
        let known: Vec<String> = FUNCTIONS.iter().map(|one| one.name.to_owned()).collect();
        let function = &FUNCTIONS[names::find(&known, name, "function")?];
        let mut arguments = Vec::new();
        while arguments.is_empty() || self.take(",") {
            let argument = self.nested(|parser| parser.binary(0))?;
            arguments.push(self.number(argument)?);
        }
        if arguments.len() != function.arguments {
            return Err(input_error!(
                "`{}`: {name} is of {} numbers, not {}",
                self.text,
                function.arguments,
                arguments.len()
            ));
        }
        self.closed(Parsed::Number(Expression::Call(function, arguments)))
    }

    fn closed(&mut self, inner: Parsed) -> Result<Parsed> {
        match self.take(")") {
            true => Ok(inner),
            false => Err(self.expected("`)`")),
        }
    }

    /// What is inside of parentheses or behind a sign or `not`.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Result<Parsed>) -> Result<Parsed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.expected(&format!("at most {DEEPEST} parentheses")));
        }
        let inner = inner(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// A number without a sign, or a column.
    fn word(&mut self) -> Result<Expression> {
        let rest = self.rest.trim_start();
        if let Some((name, rest)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            self.rest = rest;
            return Ok(Expression::Column(name.to_owned()));
        }
        let number = rest.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        let mut before = ' ';
        let end = rest.find(|letter: char| {
            // the sign of an exponent, as in 1e-3
            let exponent = number && "+-".contains(letter) && "eE".contains(before);
            before = letter;
            !is_of_word(letter) && !exponent
        });
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        let value = match word.parse::<f64>() {
            Ok(value) if number => Expression::Number(value),
            _ if !word.is_empty() && !number => Expression::Column(word.to_owned()),
            _ => return Err(self.expected("a number or the name of a column")),
        };
        self.rest = after;
        Ok(value)
    }

    /// Whether a word or a mark is the next one.
    fn comes(&self, wanted: &str) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(wanted) else { return false };
        let is_word = wanted.ends_with(|last: char| last.is_alphabetic());
        !(is_word && rest.starts_with(is_of_word) || wanted == "!" && rest.starts_with('='))
    }

    /// Takes a word or a mark, if it is the next one.
    fn take(&mut self, wanted: &str) -> bool {
        let comes = self.comes(wanted);
        if comes {
            self.rest = &self.rest.trim_start()[wanted.len()..];
        }
        comes
    }

    fn condition(&self, parsed: Parsed) -> Result<Condition> {
        match parsed {
            Parsed::Condition(condition) => Ok(condition),
            Parsed::Number(_) => Err(self.expected("one of < <= > >= == !=")),
        }
    }

    fn number(&self, parsed: Parsed) -> Result<Expression> {
        match parsed {
            Parsed::Number(expression) => Ok(expression),
            Parsed::Condition(_) => Err(self.expected("a number, not a condition,")),
        }
    }

    fn end(&self, or: &str) -> Result<()> {
        match self.rest.trim_start().is_empty() {
            true => Ok(()),
            false => Err(self.expected(&format!("{or} or the end"))),
        }
    }

    fn expected(&self, what: &str) -> Error {
        let rest = self.rest.trim_start();
        let at = match rest.is_empty() {
            true => "at its end".to_owned(),
            false => format!("at '{}'", rest.chars().take(20).collect::<String>()),
        };
        let functions = FUNCTIONS.iter().map(|function| function.name);
        input_error!(
            "the {} `{}` needs {what} {at}; one is written as {}, with + - * / %, {}, and a name \
             with other letters between backquotes",
            self.kind,
            self.text,
            self.example,
            functions.collect::<Vec<_>>().join(", ")
        )
    }
}

/// Whether a letter is one of the name of a column.
fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_.".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        let column = |name: &str| match name {
            "pt" => 30.0,
            "eta" => -2.0,
            "event" => 7.0,
            "gone" => f64::NAN,
            "jet 1.pt" => 5.0,
            other => panic!("no column {other}"),
        };
        Condition::parse(text).unwrap().holds(&column)
    }

    #[test]
    fn conditions_are_those_of_python() {
        for text in [
            "pt > 20",
            "pt>=30 and eta<0",
            "pt > 40 or eta == -2",
            "not pt > 40",
            "!(pt > 40) && abs(eta) <= 2",
            "20 < pt < 40",
            "event % 2 == 1",
            "pt > 40 and eta < 0 or event == 7",
            "pt > 1e1 and pt < 3.1E+1 and eta > -2.5e0",
            "`jet 1.pt` == 5",
            "eta != 2",
            "not gone > 0",
            "((pt > 20))",
            "eta % 3 == 1",
            "-pt < -20",
            "pt + 2 * 3 == 36 and (pt + 2) * 3 == 96",
            "pt - 10 - 10 == 10 and pt / 3 / 2 == 5",
            "pt * cos(eta + 2) == +30",
            "(abs(eta) > 1) and sqrt(pow(pt, 2)) == 30",
            "atan2(0, -1) > 3.14 and max(pt, event) == 30",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "pt < 20",
            "pt > 20 and eta > 0",
            "20 < pt < 25",
            "gone > 0 or gone <= 0",
            "gone != 1",
            "not (pt > 20 or eta > 0)",
            "pt > 40 and (eta < 0 or event == 7)",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let says = |text: &str, part: &str| {
            let error = Condition::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        };
        says("", "a number or the name of a column at its end");
        says("pt", "one of < <= > >= == != at its end");
        says("pt > ", "the name of a column at its end");
        says("pt = 3", "at '= 3'");
        says("pt > 20 eta < 3", "the end at 'eta < 3'");
        says("(pt > 20", "`)` at its end");
        says("pt + (eta > 1) > 2", "a number, not a condition, at '> 2'");
        says("pt and eta > 1", "one of < <= > >= == != at 'and eta > 1'");
        says("cot(eta) > 1", "there is no function 'cot'");
        says("atan2(eta) > 1", "atan2 is of 2 numbers, not 1");
        says("pt > 2x", "at '2x'");
        says(&format!("{}pt > 1", "(".repeat(1000)), "at most 32 parentheses");
        says(&format!("{}pt > 1", "not ".repeat(1000)), "at most 32 parentheses");
        says(&"abs(".repeat(1000), "at most 32 parentheses");
        says(&format!("{}pt > 1", "-".repeat(1000)), "at most 32 parentheses");
        let error = Expression::parse("pt > 20").unwrap_err().to_string();
        assert!(error.contains("an operator or the end at '> 20'"), "{error}");
    }

    #[test]
    fn words_in_names_are_names() {
        let condition = Condition::parse("order > 1 and nothing < 2 or absolute == 0").unwrap();
        let names: Vec<&str> = condition.columns().into_iter().collect();
        assert_eq!(names, ["absolute", "nothing", "order"]);
    }
}
