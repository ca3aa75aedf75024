//! Several rows about one user, and files of other products with rows that nobody can mend.

use super::Bench;
use understudy::server::db::import as table;
use understudy::server::service::directory::change::Protection;
use understudy::server::service::import::{ImportError, Kind, Options};

const FRONTEGG: &str = "email,tenantId,name,verifyUser,roleIds,isLocked";

fn fill(count: usize) -> String {
    (0..count).map(|n| format!("x{n}@fe.example,acme,X {n},true,member,\n")).collect()
}

#[tokio::test]
async fn rows_of_one_user_are_taken_together_however_far_apart_they_are() {
    let bench = Bench::new().await;
    bench.basics().await;
    let text = format!(
        "{FRONTEGG}\nfr@fe.example,acme,Fr,,member,true\n{}fr@fe.example,zeta,,true,member,false\n",
        fill(1_200)
    );
    for _ in 0..2 {
        let summary = bench.import(Kind::Users, &text).await;
        assert!(summary.to_string().contains("1 row about a user of another row"), "{summary}");
        let user = bench.user("fr@fe.example").await.expect("a user");
        assert!(
            user.locked_at.is_some() && user.email_verified,
            "locked in one is locked, verified in one is verified"
        );
        assert_eq!(bench.memberships("fr@fe.example").await.len(), 2);
    }
    assert!(bench.app.events("user.unlocked").await.is_empty());
    let open = format!("{FRONTEGG}\nfr@fe.example,acme,Fr,,member,\n{}fr@fe.example,zeta,,true,,false\n", fill(1_200));
    let Err(ImportError::NotAllowed(_, asked)) = bench.run(&[(Kind::Users, &open)], false).await else {
        panic!("nobody allowed it")
    };
    assert_eq!(asked.keys().collect::<Vec<_>>(), [&Protection::Unlock]);
}

#[tokio::test]
async fn of_several_rows_the_bad_one_is_named_and_the_others_stay() {
    let bench = Bench::new().await;
    bench.basics().await;
    let text = "email,tenantId,name,verifyUser,roleIds\nm@fe.example,acme,M One,true,member\nm@fe.example,nosuch,M One,true,\
                member\nn@fe.example,acme,N,false,member\nn@fe.example,acme,N,true,admin\n";
    let faults = bench.faults(Kind::Users, text).await;
    assert_eq!(faults, ["users.csv:3 accounts: there is no account \"nosuch\""]);
    let options = Options { skip_bad_rows: true, ..Options::default() };
    let summary = bench.users(text.as_bytes(), &options).await.expect("the others are good");
    assert_eq!((summary.created, summary.description.bad_rows), (2, 1));
    assert_eq!(bench.memberships("m@fe.example").await, [("acme".to_owned(), false)]);
    assert!(bench.user("n@fe.example").await.is_some_and(|user| user.email_verified));
    let same = "email,name,accounts\nn@fe.example,N,acme:admin+member\n";
    assert_eq!(bench.import(Kind::Users, same).await.unchanged, 1);
}

#[tokio::test]
async fn a_user_of_two_files_becomes_what_both_say() {
    let bench = Bench::new().await;
    bench.basics().await;
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
    let email = "both@files.example";
    let one = format!("email,name,password_hash,accounts\n{email},One,\"{hash}\",acme:member\n");
    let other = format!("email,name,accounts\na@files.example,A,acme:member\n{email},Two,acme:member\n");
    let files = [(Kind::Users, one.as_str()), (Kind::Users, other.as_str())];
    let done = bench.run(&files, false).await.expect("the files are good");
    assert_eq!(done.iter().map(|file| file.created).collect::<Vec<_>>(), [1, 2]);
    let user = bench.user(email).await.expect("a user");
    assert_eq!(user.name, "Two", "the later file has the last word");
    assert!(user.password_hash.is_some(), "what only one of them says stays");
    let mut conn = bench.app.state.db.read().await.expect("a connection");
    let known = table::known_users(&mut conn, bench.environment.id, &[email], false).await.expect("a query");
    let held = &known[email].memberships;
    assert_eq!((held.len(), held[0].roles.len()), (1, 1));
    drop(conn);
    assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
}

#[tokio::test]
async fn where_a_bad_row_leaves_open_who_may_come_in_the_good_ones_do_not_decide_it() {
    let bench = Bench::new().await;
    bench.basics().await;
    let text = format!(
        "{FRONTEGG}\na@fe.example,acme,A,true,member,perhaps\na@fe.example,zeta,A,true,member,false\n{}",
        fill(3)
    );
    let options = Options { skip_bad_rows: true, ..Options::default() };
    let summary = bench.users(text.as_bytes(), &options).await.expect("the others are good");
    assert_eq!((summary.created, summary.description.bad_rows), (3, 2));
    assert!(bench.user("a@fe.example").await.is_none());
}

#[tokio::test]
async fn an_address_in_two_connections_of_auth0_is_one_user_and_brings_no_strangers_password() {
    let bench = Bench::new().await;
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
    let text = format!(
        "user_id,email,email_verified,name,blocked,password_hash\nauth0|1,d1@a0.example,false,D One,true,\"{hash}\"\n\
         google-oauth2|9,d1@a0.example,true,D One,,\nauth0|2,d2@a0.example,true,D Two,,\"{hash}\"\n"
    );
    let summary = bench.import(Kind::Users, &text).await;
    assert_eq!(summary.created, 2);
    assert!(summary.to_string().contains("1 user: the password of a row that is not verified"), "{summary}");
    let user = bench.user("d1@a0.example").await.expect("a user");
    assert!(user.email_verified && user.locked_at.is_some() && user.password_hash.is_none());
    assert!(bench.user("d2@a0.example").await.is_some_and(|user| user.password_hash.is_some()));
}

#[tokio::test]
async fn times_that_another_product_never_set_or_wrote_oddly_are_passed_over_and_said() {
    let bench = Bench::new().await;
    let firebase = r#"{"users":[{"localId":"a","createdAt":"1486324936000","lastSignedInAt":"0"},
        {"localId":"b","email":"fj@fb.example","emailVerified":true,"createdAt":"1486324936000","lastSignedInAt":"0"}]}"#;
    let summary = bench.import(Kind::Users, firebase).await;
    assert_eq!(summary.created, 1);
    assert!(bench.user("fj@fb.example").await.is_some_and(|user| user.last_visit_at().is_none()));
    let keycloak = r#"[{"username":"k","email":"k@kc.example","enabled":true,"createdTimestamp":0}]"#;
    bench.import(Kind::Users, keycloak).await;
    let entra = "userPrincipalName,displayName,createdDateTime\ne1@e.example,E,1/5/2023 8:14:34 AM\n\
                 e2@e.example,E,2023-01-05T08:14:34Z\ne3@e.example,E,9999-12-31\n";
    let summary = bench.import(Kind::Users, entra).await;
    assert_eq!(summary.created, 3);
    assert!(summary.to_string().contains("created_at: 2 times passed over") && summary.to_string().contains("line 2"));
    // In a file of ours somebody can mend it.
    let faults = bench.faults(Kind::Users, "email,name,created_at\na@e.example,A,1/5/2023 8:14:34 AM\n").await;
    assert!(faults[0].contains("is no time"), "{faults:?}");
    let faults = bench.faults(Kind::Users, "email,name,created_at\na@e.example,A,45616.34\n").await;
    assert!(faults[0].contains("is the number that Excel keeps for a date"), "{faults:?}");
}

#[tokio::test]
async fn people_without_an_address_are_passed_over_and_counted() {
    let bench = Bench::new().await;
    let auth0 = "Id,Given Name,Nickname,Name,Email,Email Verified,Connection\n\"'auth0|1\",\"'Gi\",\"'gi\",\"'Gi Fam\",\
                 \"'gi@a0.example\",true,\"'Users\"\n\"'sms|2\",,,\"'+15551234567\",,,\"'sms\"\n";
    let okta = "Username,First Name,Last Name,Status\no@ok.example,O,K,Active\n,No,Body,Active\n";
    for text in [auth0, okta] {
        let summary = bench.import(Kind::Users, text).await;
        assert_eq!(summary.created, 1);
        assert!(summary.to_string().contains("1 user passed over, because each has no e-mail address"), "{summary}");
    }
    assert_eq!(bench.user("gi@a0.example").await.expect("a user").name, "Gi Fam");
}

#[tokio::test]
async fn firebases_csv_is_recognised_after_a_spreadsheet_had_it() {
    let bench = Bench::new().await;
    let text = "u1;f4@fb.example;TRUE;;;Mia;;;;;;;;;;;;;;;;;;1614592800000;1732090530000;;FALSE;;\n\
                u3;f5@fb.example;FALSCH;;;Dis;;;;;;;;;;;;;;;;;;1614592800000;1732090530000;;WAHR;;\n";
    let summary = bench.import(Kind::Users, text).await;
    assert!(summary.description.taken_for.starts_with("Firebase"), "{}", summary.description.taken_for);
    assert!(bench.user("f4@fb.example").await.is_some_and(|user| user.email_verified && user.locked_at.is_none()));
    assert!(bench.user("f5@fb.example").await.is_some_and(|user| !user.email_verified && user.locked_at.is_some()));
}

#[tokio::test]
async fn keys_beside_the_address_are_exact() {
    let bench = Bench::new().await;
    let text = "external_id,name\n001A0000006Vm9r,One\n001A0000006Vm9R,Two\n";
    assert_eq!(bench.import(Kind::Accounts, text).await.created, 2);
    let twice = bench.faults(Kind::Accounts, "external_id,name\nVm9r,One\nVm9r,Two\n").await;
    assert_eq!(twice, ["accounts.csv:3 external_id: \"Vm9r\" is in line 2 already"]);
    let addresses = bench.faults(Kind::Users, "email,name\nA@k.example,One\na@K.example,Two\n").await;
    assert_eq!(addresses, ["users.csv:3 email: \"a@k.example\" is in line 2 already"]);
}
