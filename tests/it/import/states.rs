//! Who may come in, in the words of other products: whoever was shut out there is shut out here, and nothing is guessed.

use super::{Bench, problems};
use understudy::server::service::import::{Kind, Options};

impl Bench {
    async fn is_locked(&self, email: &str) -> bool {
        self.user(email).await.unwrap_or_else(|| panic!("{email} is not there")).locked_at.is_some()
    }

    /// Imports people of whom each has a word, and says who is locked.
    async fn locked_by(head: &str, row: &str, words: &[&str]) -> Vec<bool> {
        let bench = Self::new().await;
        let rows: String =
            (0..words.len()).map(|at| row.replace("N@", &format!("n{at}@")).replace('?', words[at])).collect();
        let text = format!("{head}\n{rows}");
        bench.users(text.as_bytes(), &Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
        let mut locked = Vec::new();
        for at in 0..words.len() {
            locked.push(bench.is_locked(&format!("n{at}@x.example")).await);
        }
        locked
    }

    async fn refused_word(head: &str, row: &str) -> String {
        let text = format!("{head}\n{row}");
        problems(Self::new().await.users(text.as_bytes(), &Options::default()).await).join("\n")
    }
}

#[tokio::test]
async fn enabled_in_any_language_is_the_contrary_of_locked() {
    let words = ["WAHR", "FALSCH", "1", "0", "yes", "no", "True", "False", "prawda", "fałsz", "on", "off", ""];
    let expected = words.iter().enumerate().map(|(at, _)| at % 2 == 1).collect::<Vec<_>>();
    let entra = Bench::locked_by("userPrincipalName,displayName,accountEnabled", "N@x.example,N,?\n", &words).await;
    assert_eq!(entra, expected);
    let keycloak = Bench::locked_by("username,email,emailVerified,enabled", "n,N@x.example,true,?\n", &words).await;
    assert_eq!(keycloak, expected);
    let fault = Bench::refused_word("username,email,emailVerified,enabled", "n,n@x.example,true,vielleicht\n").await;
    assert_eq!(fault, "users.csv:2 enabled: \"vielleicht\" is neither true nor false");
    let dash = Bench::refused_word("userPrincipalName,displayName,accountEnabled", "n@x.example,N,-\n").await;
    assert!(dash.contains("neither true nor false"), "{dash}");
}

#[tokio::test]
async fn whoever_is_blocked_in_any_language_is_locked() {
    let head = "version:v1.0\nName [displayName] Required,User name [userPrincipalName] Required,Block sign in (Yes/No) \
                [accountEnabled] Required";
    let words = ["Ja", "Nein", "1", "0", "Oui", "Non", "Yes", "No"];
    let expected = [true, false, true, false, true, false, true, false];
    assert_eq!(Bench::locked_by(head, "N,N@x.example,?\n", &words).await, expected);
    assert!(Bench::refused_word(head, "N,n@x.example,vielleicht\n").await.contains("neither true nor false"));
}

#[tokio::test]
async fn states_that_mean_no_entry_lock_and_unknown_ones_are_refused() {
    let head = "Username,First Name,Last Name,Status";
    let words =
        ["Active", "Inactive", "Blocked", "Password expired", "Locked out", "Deactivated", "Staged", "SUSPENDED"];
    let expected = [false, true, true, false, true, true, false, true];
    assert_eq!(Bench::locked_by(head, "N@x.example,N,N,?\n", &words).await, expected);
    let fault = Bench::refused_word(head, "n@x.example,N,N,Vacationing\n").await;
    assert_eq!(fault, "users.csv:2 Status: \"Vacationing\" is no state that is known: may such a user come in or not?");
    let head = "First Name,Last Name,Email Address,Status,New Status [UPLOAD ONLY]";
    let words = ["Active,", "Inactive,", "Suspended,", "Active,Suspended", "Active,Active", "Archived,"];
    let expected = [false, true, true, true, false, true];
    assert_eq!(Bench::locked_by(head, "N,N,N@x.example,?\n", &words).await, expected);
    assert!(Bench::refused_word(head, "N,N,n@x.example,Gone fishing,\n").await.contains("Status: \"Gone fishing\""));
}

#[tokio::test]
async fn a_second_factor_that_is_off_is_none() {
    let text = r#"[{"user_id":"auth0|1","email":"a@z.example","email_verified":true,"blocked":"0","multifactor":"false"},
        {"user_id":"auth0|2","email":"b@z.example","email_verified":true,"blocked":"1","multifactor":["guardian"]}]"#;
    let bench = Bench::new().await;
    bench.import(Kind::Users, text).await;
    assert!(bench.user("a@z.example").await.is_some_and(|user| !user.mfa_enrolled && user.locked_at.is_none()));
    assert!(bench.user("b@z.example").await.is_some_and(|user| user.mfa_enrolled && user.locked_at.is_some()));
}
