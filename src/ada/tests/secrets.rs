//! The key is where it belongs and nowhere else.

use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::super::{Attachment, Client, Outgoing, Tenant, TenantError, Upload};
use super::fake::Fake;
use super::{KEY, client_at};

fn tenant(base: &str, key: &str) -> Tenant {
    Tenant { base_url: Url::parse(base).expect("address"), api_key: SecretString::from(key) }
}

#[tokio::test]
async fn neither_client_nor_tenant_nor_errors_show_the_key() {
    let base = "https://example.ada.support/api";
    let mut shown = vec![format!("{:?} {:#?}", tenant(base, KEY), client_at(base))];

    let ada = Fake::start().await;
    let client = ada.client();
    // Even if Ada sends it back, whole, in details, or where the text is cut.
    let cut = format!("{}{KEY}", "x".repeat(490));
    for status in [302, 400, 401, 404, 409, 429, 500] {
        for message in [format!("Invalid key: Bearer {KEY}"), cut.clone()] {
            let body = json!({"errors": [{"type": "x", "message": message, "details": [{"parameter": "$.key", "message": KEY}]}]});
            ada.answer(status, &[("location", "/elsewhere")], body.to_string());
            let error = client.end_handoff(&"c".into()).await.expect_err("refusal");
            shown.push(format!("{error} {error:?} {}", error.words()));
        }
    }
    ada.answer(200, &[], format!("garbage {KEY}"));
    shown.push(format!("{:?}", client.end_handoff(&"c".into()).await));
    drop(ada);
    shown.push(format!("{:?}", client_at("http://127.0.0.1:1/api").end_handoff(&"c".into()).await));
    for error in [Client::new(tenant("http://example.com/", KEY)), Client::new(tenant(base, &format!("{KEY} \n")))] {
        let error = error.expect_err("refused");
        shown.push(format!("{error} {error:?}"));
    }
    for text in shown {
        assert!(!text.contains(&KEY[..10]), "{text}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_a_header_is_refused() {
    for key in ["", " ", "a b", "a\r\nX-Evil: 1", "ключ"] {
        assert!(matches!(Client::new(tenant("https://example.ada.support/api", key)), Err(TenantError::Key)), "{key:?}");
    }
}

#[test]
fn what_customers_get_is_not_shown_either() {
    let attachment =
        Attachment { url: "https://s3.example/?sig=secret".into(), mime_type: "text/plain".into(), filename: "secret.txt".into() };
    let shown = format!(
        "{attachment:?} {:?} {:?} {:?}",
        attachment.clone().into_message(),
        Outgoing::Text { body: "secret".into() },
        Upload::bytes("secret.txt", "text/plain", b"secret".to_vec())
    );
    assert!(!shown.contains("secret"), "{shown}");
}
