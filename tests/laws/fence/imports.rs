//! The paths that a source names: in `use` declarations and in code.

use super::tokens::{Token, tokens, without_tests};

/// A path as it is written, and what `use` makes of it.
pub struct Import {
    pub path: Vec<String>,
    /// The name that it has from then on.
    pub name: String,
    pub public: bool,
}

/// What a source names.
pub struct Imports {
    pub uses: Vec<Import>,
    /// Paths of two words or more outside of `use` declarations.
    pub paths: Vec<Vec<String>>,
    /// Macros for the whole crate.
    pub macros: Vec<String>,
}

impl Imports {
    /// What is compiled for tests alone does not count.
    pub fn new(source: &str) -> Self {
        let tokens = without_tests(&tokens(source));
        let mut imports = Self { uses: Vec::new(), paths: Vec::new(), macros: Vec::new() };
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest[0].word() {
                Some("use") => {
                    let public = at > 0 && visible(&tokens[..at]);
                    let end = rest.iter().position(|token| token.is(';')).unwrap_or(rest.len());
                    imports.tree(&rest[1..end], &[], public);
                    end
                }
                Some("macro_rules") => {
                    imports.macros.extend(rest.get(2).and_then(Token::word).map(str::to_owned));
                    3
                }
                Some(_) => imports.path(rest),
                None => 1,
            };
        }
        imports
    }

    /// The leaves of a tree of a `use` declaration.
    fn tree(&mut self, tokens: &[Token], prefix: &[String], public: bool) {
        let mut path = prefix.to_vec();
        let mut rest = tokens;
        loop {
            match rest {
                [Token::Path, after @ ..] => rest = after,
                [Token::Mark('{'), after @ ..] => {
                    let inside = &after[..after.len().saturating_sub(1)];
                    return branches(inside).for_each(|branch| self.tree(branch, &path, public));
                }
                [Token::Word(word), Token::Word(name)] if word == "as" => {
                    return self.leaf(path, Some(name), public);
                }
                [Token::Word(word), after @ ..] => {
                    path.push(word.clone());
                    rest = after;
                }
                _ => return self.leaf(path, None, public),
            }
        }
    }

    fn leaf(&mut self, mut path: Vec<String>, name: Option<&String>, public: bool) {
        // `use a::b::{self}` names `a::b`
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(last) = path.last().cloned() {
            self.uses.push(Import { name: name.cloned().unwrap_or(last), path, public });
        }
    }

    /// A path in code; returns how many tokens it has.
    fn path(&mut self, tokens: &[Token]) -> usize {
        let mut path = vec![tokens[0].word().expect("a word").to_owned()];
        let mut at = 1;
        while let [Token::Path, Token::Word(word), ..] = &tokens[at..] {
            path.push(word.clone());
            at += 2;
        }
        if path.len() > 1 {
            self.paths.push(path);
        }
        at
    }
}

/// Whether the tokens end in `pub` or `pub(...)`.
fn visible(before: &[Token]) -> bool {
    let before = match before {
        [.., Token::Mark(')')] => {
            let open = before.iter().rposition(|token| token.is('(')).unwrap_or(0);
            &before[..open]
        }
        _ => before,
    };
    before.last().and_then(Token::word) == Some("pub")
}

/// The tokens between commas that stand outside of braces.
fn branches(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut depth = 0;
    tokens.split(move |token| {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
        depth == 0 && token.is(',')
    })
}
