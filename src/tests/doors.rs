//! Who gets a live channel, and when it closes.

use babbage::bus::Wake;
use babbage::live::frames::Bye;
use babbage::store;
use tokio_tungstenite::tungstenite::Error;

use super::support::{PASSWORD, Page, TestDesk, connect};

/// The status that refused a channel.
async fn refused(desk: &TestDesk, cookie: Option<&str>, origin: Option<&str>) -> u16 {
    match connect(&desk.url(""), cookie, origin).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the channel opened for {cookie:?} from {origin:?}"),
    }
}

#[tokio::test]
async fn nobody_gets_a_channel_without_a_session() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let origin = Some(desk.origin.as_str());
    let cookie = ana.cookie().expect("a cookie");
    let (name, value) = cookie.split_once('=').expect("a cookie");
    let mut turned: Vec<char> = value.chars().collect();
    turned.rotate_left(1);
    for wrong in [
        None,
        Some(String::new()),
        Some(format!("{name}=")),
        Some(format!("{name}={}", turned.iter().collect::<String>())),
        Some(format!("other={value}")),
    ] {
        assert_eq!(refused(&desk, wrong.as_deref(), origin).await, 401, "{wrong:?}");
    }
    ana.sign_out().await;
    assert_eq!(refused(&desk, Some(&cookie), origin).await, 401, "after signing out");
}

#[tokio::test]
async fn nobody_gets_a_channel_from_another_site() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let cookie = ana.cookie();
    for origin in [
        None,
        Some("null"),
        Some(""),
        Some("http://evil.test"),
        Some("http://desk.test.evil.test"),
        Some("http://evil-desk.test"),
        Some("http://desk.test:81"),
        Some("https://desk.test"),
        Some("http://desk.test/"),
        Some("HTTP://DESK.TEST"),
    ] {
        assert_eq!(refused(&desk, cookie.as_deref(), origin).await, 403, "{origin:?}");
    }
    assert!(connect(&desk.url(""), cookie.as_deref(), Some("http://desk.test")).await.is_ok());
}

fn is_over(page: &Page) -> bool {
    page.closed && page.bye == Some(Bye::SessionEnded)
}

#[tokio::test]
async fn signing_out_closes_the_channels_of_that_session_on_every_server() {
    let desk = TestDesk::start().await;
    let elsewhere = desk.another_server().await;
    let ana = desk.agent("Ana").await;
    let at_home = desk.browser_of(ana.me.clone()).await;
    let mut there = desk.browser_of(ana.me.clone()).await;
    there.base = elsewhere.url("");
    let (here, home, other) = (ana.open_socket().await, at_home.open_socket().await, there.open_socket().await);
    ana.sign_out().await;
    here.until("it closes", is_over).await;
    let handoff = desk.hand_off("c1").await;
    home.until("another session goes on", |page| page.listed(handoff).is_some()).await;
    other.until("another session goes on at the other server", |page| page.listed(handoff).is_some()).await;
    // The same session, at the other server.
    let mut same_session = desk.browser_of(ana.me.clone()).await;
    let first = same_session.base.clone();
    same_session.base = elsewhere.url("");
    let socket = same_session.open_socket().await;
    same_session.base = first;
    same_session.sign_out().await;
    socket.until("it closes at the other server", is_over).await;
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once() {
    let desk = TestDesk::start().await;
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let (of_ana, of_ben) = (ana.open_socket().await, ben.open_socket().await);
    let id = store::people::disable(&desk.pool, "ANA@desk.test").await.expect("disabled");
    desk.state.bus.wake(Wake::Person(id));
    of_ana.until("it closes", is_over).await;
    let answer = ana.request("/api/load_desk").json(&serde_json::json!({})).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    assert!(!ana.sign_in(PASSWORD).await.status().is_success());
    let handoff = desk.hand_off("c1").await;
    of_ben.until("nobody else is disturbed", |page| page.listed(handoff).is_some()).await;
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    let hash = babbage::people::password::hash(&"another lantern over water".into()).await.expect("a hash");
    let id = store::people::reset_password(&desk.pool, &ana.me.email, secrecy::ExposeSecret::expose_secret(&hash)).await.expect("reset");
    desk.state.bus.wake(Wake::Person(id));
    socket.until("it closes", is_over).await;
    let answer = ana.request("/api/load_desk").json(&serde_json::json!({})).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    assert!(!ana.sign_in(PASSWORD).await.status().is_success());
    assert!(ana.sign_in("another lantern over water").await.status().is_success());
}
