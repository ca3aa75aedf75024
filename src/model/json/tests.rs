use leptos::serde_json;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Unreadable, read};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_locked: bool,
    count: i64,
    small: u8,
    pairs: Vec<(String, Option<u32>)>,
    inner: Option<Box<Row>>,
    unit: (),
}

fn row() -> impl Strategy<Value = Row> {
    let leaf = (any::<String>(), any::<Option<String>>(), any::<bool>(), any::<i64>(), any::<u8>());
    (leaf, any::<Vec<(String, Option<u32>)>>(), any::<bool>()).prop_map(
        |((name, ticket, is_locked, count, small), pairs, nested)| {
            let row = Row { name, ticket, is_locked, count, small, pairs, inner: None, unit: () };
            Row { inner: nested.then(|| Box::new(row.clone())), ..row }
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_written_is_read(row in row()) {
        for text in [serde_json::to_string(&row), serde_json::to_string_pretty(&row)] {
            prop_assert_eq!(read::<Row>(&text.expect("JSON")), Ok(row.clone()));
        }
    }

    #[test]
    fn no_text_does_harm(text in ".*", cut in 0..200_usize) {
        _ = read::<Row>(&text);
        let whole = serde_json::to_string(&Row { name: text, ..Row::default() }).expect("JSON");
        let part = whole.get(..cut.min(whole.len() - 1)).unwrap_or_default();
        prop_assert_eq!(read::<Row>(part), Err(Unreadable));
    }
}

#[test]
fn an_older_or_newer_writer_is_understood() {
    let newer = r#"{"added":{"deep":[1,{"x":"}"},-2.5e3]},"name":"Zoë \u0041\ud83d\ude00\/","count":-7,"small":8,"pairs":[["a",null]],
        "more":null,"inner":null,"unit":null,"last":[]}"#;
    let read_newer = read::<Row>(newer).expect("read");
    assert_eq!((read_newer.name.as_str(), read_newer.count, read_newer.is_locked), ("Zoë A😀/", -7, false));
    let older = r#"{"name":"a","pairs":[],"unit":null}"#;
    assert_eq!(read::<Row>(older), Ok(Row { name: "a".to_owned(), ..Row::default() }));
    assert_eq!(read::<Row>(r#"{"count":1,"pairs":[],"unit":null}"#), Err(Unreadable), "a name is not made up");
}

#[test]
fn what_does_not_fit_is_refused() {
    for text in [
        "",
        "[]",
        "null",
        "{",
        r#"{"name":"a"}"#,
        r#"{"name":1,"count":1,"small":1,"pairs":[],"unit":null}"#,
        r#"{"name":"a","count":1,"small":256,"pairs":[],"unit":null}"#,
        r#"{"name":"a","count":1.5,"small":1,"pairs":[],"unit":null}"#,
        r#"{"name":"\ud800","count":1,"small":1,"pairs":[],"unit":null}"#,
        r#"{"name":"\u+041","count":1,"small":1,"pairs":[],"unit":null}"#,
        r#"{"name":"a","count":1,"small":1,"pairs":[],"unit":null} x"#,
    ] {
        assert_eq!(read::<Row>(text), Err(Unreadable), "{text}");
    }
    // However deep: nothing here recurs.
    let deep = format!("{{\"added\":{}", "[".repeat(1_000_000));
    assert_eq!(read::<Row>(&deep), Err(Unreadable));
}
