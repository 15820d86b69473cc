//! Rust source as tokens, without comments: as much of the grammar as the fences need.

/// What a source consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// The inside of a string literal.
    Text(String),
    /// `::`
    Path,
    /// Any other letter that is not white space.
    Mark(char),
}

impl Token {
    pub fn word(&self) -> Option<&str> {
        match self {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn is(&self, mark: char) -> bool {
        *self == Token::Mark(mark)
    }
}

/// The tokens of a source; comments and character literals are left out.
pub fn tokens(source: &str) -> Vec<Token> {
    let letters: Vec<char> = source.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < letters.len() {
        let rest = &letters[at..];
        let next = rest.get(1).copied().unwrap_or(' ');
        at += match rest[0] {
            '/' if next == '/' => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            '/' if next == '*' => block_comment(rest),
            '"' => text(rest, 1, 0, &mut found),
            'r' if raw(rest).is_some() => {
                let marks = raw(rest).expect("a raw string");
                text(rest, 2 + marks, marks, &mut found)
            }
            '\'' => quote(rest),
            ':' if next == ':' => {
                found.push(Token::Path);
                2
            }
            c if is_word(c) => {
                let word: String = rest.iter().take_while(|c| is_word(**c)).collect();
                let length = word.chars().count();
                found.push(Token::Word(word));
                length
            }
            c if c.is_whitespace() => 1,
            c => {
                found.push(Token::Mark(c));
                1
            }
        };
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The length of a block comment, which may hold others.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let pair = [rest[at], rest.get(at + 1).copied().unwrap_or(' ')];
        match pair {
            ['/', '*'] => depth += 1,
            ['*', '/'] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The number of `#` of a raw string that begins here.
fn raw(rest: &[char]) -> Option<usize> {
    let marks = rest[1..].iter().take_while(|c| **c == '#').count();
    (rest.get(1 + marks) == Some(&'"')).then_some(marks)
}

/// Reads a string whose inside begins at `start` and which ends with a quote and `marks` times `#`;
/// returns its length. Only strings without `#` and `r` have escapes, but a backslash before a
/// quote in a raw string is so rare that both are read alike.
fn text(rest: &[char], start: usize, marks: usize, found: &mut Vec<Token>) -> usize {
    let mut at = start;
    while at < rest.len() {
        match rest[at] {
            '\\' if marks == 0 => at += 1,
            '"' if rest[at + 1..].iter().take_while(|c| **c == '#').count() >= marks => break,
            _ => {}
        }
        at += 1;
    }
    found.push(Token::Text(rest[start..at.min(rest.len())].iter().collect()));
    at + 1 + marks
}

/// The length of a character literal, or of the quote of a lifetime.
fn quote(rest: &[char]) -> usize {
    match rest {
        [_, '\\', _, ..] => 3 + rest[3..].iter().position(|c| *c == '\'').map_or(0, |end| end + 1),
        [_, _, '\'', ..] => 3,
        _ => 1,
    }
}

/// The tokens without the items and statements that are compiled for tests alone.
pub fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let attribute: Vec<Token> = self::tokens("#[cfg(test)]");
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at..].starts_with(&attribute) {
            at += attribute.len();
            at += item(&tokens[at..]);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// How many tokens an item has: up to a `;` or the end of a block, outside of brackets.
fn item(tokens: &[Token]) -> usize {
    let (mut depth, mut braces) = (0, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(' | '[') => depth += 1,
            Token::Mark(')' | ']') => depth -= 1,
            Token::Mark('{') => braces += 1,
            Token::Mark('}') => braces -= 1,
            _ => {}
        }
        let ends = token.is(';') || token.is('}');
        if ends && depth == 0 && braces == 0 {
            return at + 1;
        }
    }
    tokens.len()
}
