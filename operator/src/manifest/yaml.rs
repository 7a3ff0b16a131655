//! A YAML stream as plain values, with everything refused that two readers may read differently.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span};

use super::plain::{self, Plain};

/// How many values aliases may add up to: a few lines of them could otherwise fill the memory.
const ALIASED_VALUES: usize = 100_000;

/// What a stream holds.
#[derive(Debug, Default)]
pub struct Stream {
    /// Documents that are not empty, with their numbers, from 1.
    pub documents: Vec<(usize, Value)>,
    /// What is wrong, with the number of its document.
    pub faults: Vec<(usize, String)>,
}

/// Reads a stream to its end, or to where it is no YAML any more.
pub fn read(text: &str) -> Stream {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        number: 0,
        anchors: BTreeMap::new(),
        aliased: 0,
        stream: Stream::default(),
    };
    if let Err(fault) = reader.documents() {
        reader.stream.faults.push((reader.number.max(1), fault));
    }
    reader.stream
}

struct Reader<'a> {
    events: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    number: usize,
    anchors: BTreeMap<usize, Value>,
    aliased: usize,
    stream: Stream,
}

impl<'a> Reader<'a> {
    /// The next event that is no comment.
    fn next(&mut self) -> Result<(Event<'a>, Span), String> {
        loop {
            match self.events.next() {
                None => return Ok((Event::StreamEnd, Span::default())),
                Some(Err(error)) => {
                    let marker = error.marker();
                    return Err(format!("line {}, column {}: {}", marker.line(), marker.col() + 1, error.info()));
                }
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(event)) => return Ok(event),
            }
        }
    }

    fn documents(&mut self) -> Result<(), String> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) => {
                    self.number += 1;
                    self.anchors.clear();
                }
                node => {
                    let value = self.node(node, span)?;
                    if !value.is_null() {
                        self.stream.documents.push((self.number, value));
                    }
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Value, String> {
        let (anchor, value) = match event {
            Event::Scalar(text, ScalarStyle::Plain, anchor, None) => (anchor, self.plain(&text, span)),
            Event::Scalar(text, _, anchor, None) => (anchor, Value::String(text.into_owned())),
            Event::SequenceStart(_, anchor, None) => (anchor, self.sequence()?),
            Event::MappingStart(_, anchor, None) => (anchor, self.mapping()?),
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Scalar(.., Some(_)) | Event::SequenceStart(.., Some(_)) | Event::MappingStart(.., Some(_)) => {
                return Err(format!("line {}: tags (`!…`) have no meaning to Kubernetes; leave it out", line(span)));
            }
            _ => return Err(format!("line {}: unexpected end", line(span))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn plain(&mut self, text: &str, span: Span) -> Value {
        match plain::read(text) {
            Plain::Agreed(value) => value,
            Plain::Disputed { kubectl, others } => {
                let message = format!(
                    "line {}: `{text}` is {kubectl} to kubectl, which reads YAML 1.1, and {others} to others; put it in quotes",
                    line(span)
                );
                self.stream.faults.push((self.number, message));
                // Most likely what was meant; the schema need not complain as well.
                others
            }
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Value, String> {
        let value = self.anchors.get(&anchor).cloned();
        let value = value.ok_or_else(|| format!("line {}: an alias of the node it stands in", line(span)))?;
        self.aliased += size(&value);
        if self.aliased > ALIASED_VALUES {
            return Err(format!("line {}: aliases add up to too much", line(span)));
        }
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, String> {
        let mut map = Map::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Object(map));
            }
            let key = match self.node(event, span)? {
                Value::String(key) => key,
                other @ (Value::Number(_) | Value::Bool(_)) => other.to_string(),
                _ => return Err(format!("line {}: a field's name must be text", line(span))),
            };
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span)?;
            if key == "<<" {
                return Err(format!("line {}: `<<` is not part of YAML 1.2; write the fields out", line(span)));
            }
            if map.contains_key(&key) {
                self.stream.faults.push((self.number, format!("line {}: `{key}` stands twice", line(span))));
            }
            map.insert(key, value);
        }
    }
}

fn line(span: Span) -> usize {
    span.start.line()
}

/// How many values there are in one.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_counted_and_empty_ones_left_out() {
        let stream = read("# a\n---\na: 1\n---\n# nothing\n---\nb: [x, {c: \"1\"}]\n");
        assert_eq!(stream.documents, vec![(1, json!({"a": 1})), (3, json!({"b": ["x", {"c": "1"}]}))]);
        assert!(stream.faults.is_empty());
    }

    #[test]
    fn json_is_yaml() {
        assert_eq!(read("{\"a\": [true, null, -1.5]}").documents, vec![(1, json!({"a": [true, null, -1.5]}))]);
    }

    #[test]
    fn what_readers_may_read_differently_is_a_fault() {
        for (text, fault) in [
            ("a: no", "`no` is false to kubectl"),
            ("a: 1\na: 2", "`a` stands twice"),
            ("a: &x {b: 1}\nc: {<<: *x}", "`<<` is not part"),
            ("a: !!str 1", "tags"),
            ("a: [1", "line "),
            ("on: 1", "`on` is true"),
        ] {
            let faults = read(text).faults;
            assert!(faults.iter().any(|(_, message)| message.contains(fault)), "{text}: {faults:?}");
        }
    }

    #[test]
    fn aliases_are_followed_within_reason() {
        assert_eq!(read("a: &x [1]\nb: *x").documents, vec![(1, json!({"a": [1], "b": [1]}))]);
        let bomb: String = (0..9).fold("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
            format!("{text}a{}: &a{} [{}]\n", n + 1, n + 1, vec![format!("*a{n}"); 10].join(","))
        });
        assert!(read(&bomb).faults[0].1.contains("add up"));
    }
}
