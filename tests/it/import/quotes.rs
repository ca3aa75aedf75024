//! Files whose quotes or end are missing: no row is lost without a word.

use super::{Bench, problems};
use understudy::server::service::import::{ImportError, Kind, Options};

fn skipping() -> Options {
    Options { skip_bad_rows: true, ..Options::default() }
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_named_with_its_line() {
    let bench = Bench::new().await;
    let rest: String = (0..2_000).map(|n| format!("q{n}@q.example,Q {n}\n")).collect();
    for text in [
        format!("email,name\na@q.example,A\nb@q.example,\"Room 3\n{rest}"),
        format!("userPrincipalName,displayName\na@q.example,A\nb@q.example,\"Room 3\n{rest}"),
        "email,name\na@q.example,A\nb@q.example,\"Room 3".to_owned(),
    ] {
        let faults = problems(bench.users(text.as_bytes(), &skipping()).await);
        assert_eq!(faults, ["users.csv:3: has a quote that is never closed; all that follows it would be one cell"]);
    }
    assert!(bench.user("a@q.example").await.is_none());
}

#[tokio::test]
async fn a_quote_that_another_one_closes_far_below_takes_no_rows_with_it() {
    let bench = Bench::new().await;
    let text = "email,name\na@q.example,\"Mia\nb@q.example,B\nc@q.example,\"Cy\"\nd@q.example,D\n";
    let faults = problems(bench.users(text.as_bytes(), &skipping()).await);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("users.csv:2: has text after the end of quotes"), "{faults:?}");
    let more = "email,name\na@q.example,\"Mia\nb@q.example,B\nc@q.example,\",Cy\nd@q.example,D\n";
    let faults = problems(bench.users(more.as_bytes(), &skipping()).await);
    assert!(faults[0].starts_with("users.csv:2: has 3 cells instead of 2"), "{faults:?}");
}

#[tokio::test]
async fn a_quote_behind_a_backslash_is_refused_and_not_misread() {
    let bench = Bench::new().await;
    let text = "email,name,email_verified\nm@q.example,\"Mia \\\"Mi\\\" Roth\",true\nn@q.example,\"Nia\" ,true\n";
    let faults = bench.faults(Kind::Users, text).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("users.csv:2: has text after the end of quotes") && faults[0].contains("backslash"));
    let summary = bench.users(text.as_bytes(), &skipping()).await.expect("the other row is good");
    assert_eq!((summary.created, summary.description.bad_rows), (1, 1));
}

#[tokio::test]
async fn a_row_without_end_is_refused_before_it_fills_the_memory() {
    let bench = Bench::new().await;
    let text = format!("email,name\na@q.example,A\nb@q.example,\"{}\"\n", "x".repeat(2 * 1024 * 1024));
    let faults = bench.faults(Kind::Users, &text).await;
    assert_eq!(faults, ["users.csv:3: begins a row that is longer than 1 MiB; is a quote missing?"]);
}

#[tokio::test]
async fn a_file_that_was_cut_off_in_its_last_row_is_noticed() {
    let bench = Bench::new().await;
    for text in [
        "email,name,locked\na@q.example,A,true\nb@q.example,Mi",
        "userPrincipalName,displayName,accountEnabled\na@q.example,A,True\nb@q.example,Mi",
    ] {
        let faults = bench.faults(Kind::Users, text).await;
        assert_eq!(
            faults,
            ["users.csv:3: has 2 cells instead of 3, and no end of the line; was the file cut off here?"]
        );
    }
    // Spreadsheets leave empty cells out, and some editors the last end of a line, but not both.
    let whole = "email,name,locked\na@q.example,A\nb@q.example,B,true";
    assert_eq!(bench.import(Kind::Users, whole).await.created, 2);
}

#[tokio::test]
async fn what_stands_under_a_head_cell_without_a_name_is_said() {
    let bench = Bench::new().await;
    let text = "email,,name\na@q.example,secret,A\nb@q.example,,B\n";
    let summary = bench.import(Kind::Users, text).await;
    assert!(summary.to_string().contains("1 row has something below a head cell without a name"), "{summary}");
}

#[tokio::test]
async fn titles_and_separators_above_the_head_line_are_passed_over() {
    for text in [
        "Table 1\nemail,name\nm@q.example,Mia\n,\n",
        "\n;;;\nemail,name\nm@q.example,Mia\n",
        ",,,\n\"Tabelle 1\"\nemail;name\nm@q.example;Mia\n",
    ] {
        let bench = Bench::new().await;
        assert_eq!(bench.import(Kind::Users, text).await.created, 1, "{text:?}");
    }
    let bench = Bench::new().await;
    for text in ["", " \n\n", ";;;\n,,\n"] {
        let faults = bench.faults(Kind::Users, text).await;
        assert_eq!(faults, ["users.csv:1: the file is empty; its first line names the columns"]);
    }
}

#[tokio::test]
async fn utf_8_that_is_called_something_else_is_not_misread() {
    let bench = Bench::new().await;
    let encoding = encoding_rs::Encoding::for_label(b"windows-1252");
    let reading = understudy::server::service::import::Reading { encoding, ..Default::default() };
    let options = Options { reading, ..Options::default() };
    let refused = bench.users("email,name\na@q.example,A\nm@q.example,Zoë Müller\n".as_bytes(), &options).await;
    assert_eq!(problems(refused), ["users.csv:3: is UTF-8 and not windows-1252; leave --encoding out"]);
    let Err(ImportError::Rows(refused)) = bench.users(b"email,name\np@q.example,\xA3ucja\n", &Options::default()).await
    else {
        panic!("the file was taken")
    };
    assert!(refused.to_string().contains("--encoding windows-1250 where Polish"), "{refused}");
    let encoding = encoding_rs::Encoding::for_label(b"windows-1250");
    let reading = understudy::server::service::import::Reading { encoding, ..Default::default() };
    let options = Options { reading, ..Options::default() };
    bench.users(b"email,name\np@q.example,\xA3ucja\n", &options).await.expect("it is told");
    assert_eq!(bench.user("p@q.example").await.expect("a user").name, "Łucja");
}
