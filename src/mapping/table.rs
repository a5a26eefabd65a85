//! Tables for `lookup_file`: two columns, key and value, from a text that somebody else has read.
//!
//! Mapping does no I/O: whoever compiles rules brings a [`Files`], which is asked once for each use of a file while the rules
//! are compiled, never while they are evaluated. A table is exact: there is no header line (one that is there is a pair like
//! the others, which no user has), every line has two columns, and no key is there twice, because then the order of lines
//! would decide about a person.

use super::functions::LIMIT;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The longest file, in bytes.
pub const LONGEST: usize = 8 << 20;

/// Gives the text of the file that a rule names; the error says why not.
pub type Files<'f> = &'f dyn Fn(&str) -> Result<String, String>;

/// For expressions that are compiled where no file can be read.
pub fn no_files(_: &str) -> Result<String, String> {
    Err("files are read with the configuration only".to_owned())
}

/// Keys with their values, both trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table(HashMap<Box<str>, Box<str>>);

impl Table {
    /// Reads a table: RFC 4180 with commas; a file whose name ends in `.tsv` has tabs and no quotes. Blank lines are passed over.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("{name} is longer than {} MiB", LONGEST >> 20));
        }
        let tabs = name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("tsv"));
        let mut pairs: HashMap<Box<str>, Box<str>> = HashMap::new();
        let mut lines: HashMap<Box<str>, usize> = HashMap::new();
        let wrong = |line: usize, what: &str| format!("{name}, line {line}: {what}");
        for record in Records::new(text.strip_prefix('\u{feff}').unwrap_or(text), tabs) {
            let (line, cells) = record.map_err(|(line, what)| wrong(line, what))?;
            let [key, value] = cells.as_slice() else {
                let separator = if tabs { "tab" } else { "comma" };
                let hint = if cells.len() == 1 && text.contains(';') { "; a semicolon is no separator here" } else { "" };
                return Err(wrong(
                    line,
                    &format!("there are {} columns, two are wanted, with a {separator} between them{hint}", cells.len()),
                ));
            };
            let (key, value) = (key.trim(), value.trim());
            if key.is_empty() {
                return Err(wrong(line, "the key is empty"));
            }
            if value.len() > LIMIT {
                return Err(wrong(line, &format!("the value is longer than {} KiB", LIMIT / 1024)));
            }
            match lines.entry(key.into()) {
                Entry::Occupied(first) => {
                    let key = crate::text::cut(key, 60);
                    return Err(wrong(line, &format!("the key '{key}' is there twice, first in line {}", first.get())));
                }
                Entry::Vacant(place) => {
                    place.insert(line);
                    pairs.insert(key.into(), value.into());
                }
            }
        }
        Ok(Table(pairs))
    }

    /// The value of a key, exact but for blanks around it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key.trim()).map(AsRef::as_ref)
    }
}

/// Lines of cells with their line numbers.
struct Records<'t> {
    rest: &'t str,
    line: usize,
    tabs: bool,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, tabs: bool) -> Self {
        Records { rest: text, line: 1, tabs }
    }

    /// What stands up to the end of the line, which is passed.
    fn plain(&mut self) -> Vec<String> {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        line.strip_suffix('\r').unwrap_or(line).split('\t').map(str::to_owned).collect()
    }

    /// A record of RFC 4180; a cell in quotes may hold commas and line ends.
    fn quoted(&mut self) -> Result<Vec<String>, (usize, &'static str)> {
        let begun = self.line;
        let mut cells = Vec::new();
        loop {
            let mut cell = String::new();
            if let Some(inner) = self.rest.strip_prefix('"') {
                let mut inner = inner;
                loop {
                    let (part, rest) = inner.split_once('"').ok_or((begun, "a quote is not closed"))?;
                    cell.push_str(part);
                    self.line += part.matches('\n').count();
                    inner = rest;
                    let Some(rest) = inner.strip_prefix('"') else { break };
                    cell.push('"');
                    inner = rest;
                }
                self.rest = inner;
                if !(inner.is_empty() || inner.starts_with([',', '\n']) || inner.starts_with("\r\n")) {
                    return Err((self.line, "something stands behind a closing quote"));
                }
            } else {
                let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                cell.push_str(if rest.starts_with('\n') || rest.is_empty() { text.strip_suffix('\r').unwrap_or(text) } else { text });
                self.rest = rest;
            }
            cells.push(cell);
            let Some(rest) = self.rest.strip_prefix(',') else { break };
            self.rest = rest;
        }
        let rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        if let Some(rest) = rest.strip_prefix('\n') {
            self.rest = rest;
            self.line += 1;
        }
        Ok(cells)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<(usize, Vec<String>), (usize, &'static str)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let line = self.line;
            let cells = if self.tabs { Ok(self.plain()) } else { self.quoted() };
            match cells {
                Ok(cells) if cells.len() == 1 && cells[0].trim().is_empty() => {}
                Ok(cells) => return Some(Ok((line, cells))),
                Err(wrong) => {
                    self.rest = "";
                    return Some(Err(wrong));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_has_two_columns_and_every_key_once() {
        for (name, text, key, value) in [
            ("t.csv", "BER,Berlin\r\nLON,London\r\n", "LON", Some("London")),
            ("t.csv", "\u{feff}BER,Berlin", "BER", Some("Berlin")),
            ("t.csv", "BER,Berlin", "ber", None),
            ("t.csv", " BER , Berlin \n\n", "  BER", Some("Berlin")),
            ("t.csv", "\"a,b\",\"c \"\"d\"\"\ne\"\nx,y", "a,b", Some("c \"d\"\ne")),
            ("t.csv", "BER,", "BER", Some("")),
            ("t.csv", "", "", None),
            ("t.tsv", "a,b\tc \"d\"\n", "a,b", Some("c \"d\"")),
            ("T.TSV", "a\tb\r\n", "a", Some("b")),
        ] {
            assert_eq!(Table::parse(name, text).unwrap().get(key), value, "{text:?}");
        }
        for (name, text, told) in [
            ("t.csv", "a,b\n\na,c\n", "t.csv, line 3: the key 'a' is there twice, first in line 1"),
            ("t.csv", "\"x\ny\",1\na,b\n a ,c", "t.csv, line 4: the key 'a' is there twice, first in line 3"),
            ("t.csv", "a,b,c", "t.csv, line 1: there are 3 columns, two are wanted, with a comma between them"),
            (
                "t.csv",
                "a;b",
                "t.csv, line 1: there are 1 columns, two are wanted, with a comma between them; a semicolon is no separator here",
            ),
            ("t.tsv", "a,b", "t.tsv, line 1: there are 1 columns, two are wanted, with a tab between them"),
            ("t.csv", "a,b\n ,b", "t.csv, line 2: the key is empty"),
            ("t.csv", "a,b\n\"c,d\n", "t.csv, line 2: a quote is not closed"),
            ("t.csv", "\"a\"x,b", "t.csv, line 1: something stands behind a closing quote"),
        ] {
            assert_eq!(Table::parse(name, text).unwrap_err(), told);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_goes_on_for_ever(text in "[a\",\t\r\n ;é]{0,40}", tabs in any::<bool>()) {
            let _ = Table::parse(if tabs { "x.tsv" } else { "x.csv" }, &text);
        }
    }
}
