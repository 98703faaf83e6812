//! Octets to tokens, and which token may follow which.

use super::super::error::{LanguageError, shortened, syntax, type_error, unknown};
use super::super::gates::Pass;
use super::super::value::Function;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Prefix(String),
    Number(f64),
    Bool(bool),
    Text(String),
    Variable(String),
    Function(Function),
    /// A name with a dot in it: its first part.
    Accessor(String),
    Comparator(String),
    Logical(String),
    Modifier(String),
    Ternary(String),
    Open,
    Close,
    Separator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Start,
    Prefix,
    Number,
    Bool,
    Text,
    Variable,
    Function,
    Accessor,
    Comparator,
    Logical,
    Modifier,
    Ternary,
    Open,
    Close,
    Separator,
}

impl Token {
    fn kind(&self) -> Kind {
        match self {
            Self::Prefix(_) => Kind::Prefix,
            Self::Number(_) => Kind::Number,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
            Self::Variable(_) => Kind::Variable,
            Self::Function(_) => Kind::Function,
            Self::Accessor(_) => Kind::Accessor,
            Self::Comparator(_) => Kind::Comparator,
            Self::Logical(_) => Kind::Logical,
            Self::Modifier(_) => Kind::Modifier,
            Self::Ternary(_) => Kind::Ternary,
            Self::Open => Kind::Open,
            Self::Close => Kind::Close,
            Self::Separator => Kind::Separator,
        }
    }
}

impl Kind {
    fn may_precede(self, next: Self) -> bool {
        use Kind as K;
        let begins = matches!(
            next,
            K::Prefix | K::Number | K::Bool | K::Variable | K::Function | K::Accessor | K::Open
        );
        let goes_on = matches!(
            next,
            K::Modifier | K::Comparator | K::Logical | K::Close | K::Ternary | K::Separator
        );
        match self {
            K::Start | K::Separator => begins || next == K::Text,
            K::Open => begins || matches!(next, K::Text | K::Close),
            K::Close => {
                goes_on || matches!(next, K::Number | K::Bool | K::Variable | K::Text | K::Open)
            }
            K::Number | K::Bool | K::Text | K::Variable => goes_on,
            K::Accessor => goes_on || next == K::Open,
            K::Modifier | K::Comparator | K::Logical => {
                begins || matches!(next, K::Text | K::Close)
            }
            K::Prefix => (begins && next != K::Prefix) || next == K::Close,
            K::Ternary => begins || matches!(next, K::Text | K::Separator),
            K::Function => next == K::Open,
        }
    }

    fn may_end(self) -> bool {
        use Kind as K;
        matches!(self, K::Close | K::Number | K::Bool | K::Text | K::Variable | K::Accessor)
    }
}

pub(super) fn tokens(text: &str, pass: &Pass) -> Result<Vec<Token>, LanguageError> {
    let mut stream = Stream { characters: text.chars().collect(), at: 0 };
    let (mut tokens, mut state) = (Vec::new(), Kind::Start);
    while let Some(token) = stream.token(state, pass)? {
        state = token.kind();
        tokens.push(token);
    }
    let opened = tokens.iter().filter(|token| **token == Token::Open).count();
    let closed = tokens.iter().filter(|token| **token == Token::Close).count();
    if opened != closed {
        return Err(syntax("a parenthesis is not closed, or closed twice"));
    }
    check_order(&tokens)?;
    Ok(tokens)
}

fn check_order(tokens: &[Token]) -> Result<(), LanguageError> {
    let (mut state, mut last): (Kind, Option<&Token>) = (Kind::Start, None);
    for token in tokens {
        if !state.may_precede(token.kind()) {
            if let (Some(Token::Variable(name)), Token::Open) = (last, token) {
                return Err(unknown(name));
            }
            return Err(syntax("two parts of the expression do not follow one another"));
        }
        state = token.kind();
        last = Some(token);
    }
    if state.may_end() { Ok(()) } else { Err(syntax("the text ends too early")) }
}

struct Stream {
    characters: Vec<char>,
    at: usize,
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || (!character.is_ascii() && character.is_numeric())
}

fn is_numeric(character: char) -> bool {
    is_digit(character) || character == '.'
}

fn is_variable(character: char) -> bool {
    character.is_alphabetic() || is_digit(character) || character == '_' || character == '.'
}

fn is_quote(character: char) -> bool {
    character == '\'' || character == '"'
}

fn is_symbol(character: char) -> bool {
    !(is_digit(character)
        || character.is_alphabetic()
        || matches!(character, '(' | ')' | '[' | ']')
        || is_quote(character))
}

/// How white space is read: as part of the word, as its end, or (before the word) not at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Kept,
    Ends,
}

impl Stream {
    fn read(&mut self) -> Option<char> {
        let character = self.characters.get(self.at).copied()?;
        self.at += 1;
        Some(character)
    }

    /// What is read until a character is not wanted, and whether one such was met.
    fn until(
        &mut self,
        space: Space,
        wanted: impl Fn(char) -> bool,
    ) -> Result<(String, bool), LanguageError> {
        let mut word = String::new();
        while let Some(character) = self.read() {
            if character == '\\' {
                let escaped = self.read();
                word.push(escaped.ok_or_else(|| syntax("the text ends with a backslash"))?);
                continue;
            }
            if character.is_whitespace() && space == Space::Ends {
                if !word.is_empty() {
                    return Ok((word, true));
                }
                continue;
            }
            if !wanted(character) {
                self.at -= 1;
                return Ok((word, true));
            }
            word.push(character);
        }
        Ok((word, false))
    }

    /// The word that began with the character that was read last.
    fn word(&mut self, wanted: impl Fn(char) -> bool) -> Result<String, LanguageError> {
        self.at -= 1;
        self.until(Space::Ends, wanted).map(|(word, _)| word)
    }

    fn token(&mut self, state: Kind, pass: &Pass) -> Result<Option<Token>, LanguageError> {
        let first = loop {
            match self.read() {
                None => return Ok(None),
                Some(space) if space.is_whitespace() => {}
                Some(first) => break first,
            }
        };
        if is_numeric(first) {
            return self.number(first).map(Some);
        }
        if first.is_alphabetic() {
            let word = self.word(is_variable)?;
            return name(word, pass).map(Some);
        }
        Ok(Some(match first {
            ',' => Token::Separator,
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => {
                let (name, closed) = self.until(Space::Kept, |character| character != ']')?;
                if !closed {
                    return Err(syntax("a bracket is not closed"));
                }
                self.at += 1;
                Token::Variable(name)
            }
            quote if is_quote(quote) => {
                let (text, closed) = self.until(Space::Kept, |character| !is_quote(character))?;
                if !closed {
                    return Err(syntax("a quoted text is not closed"));
                }
                self.at += 1;
                Token::Text(text)
            }
            _ => {
                let word = self.word(is_symbol)?;
                symbol(word, state)?
            }
        }))
    }

    fn number(&mut self, first: char) -> Result<Token, LanguageError> {
        let is_hexadecimal = first == '0'
            && self.characters.get(self.at) == Some(&'x')
            && self.at + 1 < self.characters.len();
        if is_hexadecimal {
            self.at += 1;
            let (digits, _) = self.until(Space::Ends, |c| {
                is_digit(c) || matches!(c.to_ascii_lowercase(), 'a'..='f')
            })?;
            let number = u64::from_str_radix(&digits, 16)
                .map_err(|_| syntax(format!("`0x{}` is no number", shortened(&digits))))?;
            #[expect(clippy::cast_precision_loss, reason = "as Go converts uint64 to float64")]
            return Ok(Token::Number(number as f64));
        }
        let digits = self.word(is_numeric)?;
        let number: Option<f64> = digits.parse().ok().filter(|number: &f64| number.is_finite());
        number
            .map(Token::Number)
            .ok_or_else(|| syntax(format!("`{}` is no number", shortened(&digits))))
    }
}

fn name(word: String, pass: &Pass) -> Result<Token, LanguageError> {
    if let Some((first, rest)) = word.split_once('.').filter(|(first, _)| !first.is_empty()) {
        if word.ends_with('.') {
            return Err(syntax(format!("`{}` ends with a dot", shortened(&word))));
        }
        let hidden = |part: &str| {
            let first = part.chars().next();
            first.is_some_and(|first| first.to_uppercase().ne(std::iter::once(first)))
        };
        if rest.split('.').any(hidden) {
            let detail = format!("`{}` is no name of a role in quotes", shortened(&word));
            return Err(type_error(detail));
        }
        return Ok(Token::Accessor(first.to_owned()));
    }
    Ok(match word.as_str() {
        "true" => Token::Bool(true),
        "false" => Token::Bool(false),
        "in" | "IN" => Token::Comparator("in".to_owned()),
        _ => match pass.function(&word) {
            Some(function) => Token::Function(function),
            None => Token::Variable(word),
        },
    })
}

fn symbol(word: String, state: Kind) -> Result<Token, LanguageError> {
    if matches!(word.as_str(), "-" | "!" | "~") && state.may_precede(Kind::Prefix) {
        return Ok(Token::Prefix(word));
    }
    Ok(match word.as_str() {
        "+" | "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | ">>" | "<<" => Token::Modifier(word),
        "&&" | "||" => Token::Logical(word),
        "==" | "!=" | ">" | ">=" | "<" | "<=" | "=~" | "!~" => Token::Comparator(word),
        "?" | ":" | "??" => Token::Ternary(word),
        _ => return Err(syntax(format!("`{}` has no meaning", shortened(&word)))),
    })
}
