//! Connections that do not behave: they are cut off, and cost nobody else anything.

use std::net::SocketAddr;
use std::time::Duration;

use babbage::live::frames::{FromBrowser, FromServer};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::support::{Browser, PATIENCE, TestDesk, event};

/// A channel over a connection whose receiving buffer is tiny.
async fn narrow(desk: &TestDesk, browser: &Browser) -> WebSocketStream<TcpStream> {
    let mut request = format!("ws://{}/live", desk.address).into_client_request().expect("a request");
    request.headers_mut().insert("cookie", browser.cookie().expect("a cookie").parse().expect("a header"));
    request.headers_mut().insert("origin", browser.origin.parse().expect("a header"));
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let stream = socket.connect(desk.address).await.expect("it connects");
    client_async(request, stream).await.expect("the live channel opens").0
}

async fn say(socket: &mut WebSocketStream<TcpStream>, frame: &FromBrowser) {
    socket.send(Frame::text(serde_json::to_string(frame).expect("a frame"))).await.expect("said");
}

/// Only its first bytes: the rest is written by hand.
async fn raw(desk: &TestDesk, browser: &Browser) -> TcpStream {
    let address: SocketAddr = desk.address;
    let mut stream = TcpStream::connect(address).await.expect("it connects");
    let request = format!(
        "GET /live HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: {}\r\ncookie: {}\r\n\r\n",
        browser.origin,
        browser.cookie().expect("a cookie")
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// Bytes that the server's kernel keeps for one of our connections, as `/proc/net/tcp` has it.
fn unread(server: SocketAddr, ours: SocketAddr) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let (server, ours) = (format!(":{:04X}", server.port()), format!(":{:04X}", ours.port()));
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut ends = lines.filter(|words| words.len() > 4 && words[1].ends_with(&server) && words[2].ends_with(&ours));
    let queues = ends.next().expect("the connection is there")[4];
    u64::from_str_radix(queues.split(':').next().expect("a queue"), 16).expect("a number")
}

/// Reads until the server has closed.
async fn until_closed(mut stream: TcpStream) {
    let mut answer = Vec::new();
    // A reset is a way to close, too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
}

#[tokio::test]
async fn who_does_not_read_holds_nobody_up_and_misses_nothing() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let after = ana.load(handoff).await.expect("readable").number;
    let mut stalled = narrow(&desk, &ana).await;
    say(&mut stalled, &FromBrowser::Desk).await;
    say(&mut stalled, &FromBrowser::Watch { handoff, after }).await;
    let good = ana.open_socket().await;
    good.watch(&ana, handoff).await;
    // Far more than all the buffers on the way take.
    let body = "x".repeat(64 * 1024);
    for number in 0..200 {
        desk.tell(&event::message("c1", &format!("m{number}"), &body)).await;
    }
    good.until("the other page has all", |page| page.texts().len() == 200).await;
    assert_eq!(good.look(|page| page.gaps), 0);
    let waiting = unread(desk.address, stalled.get_ref().local_addr().expect("an address"));
    assert!((1..=256 * 1024).contains(&waiting), "{waiting} bytes wait in the server's kernel");
    // Then it reads: every change is there, in order, without a hole.
    let head = ana.load(handoff).await.expect("readable").number;
    let mut next = after + 1;
    while next <= head {
        let frame = tokio::time::timeout(PATIENCE, stalled.next()).await.expect("a frame").expect("it is open").expect("a good frame");
        let Frame::Text(text) = frame else { continue };
        if let FromServer::Change { numbered } = serde_json::from_str(&text).expect("a frame that a browser can read") {
            assert_eq!(numbered.number, next);
            next += 1;
        }
    }
}

#[tokio::test]
async fn frames_that_no_browser_sends_close_the_channel() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let good = ana.open_socket().await;
    // A frame that says it has 64 MiB: closed on its word, before anything is set aside for it.
    let mut stream = raw(&desk, &ana).await;
    let mut frame = vec![0x81, 0xFF];
    frame.extend((64_u64 * 1024 * 1024).to_be_bytes());
    frame.extend([0; 4]);
    stream.write_all(&frame).await.expect("written");
    until_closed(stream).await;
    // Fragments that together are too long.
    let mut stream = raw(&desk, &ana).await;
    let mut fragment = vec![0x01, 0xFE];
    fragment.extend(8_192_u16.to_be_bytes());
    fragment.extend([0; 4]);
    fragment.extend([b'x'; 8_192]);
    for _ in 0..4 {
        if stream.write_all(&fragment).await.is_err() {
            break;
        }
        fragment[0] = 0x00;
    }
    until_closed(stream).await;
    // Not masked, as only servers may.
    let mut stream = raw(&desk, &ana).await;
    stream.write_all(&[0x81, 0x01, b'x']).await.expect("written");
    until_closed(stream).await;
    let handoff = desk.hand_off("c1").await;
    good.until("the other channel lives", |page| page.listed(handoff).is_some()).await;
}

#[tokio::test]
async fn a_flood_of_pings_or_words_is_cut_off() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let good = ana.open_socket().await;
    let heartbeat = serde_json::to_string(&FromBrowser::Heartbeat).expect("a frame");
    for frame in [Frame::Ping(vec![0; 100].into()), Frame::text(heartbeat)] {
        let flood = ana.open_socket().await;
        for _ in 0..2_000 {
            flood.send(frame.clone());
        }
        flood.until("it is closed", |page| page.closed).await;
    }
    // A person who clicks fast is no flood.
    for _ in 0..20 {
        good.say(&FromBrowser::Heartbeat);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let handoff = desk.hand_off("c1").await;
    good.until("the other channel lives", |page| page.listed(handoff).is_some()).await;
    assert!(good.look(|page| !page.closed));
}
