//! What cells may say, and what they never do.

use super::{Bench, problems};
use understudy::server::service::import::{ImportError, Kind, Options};

const HASH: &str = "$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

#[tokio::test]
async fn times_outside_of_1970_to_tomorrow_are_refused() {
    let bench = Bench::new().await;
    for time in ["1970-01-01", "0001-01-01", "9999-12-31", "2026-11-25", "1969-12-31T23:59:59Z"] {
        for column in ["last_visit_at", "created_at"] {
            let text = format!("email,name,{column}\na@b.example,A,{time}\n");
            let expected = format!("users.csv:2 {column}: \"{time}\" is not between 1970-01-02 and tomorrow");
            assert_eq!(bench.faults(Kind::Users, &text).await, [expected]);
        }
    }
    // The clock stands at 2026-11-23T09:00:00Z.
    let text = "email,name,last_visit_at\na@b.example,A,2026-11-24\nb@b.example,B,1970-01-02\n";
    assert_eq!(bench.import(Kind::Users, text).await.created, 2);
}

#[tokio::test]
async fn a_last_visit_or_a_count_of_visits_never_goes_back() {
    let bench = Bench::new().await;
    bench.import(Kind::Users, "email,name,last_visit_at,visits\na@b.example,A,2026-11-20T10:00:00Z,7\n").await;
    let before = bench.user("a@b.example").await.expect("a user");
    let older = "email,name,last_visit_at,visits\na@b.example,A,2020-01-01,2\n";
    assert_eq!(bench.import(Kind::Users, older).await.unchanged, 1);
    let after = bench.user("a@b.example").await.expect("a user");
    assert_eq!(
        (after.last_visit_us, after.last_login_at, after.visits),
        (before.last_visit_us, before.last_login_at, 7)
    );
    let newer = "email,name,last_visit_at,visits\na@b.example,A,2026-11-22T10:00:00Z,9\n";
    let summary = bench.import(Kind::Users, newer).await;
    assert_eq!(summary.changes, ["last_visit_at: 1 later than known", "visits: 1 more than known"]);
    let after = bench.user("a@b.example").await.expect("a user");
    assert_eq!(after.last_visit_at().expect("a visit").to_rfc3339(), "2026-11-22T10:00:00+00:00");
    assert_eq!((after.last_login_at, after.visits), (after.last_visit_at(), 9));
}

#[tokio::test]
async fn a_hash_that_would_hold_up_every_sign_in_is_refused() {
    let bench = Bench::new().await;
    for costs in ["m=65536,t=200,p=4", "m=2097152,t=1,p=1", "m=19456,t=4000000000,p=1"] {
        let text = format!("email,name,password_hash\na@b.example,A,\"$argon2id$v=19${costs}{HASH}\"\n");
        let faults = bench.faults(Kind::Users, &text).await;
        assert!(faults[0].starts_with("users.csv:2 password_hash: costs more than a sign-in may"), "{faults:?}");
    }
    let text = format!("email,name,password_hash\na@b.example,A,\"$argon2id$v=19$m=65536,t=3,p=4{HASH}\"\n");
    assert_eq!(bench.import(Kind::Users, &text).await.created, 1);
}

#[tokio::test]
async fn a_hash_of_another_kind_is_named_and_what_to_do_instead() {
    let bench = Bench::new().await;
    let bcrypt = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghijk";
    let faults = bench.faults(Kind::Users, &format!("email,name,password_hash\na@b.example,A,{bcrypt}\n")).await;
    assert!(faults[0].contains("is a bcrypt password hash") && faults[0].contains("set-password link"), "{faults:?}");
    assert!(!faults[0].contains("abcdefgh"), "the hash itself is not shown: {faults:?}");
}

#[tokio::test]
async fn a_misspelt_column_is_told_with_the_one_that_was_meant() {
    let bench = Bench::new().await;
    let faults = bench.faults(Kind::Users, "email,name,email_verifed,acounts\na@b.example,A,true,\n").await;
    assert!(
        faults[0].starts_with("users.csv:1 email_verifed: is no known column; did you mean email_verified?"),
        "{faults:?}"
    );
    assert!(faults[1].starts_with("users.csv:1 acounts: is no known column; did you mean accounts?"), "{faults:?}");
    assert_eq!(faults.len(), 2);
}

#[tokio::test]
async fn a_file_without_a_head_line_gives_one_complaint() {
    let bench = Bench::new().await;
    let faults = bench.faults(Kind::Users, "ann@b.example,Ann\nbo@b.example,Bo\n").await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("users.csv:1: begins with \"ann@b.example\", which is no head line"), "{faults:?}");
}

#[tokio::test]
async fn columns_of_another_language_are_guessed() {
    let bench = Bench::new().await;
    let faults = bench.faults(Kind::Users, "E-Mail;Vorname;Nachname\na@b.example;A;B\n").await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("by \"E-Mail\" you may mean email"), "{faults:?}");
    let faults = bench.faults(Kind::Users, "email,name\nk@b.example,X\n\u{212a}@b.example,Y\n").await;
    assert_eq!(faults.len(), 1, "a bad address is not called the same as another: {faults:?}");
}

#[tokio::test]
async fn nothing_of_a_file_reaches_the_terminal_that_it_would_obey() {
    let bench = Bench::new().await;
    let text = "email,name,\u{1b}]0;owned\u{7}\n\u{1b}[2J,A,\n";
    for fault in bench.faults(Kind::Users, text).await {
        assert!(!fault.chars().any(char::is_control), "{fault:?}");
    }
}

#[tokio::test]
async fn a_long_name_keeps_the_others_out_only_until_it_is_left_out() {
    let bench = Bench::new().await;
    let long = "N".repeat(256);
    let text = format!(
        "email,name\nb.osei_partner.example#EXT#@fabrikam.example,Bea Osei\nlong@b.example,{long}\no'neil+test@b.example,Ann O’Neil\n"
    );
    let Err(ImportError::Rows(problems)) = bench.run(&[(Kind::Users, &text)], false).await else {
        panic!("the file was taken")
    };
    let said = problems.to_string();
    assert!(said.contains("users.csv:3 name: has 256 characters; 200 is the most"), "{said}");
    assert!(said.contains("--skip-bad-rows"), "{said}");
    assert!(bench.user("o'neil+test@b.example").await.is_none());
    let options = Options { skip_bad_rows: true, ..Options::default() };
    let summary = bench.run_with(&[(Kind::Users, &text)], &options).await.expect("the others are good").remove(0);
    assert_eq!((summary.created, summary.description.bad_rows), (2, 1));
    assert!(summary.to_string().contains("left out: users.csv:3 name"), "{summary}");
    assert!(bench.user("o'neil+test@b.example").await.is_some());
    assert!(bench.user("b.osei_partner.example#ext#@fabrikam.example").await.is_some());
}

#[tokio::test]
async fn what_many_rows_refer_to_in_vain_is_said_once() {
    let bench = Bench::new().await;
    let rows: String = (0..40).map(|number| format!("u{number}@b.example,U,nowhere\n")).collect();
    let faults = bench.faults(Kind::Users, &format!("email,name,accounts\n{rows}")).await;
    assert_eq!(faults, ["users.csv:2 accounts: there is no account \"nowhere\" (40 rows name it)"]);
    let options = Options { skip_bad_rows: true, ..Options::default() };
    let text = format!("email,name,accounts\n{rows}fine@b.example,Fine,\n");
    let summary = bench.run_with(&[(Kind::Users, &text)], &options).await.expect("one row is good").remove(0);
    assert_eq!((summary.created, summary.description.bad_rows), (1, 40));
}

#[tokio::test]
async fn the_report_has_every_problem_and_no_formula() {
    let bench = Bench::new().await;
    let path = std::env::temp_dir().join(format!("understudy-report-{}.csv", std::process::id()));
    let rows: String = (0..300).map(|number| format!("=wrong{number},Name\n")).collect();
    let options = Options { report: Some(path.clone()), ..Options::default() };
    let faults = problems(bench.run_with(&[(Kind::Users, &format!("email,name\n{rows}"))], &options).await);
    assert_eq!(faults.len(), 200);
    let report = std::fs::read_to_string(&path).expect("a report");
    let _ = std::fs::remove_file(&path);
    assert_eq!(report.lines().count(), 301);
    assert!(report.lines().all(|line| !line.starts_with('=')), "{report}");
}

#[tokio::test]
async fn times_are_read_as_databases_write_them() {
    let bench = Bench::new().await;
    let times = [
        ("2024-11-20 08:15:30+00", "2024-11-20T08:15:30+00:00"),
        ("2024-11-20 08:15:30 +0000", "2024-11-20T08:15:30+00:00"),
        ("2024-11-20T08:15:30+0000", "2024-11-20T08:15:30+00:00"),
        ("2024-11-20 10:15:30.5+02", "2024-11-20T08:15:30.500+00:00"),
        ("2024/11/20 08:15:30", "2024-11-20T08:15:30+00:00"),
        ("2024-11-20 08:15:30 UTC", "2024-11-20T08:15:30+00:00"),
        ("2024-11-20T08:15Z", "2024-11-20T08:15:00+00:00"),
        ("2024-11-20T08:15", "2024-11-20T08:15:00+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2024-11-20", "2024-11-20T00:00:00+00:00"),
    ];
    let rows: String =
        times.iter().enumerate().map(|(at, (time, _))| format!("t{at}@time.example,T,{time}\n")).collect();
    bench.import(Kind::Users, &format!("email,name,last_visit_at\n{rows}")).await;
    for (at, (time, expected)) in times.iter().enumerate() {
        let user = bench.user(&format!("t{at}@time.example")).await.expect("a user");
        assert_eq!(user.last_visit_at().map(|time| time.to_rfc3339()).as_deref(), Some(*expected), "{time}");
    }
    for time in ["11/20/2024", "20.11.2024", "2024-02-30", "2024-11-20T08:15:30+99:99", "1614592800"] {
        let faults = bench.faults(Kind::Users, &format!("email,name,last_visit_at\na@b.example,A,{time}\n")).await;
        assert!(faults.len() == 1 && faults[0].contains("is no time"), "{faults:?}");
    }
}
