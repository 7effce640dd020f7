//! Troubles on the way: nobody there, silence, broken connections, redirects, answers without end.

use std::time::Duration;

use axum::body::Body;
use futures::stream;
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::super::{AdaError, Client, Next, Outgoing, Sender, Tenant, Timing};
use super::fake::Fake;
use super::{KEY, client_at};

async fn write(client: &Client) -> AdaError {
    let sender = Sender { display_name: "Priya".into(), avatar: None };
    let text = Outgoing::Text { body: "Hi".into() };
    client.create_message(&"c".into(), &sender, &text).await.expect_err("trouble")
}

async fn read(client: &Client) -> AdaError {
    client.get_conversation(&"c".into()).await.expect_err("trouble")
}

fn hasty_client(listener: &TcpListener) -> Client {
    let base_url = Url::parse(&base(listener)).expect("address");
    let timing = Timing { connect: Duration::from_secs(5), total: Duration::from_millis(500), upload: Duration::from_millis(500) };
    Client::with_timing(Tenant { base_url, api_key: SecretString::from(KEY) }, timing).expect("client")
}

fn base(listener: &TcpListener) -> String {
    format!("http://{}/api", listener.local_addr().expect("address"))
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("port")
}

/// Takes a connection and reads the whole of a small request from it.
async fn take_request(listener: &TcpListener) -> (TcpStream, String) {
    let (mut socket, _) = listener.accept().await.expect("connection");
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = socket.read(&mut piece).await.expect("request");
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| head.starts_with("GET") || body.ends_with("}}"));
        if whole || length == 0 {
            return (socket, text);
        }
    }
}

#[tokio::test]
async fn nobody_there_means_surely_not_done() {
    let listener = listen().await;
    let client = client_at(&base(&listener));
    drop(listener);
    let error = write(&client).await;
    assert!(matches!(&error, AdaError::Retry { ambiguous: false, reason, .. } if reason.contains("could not be reached")), "{error:?}");
    assert_eq!(error.next(), Next::Retry);
}

#[tokio::test]
async fn a_name_that_leads_nowhere_means_surely_not_done() {
    let error = write(&client_at("https://no-such-host.invalid/api")).await;
    assert!(matches!(error, AdaError::Retry { ambiguous: false, .. }), "{error:?}");
}

#[tokio::test]
async fn failed_encryption_means_surely_not_done() {
    let listener = listen().await;
    let client = client_at(&base(&listener).replace("http://", "https://"));
    let server = async {
        let (mut socket, _) = listener.accept().await.expect("connection");
        let mut hello = [0; 64];
        socket.read_exact(&mut hello).await.expect("hello");
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("answer");
        String::from_utf8_lossy(&hello).contains(KEY)
    };
    let (error, leaked) = tokio::join!(write(&client), server);
    assert!(matches!(error, AdaError::Retry { ambiguous: false, .. }), "{error:?}");
    assert!(!leaked);
}

#[tokio::test]
async fn silence_after_the_request_means_unknown() {
    let listener = listen().await;
    let client = hasty_client(&listener);
    for writes in [true, false] {
        let call = async { if writes { write(&client).await } else { read(&client).await } };
        let (error, held) = tokio::join!(call, take_request(&listener));
        assert!(held.1.contains("/v2/conversations/c/"), "{}", held.1);
        assert!(
            matches!(&error, AdaError::Retry { ambiguous, reason, running } if (*ambiguous, *running) == (writes, writes) && reason.contains("in time")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_means_unknown() {
    let listener = listen().await;
    let client = client_at(&base(&listener));
    for writes in [true, false] {
        let call = async { if writes { write(&client).await } else { read(&client).await } };
        let server = async {
            let (socket, _) = take_request(&listener).await;
            drop(socket);
        };
        let (error, ()) = tokio::join!(call, server);
        assert!(matches!(&error, AdaError::Retry { ambiguous, .. } if *ambiguous == writes), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_means_unknown_but_a_refusal_has_said_enough() {
    let listener = listen().await;
    let client = client_at(&base(&listener));
    for (status, over) in [("201 Created", false), ("422 Unprocessable", true)] {
        let server = async {
            let (mut socket, _) = take_request(&listener).await;
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 500\r\nconnection: close\r\n\r\n{{\"id\":");
            socket.write_all(head.as_bytes()).await.expect("answer");
        };
        let (error, ()) = tokio::join!(write(&client), server);
        assert_eq!((error.next() == Next::Over, error.is_ambiguous()), (over, !over), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let ada = Fake::start().await;
    for (status, writes) in [(200, false), (201, true)] {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
        ada.answer(status, &[], Body::from_stream(endless));
        let error = if writes { write(&ada.client()).await } else { read(&ada.client()).await };
        assert!(
            matches!(&error, AdaError::Unexpected { words, ambiguous } if *ambiguous == writes && words.contains("too long")),
            "{error:?}"
        );
    }
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1 << 16]));
    ada.answer(404, &[], Body::from_stream(endless));
    assert_eq!(write(&ada.client()).await.next(), Next::Over);
}

#[tokio::test]
async fn a_large_answer_within_the_limit_is_read() {
    let body = "x".repeat(9 << 20);
    let ada = Fake::answering(200, json!({"data": [{"message_id": "m", "content": {"type": "text", "body": body}}]})).await;
    let page = ada.client().list_messages(&"c".into(), None, 100).await.expect("page");
    assert_eq!(page.messages.len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let evil = Fake::start().await;
    let ada = Fake::start().await;
    for (status, unknown) in [(301, false), (302, true), (303, true), (307, false), (308, false)] {
        for target in
            [format!("http://{}/api/v2/conversations/c/messages/", evil.address), format!("{}/v2/other/", ada.base()), "/login".to_owned()]
        {
            let before = ada.seen().len();
            ada.answer(status, &[("location", &target)], "");
            let error = write(&ada.client()).await;
            assert!(
                matches!(&error, AdaError::Unexpected { words, ambiguous } if *ambiguous == unknown && words.contains("redirect")),
                "{error:?}"
            );
            assert_eq!(ada.seen().len(), before + 1);
        }
        ada.answer(status, &[("location", &format!("http://{}/", evil.address))], "");
        assert!(!read(&ada.client()).await.is_ambiguous());
    }
    assert!(evil.seen().is_empty());
}
