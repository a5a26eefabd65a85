//! A table in a text file (RFC 4180): a header with the names of attributes, then one person a row.
//!
//! Export files are hostile in dull ways: cut off, saved in another encoding, with a stray quote that swallows the rest of
//! the file as one cell. Each would make people disappear, so each is an error with its line and never a shorter list. What
//! can't be seen here is a file that was cut off exactly at the end of a row, or within the last cell of one: the
//! policy's `max_source_shrink` will be checked against that when a plan is applied, which this version does not do yet.

use super::ldif::{Record, Value};
use crate::config::CsvConfig;
use crate::config::reader::did_you_mean;
use crate::error::{Error, Position, Result};
use crate::filter::Filter;
use crate::identity::AttributeName;
use ::csv::{ByteRecord, ReaderBuilder};

/// What is looked for in the header if the configuration does not say what separates cells.
const SEPARATORS: [(u8, &str); 3] = [(b',', ","), (b';', ";"), (b'\t', "\\t")];

/// Parses a table; `file` is for messages. Gives the rows and the names of the columns. A row's `dn` is
/// `ID_ATTRIBUTE=ID`, or its line where it has no id.
///
/// # Errors
/// A usage error that names the line.
pub fn parse(file: &str, text: &[u8], config: &CsvConfig, id: &AttributeName) -> Result<(Vec<Record>, Vec<Box<str>>)> {
    let wrong = |line: u64, message: String| {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        Error::usage(message).at(Position { file: file.to_owned(), line, column: 1 })
    };
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return Err(wrong(1, "the file is in UTF-16".to_owned()).hint("save it as UTF-8"));
    }
    let text = text.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(text);
    let separator = match config.separator {
        Some(separator) => separator,
        None => separator_of(text).map_err(|why| wrong(1, why).hint("say which it is: separator = \";\""))?,
    };
    check_quotes(text, separator).map_err(|(line, why)| {
        wrong(line, why.to_owned()).hint("a quote within quotes is written twice; export the file again if it was cut off")
    })?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text);
    let mut row = ByteRecord::new();
    let mut read = |row: &mut ByteRecord| -> Result<Option<u64>> {
        let there = reader.read_byte_record(row).map_err(|e| wrong(1, format!("the table cannot be read: {e}")))?;
        Ok(there.then(|| row.position().map_or(1, ::csv::Position::line)))
    };
    let cell = |line: u64, what: &str, bytes: &[u8]| -> Result<String> {
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(line, format!("{what} is not UTF-8")).hint("save the file as UTF-8"))?;
        Ok(text.to_owned())
    };

    let Some(line) = read(&mut row)? else {
        return Err(wrong(1, "the file is empty".to_owned()).hint("its first row must name the columns"));
    };
    let mut header: Vec<Box<str>> = Vec::new();
    for (i, name) in row.iter().enumerate() {
        let name = cell(line, &format!("the name of column {}", i + 1), name)?.trim().to_owned();
        if name.is_empty() {
            return Err(wrong(line, format!("column {} has no name", i + 1)).hint("the first row must name every column"));
        }
        if let Some(twin) = header.iter().position(|h| h.eq_ignore_ascii_case(&name)) {
            return Err(wrong(line, format!("columns {} and {} are both called {name}", twin + 1, i + 1)).hint("rename one of them"));
        }
        header.push(name.into());
    }
    let Some(id_column) = header.iter().position(|name| id.is(name)) else {
        let near = did_you_mean(id.as_str(), header.iter().map(|h| &**h), "the columns are: ");
        return Err(wrong(line, format!("there is no column {id}, which id_attribute names")).hint(near));
    };

    let mut records = Vec::new();
    while let Some(line) = read(&mut row)? {
        if row.len() != header.len() {
            let message = format!("this row has {} cells, and the header has {}", row.len(), header.len());
            return Err(wrong(line, message).hint("a cell that holds the separator or a line break must stand in quotes"));
        }
        let mut attributes: Vec<(Box<str>, Value)> = Vec::with_capacity(header.len());
        for (i, (name, bytes)) in header.iter().zip(row.iter()).enumerate() {
            let text = cell(line, &format!("the cell in column {name}"), bytes)?;
            match config.multi_separator.as_deref().filter(|_| i != id_column) {
                Some(between) => {
                    let values = text.split(between).map(str::trim).filter(|v| !v.is_empty());
                    attributes.extend(values.map(|v| (name.clone(), Value::Text(v.into()))));
                }
                None if text.trim().is_empty() => {}
                None => attributes.push((name.clone(), Value::Text(text.into()))),
            }
        }
        let of_person = attributes.iter().find(|(name, _)| id.is(name)).and_then(|(_, v)| std::str::from_utf8(v.bytes()).ok());
        let dn = of_person.map_or_else(|| format!("line {line}"), |value| format!("{}={}", header[id_column], escaped(value.trim())));
        records.push(Record { dn, attributes });
    }
    Ok((records, header))
}

/// The columns that a filter asks.
pub fn columns_of(filter: &Filter) -> Vec<&AttributeName> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(columns_of).collect(),
        Filter::Not(inner) => columns_of(inner),
        Filter::Present(name)
        | Filter::Equals(name, _)
        | Filter::Substring(name, _)
        | Filter::AtLeast(name, _)
        | Filter::AtMost(name, _)
        | Filter::Extensible { attribute: Some(name), .. } => vec![name],
        Filter::Extensible { attribute: None, .. } => Vec::new(),
    }
}

/// The separator that the header has most of.
fn separator_of(text: &[u8]) -> std::result::Result<u8, String> {
    let start = text.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(0);
    let mut counts = [0usize; SEPARATORS.len()];
    let mut quoted = false;
    for byte in &text[start..] {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            b if !quoted => {
                if let Some(i) = SEPARATORS.iter().position(|s| s.0 == *b) {
                    counts[i] += 1;
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut best = SEPARATORS.iter().zip(counts).filter(|(_, n)| *n == most);
    match (best.next(), best.next()) {
        // One column: then nothing separates.
        (Some((first, _)), Some(_)) if most == 0 => Ok(first.0),
        (Some((first, _)), Some((second, _))) => Err(format!("the header has as many {:?} as {:?}", first.1, second.1)),
        (found, _) => Ok(found.map_or(b',', |f| f.0.0)),
    }
}

/// Quotes must be closed, and nothing may stand behind a closed one: the library would take what follows for a part of the
/// cell, up to the end of the file. Gives the line and what is wrong.
fn check_quotes(text: &[u8], separator: u8) -> std::result::Result<(), (u64, &'static str)> {
    #[derive(Clone, Copy)]
    enum At {
        Start,
        Plain,
        Quoted(u64),
        Closed(u64),
    }
    let mut at = At::Start;
    let mut line = 1;
    for byte in text {
        let ends = *byte == separator || matches!(byte, b'\r' | b'\n');
        at = match at {
            At::Start if *byte == b'"' => At::Quoted(line),
            At::Quoted(opened) if *byte == b'"' => At::Closed(opened),
            At::Quoted(opened) => At::Quoted(opened),
            // A quote within quotes.
            At::Closed(opened) if *byte == b'"' => At::Quoted(opened),
            At::Closed(_) if !ends => return Err((line, "there is text behind the closing quote of a cell")),
            _ if ends => At::Start,
            _ => At::Plain,
        };
        line += u64::from(*byte == b'\n');
    }
    match at {
        At::Quoted(opened) => Err((opened, "a quote is opened here and never closed")),
        _ => Ok(()),
    }
}

/// As a value in a DN (RFC 4514 section 2.4), so that the label reads like those of other sources.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (i, c) in value.chars().enumerate() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') || (i == 0 && c == '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(multi: Option<&str>) -> CsvConfig {
        CsvConfig { path: "p.csv".into(), separator: None, multi_separator: multi.map(str::to_owned) }
    }

    fn told(text: &[u8], multi: Option<&str>) -> String {
        match parse("p.csv", text, &config(multi), &AttributeName::new("id")) {
            Ok((records, _)) => {
                let row = |r: &Record| {
                    let cells: Vec<String> =
                        r.attributes.iter().map(|(n, v)| format!("{n}={}", String::from_utf8_lossy(v.bytes()))).collect();
                    format!("{} {}", r.dn, cells.join(" "))
                };
                records.iter().map(row).collect::<Vec<_>>().join(" | ")
            }
            Err(error) => error.to_string().lines().next().unwrap().to_owned(),
        }
    }

    #[test]
    fn a_table_is_read_as_it_was_exported_or_the_line_is_told() {
        let cases: &[(&[u8], &str)] = &[
            (b"id,mail\n1,a@x\n2,\n", "id=1 id=1 mail=a@x | id=2 id=2"),
            (b"\xef\xbb\xbfid;mail\r\n1;a@x\r\n", "id=1 id=1 mail=a@x"),
            (b"id\tmail\n1\ta@x", "id=1 id=1 mail=a@x"),
            (b"\"a,b\";id\n\"x;\"\"y\"\"\nz\";1\n", "id=1 a,b=x;\"y\"\nz id=1"),
            (b"id\n7\n\n8\n", "id=7 id=7 | id=8 id=8"),
            (b"ID,sn\n\"a,b\",x\n", "ID=a\\,b ID=a,b sn=x"),
            (b"id,sn\n,x\n", "line 2 sn=x"),
            (b"id,sn\n1,5\" pipe\n", "id=1 id=1 sn=5\" pipe"),
            (b"", "p.csv:1:1: the file is empty"),
            (b"\xff\xfei\0d\0", "p.csv:1:1: the file is in UTF-16"),
            (b"id,,sn\n", "p.csv:1:1: column 2 has no name"),
            (b"id,sn,SN\n", "p.csv:1:1: columns 2 and 3 are both called SN"),
            (b"idd,sn\n", "p.csv:1:1: there is no column id, which id_attribute names"),
            (b"id,a;b\n", "p.csv:1:1: the header has as many \",\" as \";\""),
            (b"id,sn\n1,x\n2\n", "p.csv:3:1: this row has 1 cells, and the header has 2"),
            (b"id,sn\n1,x\n2,y,z\n", "p.csv:3:1: this row has 3 cells, and the header has 2"),
            (b"id,sn\n1,M\xfcller\n", "p.csv:2:1: the cell in column sn is not UTF-8"),
            (b"id,sn\n1,\"x\n2,y\n3,z\n", "p.csv:2:1: a quote is opened here and never closed"),
            (b"id,sn\n1,\"x\"y\n", "p.csv:2:1: there is text behind the closing quote of a cell"),
        ];
        for (text, wanted) in cases {
            assert_eq!(told(text, None), *wanted, "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(told(b"id,mail\na|b,x| y ||z\n", Some("|")), "id=a|b id=a|b mail=x mail=y mail=z");
        assert_eq!(told(b"id,mail\n1,x|y\n", None), "id=1 id=1 mail=x|y");
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_no_row_is_lost(bytes in prop::collection::vec(prop::sample::select(b"id,;\"\n\r\tx\xff".to_vec()), 0..60)) {
            let _ = told(&bytes, Some("x"));
            let table = [b"id,v\n", &*bytes].concat();
            if let Ok((records, _)) = parse("p", &table, &config(None), &AttributeName::new("id")) {
                let quoted = bytes.contains(&b'"');
                let lines = table.split(|b| matches!(b, b'\n' | b'\r')).filter(|l| !l.is_empty()).count() - 1;
                prop_assert!(quoted || records.len() == lines);
            }
        }
    }
}
