//! Octets to tokens.

use super::super::error::{LanguageError, syntax};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    /// As it is written.
    Number(String),
    Text(String),
    Octets(Vec<u8>),
    Operator(String),
    Bracket(char),
    End,
}

const WORD_OPERATORS: [&str; 11] = [
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
    "not",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, LanguageError> {
    let mut lexer = Lexer { rest: text, tokens: Vec::new() };
    while lexer.token()? {}
    lexer.tokens.push(Token::End);
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
}

fn is_word(character: char) -> bool {
    character == '_' || character == '$' || character.is_alphabetic() || is_digit(character)
}

/// Go's `unicode.IsDigit`; `char::is_numeric` knows more, such as fractions.
fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || (!character.is_ascii() && character.is_numeric())
}

impl<'a> Lexer<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut rest = self.rest.chars();
        let character = rest.next();
        self.rest = rest.as_str();
        character
    }

    fn accept(&mut self, any_of: &str) -> Option<char> {
        let character = self.peek().filter(|character| any_of.contains(*character))?;
        self.next();
        Some(character)
    }

    fn run(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let after = self.rest.trim_start_matches(&wanted);
        let word = self.rest.strip_suffix(after).unwrap_or_default();
        self.rest = after;
        word
    }

    fn operator(&mut self, text: impl Into<String>) {
        self.tokens.push(Token::Operator(text.into()));
    }

    fn double(&mut self, first: char, second: &str) {
        let mut text = String::from(first);
        text.extend(self.accept(second));
        self.operator(text);
    }

    /// Reads one token; false at the end.
    fn token(&mut self) -> Result<bool, LanguageError> {
        let Some(first) = self.peek() else { return Ok(false) };
        if first.is_ascii_digit() {
            return self.number().map(|()| true);
        }
        if self.rest.starts_with("b'") || self.rest.starts_with("b\"") {
            self.next();
            let quote = self.next().unwrap_or_default();
            let octets = self.quoted(quote, true)?;
            self.tokens.push(Token::Octets(octets));
            return Ok(true);
        }
        if is_word(first) {
            let word = self.run(is_word);
            let is_operator = WORD_OPERATORS.contains(&word);
            let kind = if is_operator { Token::Operator } else { Token::Name };
            self.tokens.push(kind(word.to_owned()));
            return Ok(true);
        }
        self.next();
        match first {
            ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{a0}' => {}
            '\'' | '"' => {
                let octets = self.quoted(first, false)?;
                let text = String::from_utf8(octets)
                    .map_err(|_| syntax("a quoted text is no valid UTF-8"))?;
                self.tokens.push(Token::Text(text));
            }
            '`' => {
                let (text, rest) = self
                    .rest
                    .split_once('`')
                    .ok_or_else(|| syntax("a quoted text is not closed"))?;
                self.rest = rest;
                self.tokens.push(Token::Text(text.to_owned()));
            }
            '?' => self.double('?', ".?"),
            '/' => self.slash()?,
            '#' => self.pointer(),
            '|' => self.double('|', "|"),
            ':' => self.double(':', ":"),
            '(' | '[' | '{' | ')' | ']' | '}' => self.tokens.push(Token::Bracket(first)),
            ',' | ';' | '+' | '-' | '%' | '^' => self.operator(first),
            '&' | '!' | '=' | '*' | '<' | '>' => self.double(first, "&=*"),
            '.' => {
                if self.peek().is_some_and(|next| next.is_ascii_digit()) {
                    self.fraction()?;
                } else {
                    self.double('.', ".");
                }
            }
            space if space.is_whitespace() => {}
            other => return Err(syntax(format!("the character `{other}` has no meaning"))),
        }
        Ok(true)
    }

    fn slash(&mut self) -> Result<(), LanguageError> {
        match self.accept("/*") {
            Some('/') => {
                self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
            }
            Some(_) => {
                let (_, rest) =
                    self.rest.split_once("*/").ok_or_else(|| syntax("a comment is not closed"))?;
                self.rest = rest;
            }
            None => self.operator('/'),
        }
        Ok(())
    }

    fn pointer(&mut self) {
        self.accept("#");
        self.operator('#');
        let name = self.run(is_word);
        if !name.is_empty() {
            self.tokens.push(Token::Name(name.to_owned()));
        }
    }

    fn number(&mut self) -> Result<(), LanguageError> {
        let from = self.rest;
        let mut digit: fn(char) -> bool = |c| c.is_ascii_digit() || c == '_';
        if self.accept("0").is_some() {
            match self.accept("xXoObB") {
                Some('x' | 'X') => digit = |c| c.is_ascii_hexdigit() || c == '_',
                Some('o' | 'O') => digit = |c| ('0'..='7').contains(&c) || c == '_',
                Some(_) => digit = |c| c == '0' || c == '1' || c == '_',
                None => {}
            }
        }
        self.run(digit);
        if self.rest.starts_with('.') && !self.rest.starts_with("..") {
            self.next();
            self.run(digit);
        }
        self.exponent(from, digit)
    }

    /// A number that begins with its dot, which was taken.
    fn fraction(&mut self) -> Result<(), LanguageError> {
        let digit: fn(char) -> bool = |c| c.is_ascii_digit() || c == '_';
        let from = self.rest;
        self.run(digit);
        self.exponent(from, digit)?;
        if let Some(Token::Number(number)) = self.tokens.last_mut() {
            number.insert(0, '.');
        }
        Ok(())
    }

    fn exponent(&mut self, from: &str, digit: fn(char) -> bool) -> Result<(), LanguageError> {
        if self.accept("eE").is_some() {
            self.accept("+-");
            self.run(digit);
        }
        if self.peek().is_some_and(is_word) {
            return Err(syntax("a number runs into a word"));
        }
        let number = from.strip_suffix(self.rest).unwrap_or_default();
        self.tokens.push(Token::Number(number.to_owned()));
        Ok(())
    }

    /// The rest of a quoted text, escapes resolved.
    fn quoted(&mut self, quote: char, octets: bool) -> Result<Vec<u8>, LanguageError> {
        let mut text = Vec::new();
        let mut buffer = [0; 4];
        loop {
            match self.next() {
                None | Some('\n') => return Err(syntax("a quoted text is not closed")),
                Some(end) if end == quote => return Ok(text),
                Some('\\') => match self.escape(quote)? {
                    Escaped::Octet(octet) if octets => text.push(octet),
                    Escaped::Octet(octet) => {
                        let character = char::from(octet);
                        text.extend(character.encode_utf8(&mut buffer).as_bytes());
                    }
                    Escaped::Character(character) => {
                        text.extend(character.encode_utf8(&mut buffer).as_bytes());
                    }
                },
                Some(character) => text.extend(character.encode_utf8(&mut buffer).as_bytes()),
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<Escaped, LanguageError> {
        let wrong = || syntax("a quoted text has an escape that is none");
        let octet = |octet: u8| Ok(Escaped::Octet(octet));
        match self.next().ok_or_else(wrong)? {
            'a' => octet(7),
            'b' => octet(8),
            't' => octet(9),
            'n' => octet(10),
            'v' => octet(11),
            'f' => octet(12),
            'r' => octet(13),
            '\\' => octet(b'\\'),
            same if same == quote => Ok(Escaped::Character(same)),
            first @ '0'..='3' => {
                let mut value = first.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let digit = self.next().and_then(|c| c.to_digit(8)).ok_or_else(wrong)?;
                    value = value * 8 + digit;
                }
                octet(u8::try_from(value).map_err(|_| wrong())?)
            }
            'x' => octet(u8::try_from(self.hexadecimal(2)?).map_err(|_| wrong())?),
            'u' if self.accept("{").is_some() => {
                let digits = self.run(|c| c.is_ascii_hexdigit());
                self.accept("}").ok_or_else(wrong)?;
                let value = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
                char::from_u32(value).map(Escaped::Character).ok_or_else(wrong)
            }
            long @ ('u' | 'U') => {
                let value = self.hexadecimal(if long == 'u' { 4 } else { 8 })?;
                char::from_u32(value).map(Escaped::Character).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, LanguageError> {
        let mut value = 0_u32;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(16));
            let digit = digit.ok_or_else(|| syntax("an escape has too few digits"))?;
            value = value.wrapping_mul(16).wrapping_add(digit);
        }
        Ok(value)
    }
}

enum Escaped {
    /// In a text the character of this number.
    Octet(u8),
    Character(char),
}
