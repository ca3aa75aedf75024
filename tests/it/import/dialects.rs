//! Files as spreadsheets and consoles write them.

use super::{Bench, problems};
use understudy::server::service::import::{Kind, Options, Reading};

async fn taken(bytes: &[u8]) -> Bench {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.users(bytes, &Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    bench
}

async fn name_of(bench: &Bench, email: &str) -> String {
    bench.user(email).await.expect("the user is there").name
}

#[tokio::test]
async fn every_separator_is_found_and_told() {
    for (text, label) in [
        ("email;name;accounts\nm.roth@b.example;\"Roth, Mia\";\"acme:admin;zeta\"\n", "semicolons"),
        ("email\tname\taccounts\nm.roth@b.example\tRoth, Mia\tacme:admin;zeta\n", "tabs"),
        ("email|name|accounts\nm.roth@b.example|Roth, Mia|acme:admin;zeta\n", "bars"),
        ("email,name,accounts\nm.roth@b.example,\"Roth, Mia\",acme:admin;zeta\n", "commas"),
        ("sep=;\r\nemail;name;accounts\r\nm.roth@b.example;Roth, Mia;\"acme:admin;zeta\"\r\n", "semicolons"),
        ("sep=,\nemail,name,accounts\nm.roth@b.example,\"Roth, Mia\",acme:admin;zeta\n", "commas"),
    ] {
        let bench = Bench::new().await;
        bench.basics().await;
        let summary = bench.users(text.as_bytes(), &Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(summary.description.taken_for.contains(label), "{}", summary.description.taken_for);
        assert_eq!(name_of(&bench, "m.roth@b.example").await, "Roth, Mia");
        assert_eq!(bench.memberships("m.roth@b.example").await.len(), 2);
    }
}

#[tokio::test]
async fn blank_rows_are_passed_over_and_said() {
    let text = "email;name\n;;\nm.roth@b.example;Mia Roth\n;\n \t;\u{a0}\n\n\nb@b.example;B;;\n;\n";
    let bench = Bench::new().await;
    let summary = bench.users(text.as_bytes(), &Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(summary.created, 2);
    assert!(summary.to_string().contains("4 blank rows passed over"), "{summary}");
}

#[tokio::test]
async fn empty_cells_at_the_end_may_be_left_out() {
    let bench =
        taken(b"email,name,locked,accounts,,\na@x.example,A\nb@x.example,B,true\nc@x.example,C,,acme,,\n").await;
    assert!(bench.user("b@x.example").await.is_some_and(|user| user.locked_at.is_some()));
    assert_eq!(bench.memberships("c@x.example").await.len(), 1);
    let faults = bench.faults(Kind::Users, "email,name,locked\nd@x.example\ne@x.example,E,true,surplus\n").await;
    assert_eq!(
        faults,
        [
            "users.csv:2: has 1 cell instead of 3; is a quote missing?",
            "users.csv:3: has 4 cells instead of 3; is a quote missing?",
        ]
    );
}

#[tokio::test]
async fn lines_are_counted_whatever_ends_them() {
    let bench = Bench::new().await;
    for end in ["\n", "\r\n", "\r"] {
        let text =
            ["email,name", "m@b.example,\"Mia\tRoth\"", "", "not-an-address,Bo Low", "o@b.example,O", "nor-this,X", ""]
                .join(end);
        let faults = bench.faults(Kind::Users, &text).await;
        let lines: Vec<&str> = faults.iter().map(|fault| fault.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(lines, ["users.csv:2", "users.csv:4", "users.csv:6"], "{end:?} {faults:?}");
    }
    let text = "email,name\r\na@b.example,\"two\r\nlines\"\r\nnot-an-address,B\r\n";
    assert!(bench.faults(Kind::Users, text).await[1].starts_with("users.csv:4 email"));
}

#[tokio::test]
async fn utf_16_is_read_with_and_without_its_mark() {
    let text = "email,name\r\nm.roth@b.example,Zoë Müller\r\n";
    let little = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = [b"\xFF\xFE".to_vec(), little.clone()].concat();
    let marked_big = [b"\xFE\xFF".to_vec(), big.clone()].concat();
    for bytes in [little, big, marked, marked_big] {
        let bench = taken(&bytes).await;
        assert_eq!(name_of(&bench, "m.roth@b.example").await, "Zoë Müller");
    }
}

#[tokio::test]
async fn windows_1252_is_read_where_it_is_told() {
    let bench = Bench::new().await;
    let reading = Reading { encoding: encoding_rs::Encoding::for_label(b"windows-1252"), ..Reading::default() };
    let options = Options { reading, ..Options::default() };
    bench.users(b"email;name\nm.roth@b.example;Zo\xEB M\xFCller \x80\n", &options).await.expect("it is told");
    assert_eq!(name_of(&bench, "m.roth@b.example").await, "Zoë Müller €");
}

#[tokio::test]
async fn two_files_in_one_are_told_by_the_second_head_line() {
    let bench = Bench::new().await;
    let text = "\u{feff}email,name\na1@x.example,A\n\u{feff}email,name\na2@x.example,B\n";
    let faults = bench.faults(Kind::Users, text).await;
    assert_eq!(faults, ["users.csv:3: is a head line again: two files were put together here; take this line out"]);
    let swapped = "email,name\na1@x.example,A\nname,email\nB,a2@x.example\n";
    assert!(bench.faults(Kind::Users, swapped).await[0].starts_with("users.csv:3: is a head line again"));
}

#[tokio::test]
async fn workbooks_archives_and_binary_files_are_named() {
    let bench = Bench::new().await;
    for (bytes, words) in [
        (&b"PK\x03\x04rest"[..], "Excel workbook"),
        (&b"\x1f\x8b\x08rest"[..], "gunzip"),
        (&b"email,name\na\0b@x.example,A\n"[..], "NUL characters"),
    ] {
        let faults = problems(bench.users(bytes, &Options::default()).await);
        assert!(faults.len() == 1 && faults[0].contains(words), "{faults:?}");
        assert!(!faults[0].contains('\0'));
    }
}

#[tokio::test]
async fn apostrophes_before_every_text_are_taken_off_and_others_stay() {
    let bench =
        taken(b"email,name,accounts\n\"'b.osei@x.example\",\"'Bea Osei\",\"'acme:admin\"\nj@x.example,'t Hooft,\n")
            .await;
    assert_eq!(name_of(&bench, "b.osei@x.example").await, "Bea Osei");
    assert_eq!(bench.memberships("b.osei@x.example").await, [("acme".to_owned(), false)]);
    assert_eq!(name_of(&bench, "j@x.example").await, "'t Hooft");
    assert!(bench.user("'b.osei@x.example").await.is_none());
    let accounts = "external_id,name\n'guarded,'Guarded Inc\n";
    assert_eq!(bench.import(Kind::Accounts, accounts).await.created, 1);
}

#[tokio::test]
async fn spreadsheets_of_other_languages_say_true_in_their_words() {
    let bench =
        taken("email;name;email_verified;locked\na@x.example;A;WAHR;FALSCH\nb@x.example;B;VRAI;faux\n".as_bytes())
            .await;
    assert!(bench.user("a@x.example").await.is_some_and(|user| user.email_verified && user.locked_at.is_none()));
    assert!(bench.user("b@x.example").await.is_some_and(|user| user.email_verified));
}
