//! RFC 9207, the issuer in authorization responses.

use super::raw::metadata;
use crate::identity::flow::{AMARA, BEN, answered, authorize_path, signed_in};
use crate::support::TestApp;

#[tokio::test]
async fn every_answer_to_the_application_names_the_issuer_of_the_document() {
    let app = TestApp::new().await;
    let document = metadata(&app, "production").await;
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    let issuer = document["issuer"].as_str();
    let mut amara = signed_in(&app, AMARA).await;
    let mut ben = signed_in(&app, BEN).await;
    let mut nobody = app.browser();
    let answers = [
        amara.get(&authorize_path("console", &[])).await,
        amara.get(&authorize_path("console", &[("state", "")])).await,
        amara.get(&authorize_path("console", &[("scope", "")])).await,
        amara.get(&authorize_path("console", &[("response_type", "token")])).await,
        amara.get(&authorize_path("console", &[("request", "e30.e30.")])).await,
        amara.get(&format!("{}&state=again", authorize_path("console", &[]))).await,
        ben.get(&authorize_path("console", &[])).await,
        nobody.get(&authorize_path("console", &[("prompt", "none")])).await,
    ];
    for answer in &answers {
        assert_eq!(answered(answer, "iss").as_deref(), issuer);
    }
    let errors = answers.iter().filter(|answer| answered(answer, "error").is_some()).count();
    assert_eq!((errors, answers.len()), (6, 8));
}
