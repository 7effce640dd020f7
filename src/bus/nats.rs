//! The bus over NATS.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use futures::StreamExt;
use tokio::sync::mpsc;
use url::Url;

use super::{Ends, collected};

/// The subject when the address names none.
const SUBJECT: &str = "babbage";
/// How many messages may wait to be read before some are dropped, which means looking at everything.
const BACKLOG: usize = 1_024;
/// How often a silent connection is asked whether it is there; two unanswered questions end it.
const PING: Duration = Duration::from_secs(5);
const CONNECTING: Duration = Duration::from_secs(3);
/// The longest wait between two tries to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Carries wake-ups until the server stops. The connection is made again whenever it is lost.
pub(super) async fn carry(url: Url, ends: Ends) {
    let (events, mut happened) = mpsc::unbounded_channel();
    let tell = move |event| {
        // Nobody listens any more once the server stops.
        let _ = events.send(event);
        std::future::ready(())
    };
    let subject = subject(&url);
    let opened = async {
        let client =
            options().retry_on_initial_connect().event_callback(tell).connect(address(&url)?).await.map_err(|error| error.to_string())?;
        let heard = client.subscribe(format!("{subject}.wake")).await.map_err(|error| error.to_string())?;
        Ok::<_, String>((client, heard))
    };
    let (client, heard) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, "BUS_URL cannot be used: this desk is woken by looking alone");
            return;
        }
    };
    tokio::select! {
        () = ends.stop.cancelled() => {}
        () = publish(&client, &subject, &ends) => {}
        () = listen(heard, &ends) => {}
        () = follow(&client, &subject, &mut happened, &ends) => {}
    }
}

/// Sends one message from a process that is no server, and waits until it has left.
pub(super) async fn send(url: &Url, message: String) -> Result<(), String> {
    let client = options().connect(address(url)?).await.map_err(|error| error.to_string())?;
    client.publish(format!("{}.wake", subject(url)), message.into()).await.map_err(|error| error.to_string())?;
    client.flush().await.map_err(|error| error.to_string())
}

/// Sends what was collected while the last message was under way.
async fn publish(client: &Client, subject: &str, ends: &Ends) {
    let mut connected = ends.connected.subscribe();
    loop {
        // Without a connection they wait where each waits only once.
        if connected.wait_for(|connected| *connected).await.is_err() {
            return;
        }
        let wakes = ends.out.take().await;
        if !*connected.borrow() {
            ends.out.extend(wakes);
            continue;
        }
        let message = collected::message(&ends.server, &wakes);
        if let Err(error) = client.publish(format!("{subject}.wake"), message.into()).await {
            tracing::warn!(%error, "could not wake the other servers");
            ends.out.extend(wakes);
            tokio::time::sleep(LONGEST_WAIT).await;
        }
    }
}

/// Passes on what arrives. A server that hears itself hears the others.
async fn listen(mut heard: Subscriber, ends: &Ends) {
    let hello = ends.hello();
    while let Some(message) = heard.next().await {
        let Ok(text) = std::str::from_utf8(&message.payload) else { continue };
        if text == hello {
            tracing::info!("wake-ups arrive over NATS");
            ends.begins();
        } else {
            ends.hear(text);
        }
    }
}

/// What happens to the connection.
async fn follow(client: &Client, subject: &str, happened: &mut mpsc::UnboundedReceiver<Event>, ends: &Ends) {
    while let Some(event) = happened.recv().await {
        match event {
            Event::Connected => {
                if let Err(error) = client.publish(format!("{subject}.wake"), ends.hello().into()).await {
                    tracing::warn!(%error, "could not greet NATS");
                }
            }
            Event::Disconnected | Event::Closed => {
                tracing::warn!("the connection to NATS was lost: changes made at other servers show later");
                ends.breaks_off();
            }
            // Messages were dropped because they came faster than they were read.
            Event::SlowConsumer(_) => ends.begins(),
            Event::ServerError(error) => tracing::warn!(%error, "NATS reports a fault"),
            // Told with every try to connect while NATS is away.
            Event::ClientError(error) => tracing::debug!(%error, "NATS cannot be reached"),
            Event::LameDuckMode | Event::Draining => {}
        }
    }
}

fn options() -> ConnectOptions {
    ConnectOptions::new()
        .name("babbage")
        .subscription_capacity(BACKLOG)
        .ping_interval(PING)
        .connection_timeout(CONNECTING)
        .max_reconnects(None)
        .reconnect_delay_callback(|tries| {
            let doubled = Duration::from_millis(50).saturating_mul(2_u32.saturating_pow(u32::try_from(tries.min(10)).unwrap_or(10)));
            doubled.min(LONGEST_WAIT).mul_f64(rand::random_range(0.5..1.0))
        })
}

/// The server's own address: the path is ours.
fn address(url: &Url) -> Result<ServerAddr, String> {
    let mut url = url.clone();
    url.set_path("");
    ServerAddr::from_url(url).map_err(|error| error.to_string())
}

/// What the desk's subjects begin with: desks that share a NATS have paths of their own in `BUS_URL`.
fn subject(url: &Url) -> String {
    let words: Vec<_> = url.path_segments().into_iter().flatten().filter(|word| !word.is_empty()).collect();
    if words.is_empty() { SUBJECT.to_owned() } else { words.join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_the_subject_and_does_not_go_to_nats() {
        let of = |text: &str| subject(&text.parse().expect("an address"));
        assert_eq!(of("nats://nats.example:4222"), "babbage");
        assert_eq!(of("nats://nats.example/desk-one/"), "desk-one");
        assert_eq!(of("nats://nats.example/acme/desk"), "acme.desk");
        let address = address(&"nats://u:p@nats.example:4222/desk".parse().expect("an address")).expect("an address of NATS");
        assert_eq!((address.host(), address.port(), address.username()), ("nats.example", 4222, Some("u")));
    }
}
