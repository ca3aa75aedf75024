//! Addresses of applications, and values that no index could hold.

use super::Bench;
use understudy::server::service::directory::change::What;
use understudy::server::service::import::Kind;

#[tokio::test]
async fn what_no_index_could_hold_is_refused_while_it_is_read() {
    let bench = Bench::new().await;
    let long = "x".repeat(6_000);
    let text = format!("key,name,permissions\nr,R,a.read {long}\n");
    let faults = bench.faults(Kind::Roles, &text).await;
    assert!(
        faults[0].starts_with("roles.csv:2 permissions: \"xxxx") && faults[0].ends_with("a permission has 200 at most")
    );
    for column in ["app_url", "login_url", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"] {
        let text = if column == "app_url" {
            format!("client_id,name,app_url\na,A,https://a.example/{long}\n")
        } else {
            format!("client_id,name,app_url,{column}\na,A,https://a.example/,https://a.example/{long}\n")
        };
        let faults = bench.faults(Kind::Applications, &text).await;
        assert!(faults[0].contains(column) && faults[0].contains("2000 at most"), "{column}: {faults:?}");
    }
    let text = format!("email,name,picture_url\na@b.example,A,https://a.example/{long}\n");
    assert!(bench.faults(Kind::Users, &text).await[0].contains("2000 at most"));
    let just = format!("key,name,permissions\nr,R,{}\n", "x".repeat(200));
    assert_eq!(bench.import(Kind::Roles, &just).await.created, 1);
    let just = format!("https://a.example/{}", "x".repeat(2_000 - 18));
    let text = format!("client_id,name,app_url,redirect_uris\na,A,https://a.example/,{just}\n");
    assert_eq!(bench.import(Kind::Applications, &text).await.created, 1);
}

#[tokio::test]
async fn addresses_that_a_browser_would_mend_are_refused() {
    let bench = Bench::new().await;
    for uri in ["https:example.com/cb", "https://a.example/a|b", "https://a.example/<b>", "http:\\\\evil.example\\cb"] {
        let text = format!("client_id,name,app_url,redirect_uris\na,A,https://a.example/,{uri}\n");
        let faults = bench.faults(Kind::Applications, &text).await;
        assert_eq!(faults.len(), 1, "{uri}: {faults:?}");
        assert!(faults[0].contains("redirect_uris") && faults[0].contains("RFC 3986"), "{faults:?}");
        let text = format!("client_id,name,app_url\na,A,{uri}\n");
        let faults = bench.faults(Kind::Applications, &text).await;
        assert!(faults[0].contains("is not an http or https address"), "{uri}: {faults:?}");
    }
    let text = "client_id,name,app_url,redirect_uris\na,A,https://a.example/,com.console:/cb HTTPS://a.example/cb\n";
    assert_eq!(bench.import(Kind::Applications, text).await.created, 1);
}

#[tokio::test]
async fn another_address_of_an_application_is_listed_and_written_down() {
    let bench = Bench::new().await;
    let head = "client_id,name,app_url,login_url,initiate_login_url,backchannel_logout_uri\nshop,Shop";
    bench.import(Kind::Applications, &format!("{head},https://s.example/,,,\n")).await;
    let there =
        format!("{head},https://t.example/,https://t.example/in,https://t.example/init,https://t.example/out\n");
    let summary = bench.import(Kind::Applications, &there).await;
    let whats: Vec<What> = summary.listed.iter().map(|listed| listed.what).collect();
    assert_eq!(whats, [What::AppUrl, What::LoginUrl, What::InitiateLoginUrl, What::LogoutSet]);
    assert!(summary.to_string().contains("shop signs in at another address: https://t.example/in"), "{summary}");
    let events = bench.app.events("client.changed").await;
    assert_eq!(events.len(), 4);
    assert!(
        events.iter().any(|event| event.description.contains("signs in at another address: https://t.example/in")),
        "hand-off codes go there"
    );
}
