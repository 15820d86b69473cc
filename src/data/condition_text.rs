//! How a condition is written.
//!
//! ```text
//! condition   = all { ("or" | "||") all }
//! all         = one { ("and" | "&&") one }
//! one         = ("not" | "!") one | "(" condition ")" | comparison
//! comparison  = value ("<" | "<=" | ">" | ">=" | "==" | "!=") value { ... }
//! value       = (number | column | "abs(" value ")") [ "%" value ]
//! ```
//!
//! A column is a word of letters, digits, `_` and `.`, or anything between backquotes. A comparison
//! of two may go on, as `20 < pt < 50`. NaN is not equal to anything, nor less or greater. `%` is
//! the remainder of a division, which is not negative.

use crate::data::condition::{COMPARISONS, Condition, Value};
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
        let mut parser = Parser { text, rest: text, depth: 0 };
        let condition = parser.any()?;
        match parser.rest.trim_start().is_empty() {
            true => Ok(condition),
            false => Err(parser.expected("`and`, `or` or the end")),
        }
    }
}

/// The state of reading a condition.
struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Condition> {
        self.several(&["or", "||"], Self::all, Condition::Any)
    }

    fn all(&mut self) -> Result<Condition> {
        self.several(&["and", "&&"], Self::one, Condition::All)
    }

    /// One or more, between these words.
    fn several(
        &mut self,
        between: &[&str],
        one: fn(&mut Self) -> Result<Condition>,
        many: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition> {
        let mut all = vec![one(self)?];
        while between.iter().any(|word| self.take(word)) {
            all.push(one(self)?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { many(all) })
    }

    fn one(&mut self) -> Result<Condition> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.expected(&format!("at most {DEEPEST} parentheses")));
        }
        let condition = if self.take("not") || self.take("!") {
            Condition::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let condition = self.any()?;
            match self.take(")") {
                true => condition,
                false => return Err(self.expected("`)`")),
            }
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition> {
        let (mut values, mut comparisons) = (vec![self.value()?], Vec::new());
        while let Some(comparison) = COMPARISONS.iter().find(|(text, _)| self.take(text)) {
            comparisons.push(*comparison);
            values.push(self.value()?);
        }
        match comparisons.is_empty() {
            true => Err(self.expected("one of < <= > >= == !=")),
            false => Ok(Condition::Compare(values, comparisons)),
        }
    }

    fn value(&mut self) -> Result<Value> {
        let value = if self.take("abs(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(self.expected(&format!("at most {DEEPEST} parentheses")));
            }
            let value = self.value()?;
            if !self.take(")") {
                return Err(self.expected("`)`"));
            }
            self.depth -= 1;
            Value::Abs(Box::new(value))
        } else {
            self.word()?
        };
        match self.take("%") {
            true => Ok(Value::Remainder(Box::new(value), Box::new(self.word()?))),
            false => Ok(value),
        }
    }

    /// A number or a column.
    fn word(&mut self) -> Result<Value> {
        let rest = self.rest.trim_start();
        if let Some((name, rest)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            self.rest = rest;
            return Ok(Value::Column(name.to_owned()));
        }
        let of_word = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
        let sign = rest.len() - rest.trim_start_matches(['-', '+']).len();
        let number = rest[sign..].starts_with(|first: char| first.is_ascii_digit() || first == '.');
        let mut before = ' ';
        let end = rest[sign..].find(|letter: char| {
            // the sign of an exponent, as in 1e-3
            let exponent = number && "+-".contains(letter) && "eE".contains(before);
            before = letter;
            !of_word(letter) && !exponent
        });
        let (word, after) = rest.split_at(end.map_or(rest.len(), |end| sign + end));
        let value = match word.parse::<f64>() {
            Ok(value) if number => Value::Number(value),
            _ if !word.is_empty() && sign == 0 && !number => Value::Column(word.to_owned()),
            _ => return Err(self.expected("a number or the name of a column")),
        };
        self.rest = after;
        Ok(value)
    }

    /// Takes a word or a mark, if it is the next one.
    fn take(&mut self, wanted: &str) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(wanted) else { return false };
        let letter = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
        let is_word = wanted.ends_with(|last: char| last.is_alphabetic());
        if is_word && rest.starts_with(letter) || wanted == "!" && rest.starts_with('=') {
            return false;
        }
        self.rest = rest;
        true
    }

    fn expected(&self, what: &str) -> Error {
        let rest = self.rest.trim_start();
        let at = match rest.is_empty() {
            true => "at its end".to_owned(),
            false => format!("at '{}'", rest.chars().take(20).collect::<String>()),
        };
        input_error!(
            "the condition `{}` needs {what} {at}; one is written as pt > 20 and abs(eta) < 2.5, \
             with and, or, not, ( ), %, and a name with other letters between backquotes",
            self.text
        )
    }
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
        says("-pt > 20", "at '-pt > 20'");
        says("pt > 2x", "at '2x'");
        says(&format!("{}pt > 1", "(".repeat(1000)), "at most 32 parentheses");
        says(&format!("{}pt > 1", "not ".repeat(1000)), "at most 32 parentheses");
        says(&"abs(".repeat(1000), "at most 32 parentheses");
    }

    #[test]
    fn words_in_names_are_names() {
        let condition = Condition::parse("order > 1 and nothing < 2 or absolute == 0").unwrap();
        let names: Vec<&str> = condition.columns().into_iter().collect();
        assert_eq!(names, ["absolute", "nothing", "order"]);
    }
}
