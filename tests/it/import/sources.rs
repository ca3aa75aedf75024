//! Whole files as other products write them.

use super::{Bench, problems};
use understudy::server::service::import::source::Product;
use understudy::server::service::import::{Kind, Options, Reading, Summary};

const AUTH0_CSV: &[u8] = include_bytes!("../import_files/auth0.csv");
const AUTH0_JSON: &[u8] = include_bytes!("../import_files/auth0.ndjson");
const OKTA: &[u8] = include_bytes!("../import_files/okta.csv");
const ENTRA: &[u8] = include_bytes!("../import_files/entra.csv");
const GOOGLE: &[u8] = include_bytes!("../import_files/google.csv");
const KEYCLOAK: &[u8] = include_bytes!("../import_files/keycloak-realm.json");
const FRONTEGG: &[u8] = include_bytes!("../import_files/frontegg.csv");
const FIREBASE_CSV: &[u8] = include_bytes!("../import_files/firebase.csv");
const FIREBASE_JSON: &[u8] = include_bytes!("../import_files/firebase.json");

async fn imported(bytes: &[u8]) -> (Bench, Summary) {
    let bench = Bench::new().await;
    bench.basics().await;
    let summary = bench.users(bytes, &Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    (bench, summary)
}

impl Bench {
    /// Name, verified, locked, enrolled elsewhere.
    async fn looks(&self, email: &str) -> (String, bool, bool, bool) {
        let user = self.user(email).await.unwrap_or_else(|| panic!("{email} is not there"));
        (user.name, user.email_verified, user.locked_at.is_some(), user.mfa_enrolled)
    }

    async fn visited(&self, email: &str) -> Option<String> {
        let user = self.user(email).await.unwrap_or_else(|| panic!("{email} is not there"));
        user.last_visit_at().map(|time| time.to_rfc3339())
    }
}

fn looks(name: &str, verified: bool, locked: bool, enrolled: bool) -> (String, bool, bool, bool) {
    (name.to_owned(), verified, locked, enrolled)
}

#[tokio::test]
async fn auth0s_csv_comes_without_its_apostrophes() {
    let (bench, summary) = imported(AUTH0_CSV).await;
    assert!(summary.description.taken_for.starts_with("Auth0's export"), "{}", summary.description.taken_for);
    assert_eq!(summary.created, 4);
    assert_eq!(bench.looks("b.osei@northwind.example").await, looks("Bea Osei", true, false, false));
    assert_eq!(bench.looks("j.thooft@northwind.example").await, looks("'t Hooft", false, true, false));
    assert_eq!(bench.looks("pat.lee+test@harbor.example").await.0, "Pat Lee");
    assert_eq!(bench.looks("o'neil@harbor.example").await.0, "O\"Neil, Ann");
    assert_eq!(bench.visited("b.osei@northwind.example").await.as_deref(), Some("2026-11-20T08:15:30.123+00:00"));
    let said = summary.to_string();
    assert!(said.contains("user_metadata.country is passed over"), "{said}");
    assert!(said.contains("blocked goes into locked"), "{said}");
}

#[tokio::test]
async fn auth0s_json_is_one_user_a_line() {
    let (bench, summary) = imported(AUTH0_JSON).await;
    assert!(summary.description.taken_for.starts_with("Auth0's export"), "{}", summary.description.taken_for);
    assert_eq!(summary.created, 3);
    assert_eq!(bench.looks("b.osei@northwind.example").await, looks("Bea Osei", true, false, true));
    assert!(summary.to_string().contains("1 user: a bcrypt password hash cannot be taken"), "{summary}");
    assert!(summary.to_string().contains("app_metadata is passed over"), "{summary}");
    assert!(summary.to_string().contains("1 user enrolled elsewhere for a second factor"), "{summary}");
    let bad = [AUTH0_JSON, b"{\"user_id\":\"auth0|9\",\"email\":\"nobody\",\"email_verified\":true}\n"].concat();
    let faults = problems(bench.users(&bad, &Options::default()).await);
    assert_eq!(faults, ["users.csv:4 email: \"nobody\" is not an e-mail address"]);
}

#[tokio::test]
async fn oktas_people_come_with_their_state() {
    let (bench, summary) = imported(OKTA).await;
    assert_eq!(summary.created, 4);
    assert_eq!(bench.looks("b.osei@northwind.example").await, looks("Bea Osei", false, false, false));
    assert_eq!(bench.looks("sam@northwind.example").await, looks("Sam Suspended", false, true, false));
    assert_eq!(bench.looks("stella@northwind.example").await, looks("Stella Staged", false, false, false));
    assert!(summary.to_string().contains("--set email_verified=true"), "{summary}");
    let reading = Reading {
        set: vec![("email_verified".into(), "true".into()), ("accounts".into(), "acme:member".into())],
        ..Reading::default()
    };
    let again = bench.users(OKTA, &Options { reading, ..Options::default() }).await.expect("it is good");
    assert_eq!(again.updated, 4);
    assert!(bench.looks("sam@northwind.example").await.1);
    assert_eq!(bench.memberships("sam@northwind.example").await, [("acme".to_owned(), false)]);
}

#[tokio::test]
async fn entras_guests_and_disabled_people_come_as_they_are() {
    let (bench, summary) = imported(ENTRA).await;
    assert!(summary.description.taken_for.starts_with("Entra ID"), "{}", summary.description.taken_for);
    assert_eq!(summary.created, 4);
    assert_eq!(bench.looks("b.osei_partner.example#ext#@fabrikam.example").await.0, "Bea Osei");
    assert_eq!(bench.looks("dis.abled@fabrikam.example").await, looks("Dis Abled", false, true, false));
    assert_eq!(bench.looks("ann.o'neil@fabrikam.example").await.0, "Ann O’Neil");
    assert_eq!(bench.looks("mailbox@fabrikam.example").await.0, "Has Mailbox");
}

#[tokio::test]
async fn entras_template_asks_whether_to_block_and_not_whether_to_let_in() {
    let text = "version:v1.0\nName [displayName] Required,User name [userPrincipalName] Required,Initial password \
        [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required\nBea Osei,bea@x.example,Pa55,No\n\
        Bo Low,bo@x.example,Pa55,Yes\n";
    let (bench, _) = imported(text.as_bytes()).await;
    assert_eq!(bench.looks("bea@x.example").await, looks("Bea Osei", false, false, false));
    assert_eq!(bench.looks("bo@x.example").await, looks("Bo Low", false, true, false));
}

#[tokio::test]
async fn googles_list_comes_with_its_dates() {
    let (bench, summary) = imported(GOOGLE).await;
    assert_eq!(summary.created, 3);
    assert_eq!(bench.looks("bea.osei@northwind.example").await, looks("Bea Osei", false, false, true));
    assert_eq!(bench.looks("sus.pended@northwind.example").await, looks("Sus Pended", false, true, false));
    assert_eq!(bench.visited("bea.osei@northwind.example").await.as_deref(), Some("2026-11-20T08:15:30+00:00"));
    assert_eq!(bench.visited("new.comer@northwind.example").await, None);
}

#[tokio::test]
async fn keycloaks_realm_comes_with_the_passwords_that_can_be_taken() {
    let (bench, summary) = imported(KEYCLOAK).await;
    assert!(summary.description.taken_for.starts_with("Keycloak"), "{}", summary.description.taken_for);
    assert_eq!(summary.created, 3);
    assert_eq!(bench.looks("b.osei@northwind.example").await, looks("Bea Osei", true, false, true));
    assert_eq!(bench.looks("off@northwind.example").await, looks("Otto Off", false, true, false));
    let hash = bench.user("b.osei@northwind.example").await.and_then(|user| user.password_hash).expect("a hash");
    assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{hash}");
    let said = summary.to_string();
    assert!(said.contains("1 user passed over, because each is a service account"), "{said}");
    assert!(said.contains("1 user: a PBKDF2 password hash cannot be taken"), "{said}");
    // The same users by themselves, as `kc.sh export --users different_files` and the API give them.
    let users: serde_json::Value = serde_json::from_slice(KEYCLOAK).expect("JSON");
    let list = serde_json::to_vec(&users["users"]).expect("JSON");
    let again = bench.users(&list, &Options::default()).await.expect("a list of users");
    assert_eq!((again.created, again.unchanged), (0, 3));
}

#[tokio::test]
async fn fronteggs_rows_for_one_user_become_several_memberships() {
    let (bench, summary) = imported(FRONTEGG).await;
    assert!(summary.description.taken_for.starts_with("Frontegg"), "{}", summary.description.taken_for);
    assert_eq!(summary.created, 2);
    assert_eq!(bench.looks("b.osei@northwind.example").await, looks("Bea Osei", true, false, false));
    let expected = [("acme".to_owned(), false), ("zeta".to_owned(), false)];
    assert_eq!(bench.memberships("b.osei@northwind.example").await, expected);
    assert!(summary.to_string().contains("a bcrypt password hash cannot be taken"), "{summary}");
    assert!(summary.to_string().contains("metadata is passed over: is free in form"), "{summary}");
    // It adds to what there is, and takes nothing away.
    let fewer = "email,tenantId,name,roleIds\nb.osei@northwind.example,acme,Bea Osei,member\n";
    let again = bench.users(fewer.as_bytes(), &Options::default()).await.expect("it takes nothing away");
    assert_eq!(again.unchanged, 1);
    assert_eq!(bench.memberships("b.osei@northwind.example").await, expected);
}

#[tokio::test]
async fn firebases_files_come_with_and_without_names_of_columns() {
    for bytes in [FIREBASE_CSV, FIREBASE_JSON] {
        let (bench, summary) = imported(bytes).await;
        assert!(summary.description.taken_for.starts_with("Firebase"), "{}", summary.description.taken_for);
        assert_eq!(summary.created, 2, "{summary}");
        assert_eq!(bench.looks("b.osei@northwind.example").await, looks("Bea Osei", true, false, false));
        assert_eq!(bench.looks("dis@northwind.example").await, looks("dis", false, true, false));
        assert_eq!(bench.visited("b.osei@northwind.example").await.as_deref(), Some("2025-11-20T08:15:30+00:00"));
        let said = summary.to_string();
        assert!(said.contains("1 user passed over, because each has no e-mail address"), "{said}");
        assert!(said.contains("Firebase scrypt password hash cannot be taken"), "{said}");
    }
}

#[tokio::test]
async fn exports_are_recognised_through_spreadsheets_too() {
    for (bytes, label) in [(OKTA, "Okta"), (ENTRA, "Entra"), (GOOGLE, "Google"), (FRONTEGG, "Frontegg")] {
        let bench = Bench::new().await;
        bench.basics().await;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut writer = csv::WriterBuilder::new().delimiter(b';').flexible(true).from_writer(Vec::new());
        for row in rows.records() {
            writer.write_record(&row.expect("a row")).expect("a row");
        }
        let text = String::from_utf8(writer.into_inner().expect("bytes")).expect("UTF-8");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let summary = bench.users(&bytes, &Options::default()).await.unwrap_or_else(|error| panic!("{label}: {error}"));
        assert!(summary.description.taken_for.contains(label), "{}", summary.description.taken_for);
        assert!(summary.created > 0);
    }
}

#[tokio::test]
async fn a_faulty_cell_is_named_by_the_products_own_column() {
    let bench = Bench::new().await;
    let text = "userPrincipalName,displayName,mail,accountEnabled\nb@x.example,B,not an address,True\nc@x.example,C,,perhaps\n";
    let faults = problems(bench.users(text.as_bytes(), &Options::default()).await);
    assert_eq!(
        faults,
        [
            "users.csv:2 mail: \"not an address\" is not an e-mail address",
            "users.csv:3 accountEnabled: \"perhaps\" is neither true nor false",
        ]
    );
}

#[tokio::test]
async fn whose_file_it_is_can_be_told() {
    let bench = Bench::new().await;
    let text = "name,email\nBea Osei,b.osei@northwind.example\n";
    let reading = Reading { from: Some(Product::Auth0), ..Reading::default() };
    let summary = bench.users(text.as_bytes(), &Options { reading, ..Options::default() }).await.expect("it is told");
    assert!(summary.description.taken_for.starts_with("Auth0"));
    let reading = Reading { from: Some(Product::Understudy), ..Reading::default() };
    let faults = problems(bench.users(ENTRA, &Options { reading, ..Options::default() }).await);
    assert!(faults[0].contains("which is no head line"), "{faults:?}");
    assert_eq!(
        understudy::server::service::import::kind_of(
            &understudy::server::service::import::Content::Bytes(ENTRA.to_vec()),
            None
        ),
        Some(Kind::Users)
    );
}
