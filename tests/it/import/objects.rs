//! JSON: whose it is, and that nothing in it is passed over that would have meant something.

use super::Bench;
use understudy::server::service::import::source::Product;
use understudy::server::service::import::{Kind, Options, Reading};

#[tokio::test]
async fn whose_file_it_is_is_seen_from_all_users_and_not_the_first() {
    let bench = Bench::new().await;
    let text =
        "{\"email\":\"a@j.example\",\"name\":\"A\"}\n{\"email\":\"b@j.example\",\"name\":\"B\",\"blocked\":true}\n";
    let faults = bench.faults(Kind::Users, text).await;
    assert!(faults[0].contains("is no export that is known; say whose it is with --from"), "{faults:?}");
    let reading = Reading { from: Some(Product::Auth0), ..Reading::default() };
    bench.users(text.as_bytes(), &Options { reading, ..Options::default() }).await.expect("it is told");
    assert!(bench.user("b@j.example").await.is_some_and(|user| user.locked_at.is_some()));
    // A product leaves out what one of its users does not have.
    let sparse =
        r#"[{"email":"c@j.example"},{"user_id":"auth0|3","email":"d@j.example","email_verified":true,"blocked":true}]"#;
    let summary = bench.import(Kind::Users, sparse).await;
    assert!(summary.description.taken_for.starts_with("Auth0"), "{}", summary.description.taken_for);
    assert!(bench.user("d@j.example").await.is_some_and(|user| user.locked_at.is_some()));
}

#[tokio::test]
async fn a_field_that_nobody_knows_is_a_fault_of_its_row_in_a_file_of_ours() {
    let bench = Bench::new().await;
    let text = r#"[{"email": "a@j.example", "name": "A"},
        {"email": "b@j.example", "name": "B", "Locked": true, "loked": true, "email_verifed": true}]"#;
    let faults = bench.faults(Kind::Users, text).await;
    assert_eq!(
        faults,
        [
            "users.csv:2 email_verifed: is no known field; did you mean email_verified?",
            "users.csv:2 loked: is no known field; did you mean locked?",
        ]
    );
    let many: String = (0..400).map(|n| format!("{{\"email\":\"u{n}@j.example\",\"name\":\"U\"}}\n")).collect();
    let late = format!("{many}{{\"email\":\"z@j.example\",\"name\":\"Z\",\"loked\":true}}\n");
    assert_eq!(bench.faults(Kind::Users, &late).await.len(), 1);
    let nameless = bench.faults(Kind::Users, r#"[{"email":"a@j.example"}]"#).await;
    assert_eq!(nameless, ["users.csv:1 name: is empty"]);
    let twice = bench.faults(Kind::Users, r#"[{"email":"a@j.example","name":"A","email":"b@j.example"}]"#).await;
    assert!(twice[0].contains("\"email\" is there twice"), "{twice:?}");
}

#[tokio::test]
async fn an_object_without_end_is_not_read_to_its_end() {
    let bench = Bench::new().await;
    bench.basics().await;
    let user = |name: &str| format!("{{\"email\":\"{name}@j.example\",\"name\":\"{}\"}}", "x".repeat(2 << 20));
    for (text, line) in [
        (format!("[\n{{\"email\":\"a@j.example\",\"name\":\"A\"}},\n{}]", user("b")), 3),
        (format!("{{\"users\":[\n{}]}}", user("b")), 2),
        (format!("{{\"email\":\"a@j.example\",\"name\":\"{}\"}}", "x".repeat(9 << 20)), 1),
        (format!("[{{{}\"email\":\"a@j.example\"}}]", "\"k\":1,".repeat(2 << 20)), 1),
    ] {
        let faults = bench.faults(Kind::Users, &text).await;
        assert!(faults[0].starts_with(&format!("users.csv:{line}")), "{faults:?}");
        assert!(faults[0].contains("does not end") || faults[0].contains("is there twice"), "{faults:?}");
    }
    let many = (0..9_000).map(|number| format!("{{\"email\":\"u{number}@j.example\",\"name\":\"{number:0150}\"}}"));
    let all = format!("{{\"users\":[{}]}}", many.collect::<Vec<_>>().join(","));
    assert!(all.len() > 1 << 20);
    assert_eq!(bench.import(Kind::Users, &all).await.created, 9_000);
}

#[tokio::test]
async fn a_column_that_only_we_have_makes_a_file_ours() {
    let bench = Bench::new().await;
    bench.basics().await;
    for (head, unknown) in [
        ("email,name,email_verified,locked,accounts,user_id", "user_id"),
        ("email,name,email_verified,locked,accounts,tenantId", "tenantId"),
        ("email,name,locked,visits,accounts,username,enabled", "username"),
    ] {
        let row = "w@j.example,W,true,true,acme,17,true";
        let cells = head.split(',').count();
        let row: Vec<&str> = row.split(',').take(cells).collect();
        let faults = bench.faults(Kind::Users, &format!("{head}\n{}\n", row.join(","))).await;
        assert!(faults[0].starts_with(&format!("users.csv:1 {unknown}: is no known column")), "{faults:?}");
    }
    let json = r#"[{"email":"w@j.example","name":"W","email_verified":true,"locked":true,"user_id":"17"}]"#;
    assert_eq!(bench.faults(Kind::Users, json).await, ["users.csv:1 user_id: is no known field"]);
}

#[tokio::test]
async fn lists_become_what_the_cell_would_hold() {
    let bench = Bench::new().await;
    bench.basics().await;
    let roles = r#"[{"key":"jrole","name":"J","permissions":["a.read","b.write"]}]"#;
    bench.import(Kind::Roles, roles).await;
    assert_eq!(bench.import(Kind::Roles, "key,name,permissions\njrole,J,a.read b.write\n").await.unchanged, 1);
    let applications = r#"[{"client_id":"japp","name":"J","app_url":"https://j.example/",
        "redirect_uris":["https://j.example/a","https://j.example/b"]}]"#;
    bench.import(Kind::Applications, applications).await;
    let same =
        "client_id,name,app_url,redirect_uris\njapp,J,https://j.example/,https://j.example/b https://j.example/a\n";
    assert_eq!(bench.import(Kind::Applications, same).await.unchanged, 1);
    let users = r#"[{"email":"j@j.example","name":"J","accounts":["acme:admin","zeta"]}]"#;
    bench.import(Kind::Users, users).await;
    assert_eq!(bench.memberships("j@j.example").await.len(), 2);
    let faults = bench.faults(Kind::Roles, r#"[{"key":"x","name":"X","permissions":["a b"]}]"#).await;
    assert_eq!(faults, ["roles.csv:1 permissions: holds \"a b\", which is more than one"]);
    let faults = bench.faults(Kind::Roles, r#"[{"key":"x","name":["X","Y"]}]"#).await;
    assert!(faults[0].starts_with("roles.csv:1 name: is a list, where one value belongs"), "{faults:?}");
}

#[tokio::test]
async fn fronteggs_tenants_may_be_a_list() {
    let bench = Bench::new().await;
    bench.basics().await;
    let text = r#"[{"email":"f@j.example","name":"F","tenantIds":["acme","zeta"],"roleIds":["member"],"verified":true},
        {"email":"g@j.example","name":"G","tenantId":"acme","roleIds":["member","admin"],"verified":true}]"#;
    let summary = bench.import(Kind::Users, text).await;
    assert!(summary.description.taken_for.starts_with("Frontegg"), "{}", summary.description.taken_for);
    assert_eq!(bench.memberships("f@j.example").await.len(), 2);
    assert_eq!(bench.memberships("g@j.example").await, [("acme".to_owned(), false)]);
}

#[tokio::test]
async fn an_answer_of_microsoft_graph_is_read_and_its_next_page_named() {
    let bench = Bench::new().await;
    let text = r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users",
        "@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x",
        "value":[{"userPrincipalName":"a@g.example","displayName":"A","accountEnabled":false}]}"#;
    let summary = bench.import(Kind::Users, text).await;
    assert!(summary.to_string().contains("@odata.nextLink"), "{summary}");
    assert!(bench.user("a@g.example").await.is_some_and(|user| user.locked_at.is_some()));
    assert_eq!(bench.faults(Kind::Users, "[]").await, ["users.csv:1: the file holds no users"]);
}
