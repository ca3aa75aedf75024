//! What is secret stays so: files that are their owner's only, secrets that stand in no list of processes, connections that
//! nobody listens to.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::TestApp;
use understudy::model::impersonation::StartImpersonation;
use understudy::server::service::caller::Origin;
use understudy::server::service::impersonation;
use understudy::server::service::impersonation::hand_off::{self, Presenter};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("understudy-gate-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn understudy(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_understudy")).args(arguments).env_clear().output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

#[test]
fn what_is_made_is_its_owners_only_and_what_was_left_open_is_closed() {
    let folder = Folder::new("files");
    let data = folder.0.join("deep").join("data");
    let shown = data.display().to_string();
    let create = ["environment", "create", "--slug", "qa", "--name", "QA", "--data", &shown];
    assert!(understudy(&create).status.success());
    for (path, expected) in [
        (folder.0.join("deep"), 0o700),
        (data.clone(), 0o700),
        (data.join("understudy.db"), 0o600),
        (data.join("master.key"), 0o600),
    ] {
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
    let database = data.join("understudy.db");
    let log = data.join("understudy.db-wal");
    std::fs::write(&log, "").expect("a file");
    for (path, open) in [(&database, 0o644), (&log, 0o664), (&data, 0o755)] {
        set_mode(path, open);
    }
    let sick = text(&understudy(&["doctor", "--data", &shown]).stdout);
    assert!(sick.contains("understudy.db is open to others (mode 644)"), "{sick}");
    assert!(sick.contains("understudy.db-wal is open to others (mode 664)"), "{sick}");
    assert!(sick.contains("the data folder") && sick.contains("(mode 755)"), "{sick}");
    assert_eq!(mode(&database), 0o644, "the doctor changes nothing");
    let listed = understudy(&["environment", "list", "--data", &shown]);
    assert!(text(&listed.stderr).contains("now it is its owner's only"), "{}", text(&listed.stderr));
    assert_eq!(mode(&database), 0o600);
    set_mode(&data, 0o700);
    let healed = text(&understudy(&["doctor", "--data", &shown]).stdout);
    assert!(healed.contains("understudy.db is its owner's only"), "{healed}");
}

#[test]
fn a_secret_on_the_command_line_is_warned_about() {
    let folder = Folder::new("secrets");
    let data = folder.0.join("data").display().to_string();
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let warned = text(&understudy(&["environment", "list", "--data", &data, "--master-key", key]).stderr);
    assert!(warned.contains("--master-key") && warned.contains("MASTER_KEY_FILE"), "{warned}");
    let file = folder.0.join("key");
    std::fs::write(&file, key).expect("a file");
    let quiet = understudy(&["environment", "list", "--data", &data, "--master-key-file", &file.display().to_string()]);
    assert!(!text(&quiet.stderr).contains("list of processes"), "{}", text(&quiet.stderr));
}

#[test]
fn a_database_elsewhere_without_tls_is_told() {
    let doctor = |url: &str| text(&understudy(&["doctor", "--database-url", url]).stdout);
    assert!(doctor("postgres://u:p@nowhere.invalid/d").contains("sslmode=verify-full"));
}

#[tokio::test]
async fn a_second_factor_that_was_imported_is_said_to_be_elsewhere() {
    let app = TestApp::new().await;
    app.execute("UPDATE users SET mfa_enrolled = TRUE WHERE email = 'amara@northwind.example'").await;
    let mut browser = app.operator_browser(super::OLIVIA).await;
    let path = format!("/production/users/{}", app.user_id(super::AMARA).await);
    let page = browser.get(&path).await;
    assert!(page.body().contains("Enrolled elsewhere"), "{}", page.body());
    assert!(browser.get("/production/users").await.body().contains("Enrolled elsewhere"));
    let doctor = Command::new(env!("CARGO_BIN_EXE_understudy"))
        .args(["doctor", "--database-url", app.database_url(), "--master-key", crate::support::MASTER_KEY])
        .env_clear()
        .output()
        .expect("the binary runs");
    assert!(
        text(&doctor.stdout).contains("1 user of Production has a second factor elsewhere"),
        "{}",
        text(&doctor.stdout)
    );
}

#[tokio::test]
async fn what_is_written_of_an_opened_impersonation_shows_no_cookie() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let wanted = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "Looking into a report".to_owned(),
        ..StartImpersonation::default()
    };
    let started = impersonation::start(&caller, &wanted).await.expect("it starts");
    let code = started.url.split("code=").nth(1).expect("a code");
    let presenter = Presenter::Browser(Some(caller.operator().expect("an operator")), None);
    let opened = hand_off::redeem(&app.state, caller.environment.id, code, presenter, &Origin::default()).await;
    let opened = opened.expect("an answer").expect("it opens");
    let cookie = opened.cookie.as_deref().expect("the browser's cookie");
    let written = format!("{opened:?}");
    assert!(written.contains(&started.session_id.to_string()) && !written.contains(cookie), "{written}");
}
