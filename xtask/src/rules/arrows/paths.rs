//! The paths that a source file names, in `use` and in between, in macros too. Comments and strings name nothing.

use std::iter::Peekable;

use anyhow::{Result, anyhow};
use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What the crate is called from outside: by its own binary.
const CRATE: &str = "understudy";

/// A path within the crate, from its root.
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
}

/// All paths that begin with `crate`, `self` or `super`, and in `use` with a module below this one. What a re-export stands for is
/// not followed: the arrow is to the module that is written.
///
/// # Errors
/// A text that is no Rust.
pub fn named_in(text: &str, module: &[String], is_module: &dyn Fn(&[String]) -> bool) -> Result<Vec<Named>> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{error}"))?;
    let mut reader = Reader { is_module, found: Vec::new() };
    reader.read(tokens, module);
    Ok(reader.found)
}

struct Reader<'a> {
    is_module: &'a dyn Fn(&[String]) -> bool,
    found: Vec<Named>,
}

type Tokens = Peekable<IntoIter>;

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream, module: &[String]) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.read(group.stream(), module),
                TokenTree::Ident(word) => match word.to_string().as_str() {
                    // `pub(super)` names nobody's code.
                    "pub" => _ = tokens.next_if(is_visibility),
                    "mod" => self.module(&mut tokens, module),
                    // `impl Trait + use<'_>` captures, and imports nothing.
                    "use" if tokens.peek().is_some_and(|next| is_punct(next, '<')) => {}
                    "use" => self.tree(&mut tokens, module, &[]),
                    head @ ("crate" | "self" | "super" | CRATE) => {
                        let line = word.span().start().line;
                        let mut path = vec![head.to_owned()];
                        while let Some(word) = next_segment(&mut tokens) {
                            path.push(word);
                        }
                        if path.len() > 1 {
                            self.note(line, module, &path);
                        }
                    }
                    _ => {}
                },
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// What stands after `mod`: a name, and perhaps what is in it.
    fn module(&mut self, tokens: &mut Tokens, module: &[String]) {
        let Some(TokenTree::Ident(name)) = tokens.next() else { return };
        if let Some(TokenTree::Group(body)) = tokens.next_if(|next| is_group(next, Delimiter::Brace)) {
            let inner: Vec<String> = module.iter().cloned().chain([name.to_string()]).collect();
            self.read(body.stream(), &inner);
        }
    }

    /// A tree of `use`, as far as its end or the next comma.
    fn tree(&mut self, tokens: &mut Tokens, module: &[String], before: &[String]) {
        let mut path = before.to_vec();
        let mut line = 0;
        while let Some(token) = tokens.next_if(|next| !is_punct(next, ';') && !is_punct(next, ',')) {
            match token {
                TokenTree::Ident(word) if word == "as" => _ = tokens.next(),
                TokenTree::Ident(word) => {
                    line = word.span().start().line;
                    path.push(word.to_string());
                }
                TokenTree::Group(branches) => return self.branches(&branches, module, &path),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        self.note(line, module, &path);
    }

    fn branches(&mut self, branches: &Group, module: &[String], before: &[String]) {
        let mut tokens = branches.stream().into_iter().peekable();
        while tokens.peek().is_some() {
            self.tree(&mut tokens, module, before);
            // The comma, or whatever does not belong there.
            tokens.next();
        }
    }

    fn note(&mut self, line: usize, module: &[String], path: &[String]) {
        let Some((head, rest)) = path.split_first() else { return };
        let mut from = module.to_vec();
        let mut rest = rest;
        match head.as_str() {
            "crate" | CRATE => from.clear(),
            "self" | "super" => {
                rest = path;
                while let Some((word @ ("self" | "super"), after)) =
                    rest.split_first().map(|(word, after)| (word.as_str(), after))
                {
                    if word == "super" {
                        from.pop();
                    }
                    rest = after;
                }
            }
            // A module below this one, or another crate's.
            _ => {
                from.push(head.clone());
                if !(self.is_module)(&from) {
                    return;
                }
            }
        }
        from.extend(rest.iter().cloned());
        self.found.push(Named { line, path: from });
    }
}

/// The word after `::`, if that is what follows.
fn next_segment(tokens: &mut Tokens) -> Option<String> {
    for _ in 0..2 {
        tokens.next_if(|next| is_punct(next, ':'))?;
    }
    match tokens.next_if(|next| matches!(next, TokenTree::Ident(_)))? {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// The brackets of `pub(crate)`, `pub(super)` and `pub(in …)`, and not those of a tuple.
fn is_visibility(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let mut words = group.stream().into_iter();
    let first = words.next().map(|word| word.to_string());
    is_group(token, Delimiter::Parenthesis)
        && match first.as_deref() {
            Some("in") => true,
            Some("crate" | "self" | "super") => words.next().is_none(),
            _ => false,
        }
}

fn is_punct(token: &TokenTree, what: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == what)
}
