//! A page's live channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use babbage::live::frames::{FromBrowser, FromServer};
use babbage::model::change::OpenHandoff;
use babbage::model::ids::{HandoffId, PersonId};
use babbage::ui::backoff::Backoff;
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Browser, PATIENCE, Page};

/// An open channel with the page behind it.
pub struct BrowserSocket {
    page: Arc<watch::Sender<Page>>,
    out: mpsc::UnboundedSender<Message>,
}

impl BrowserSocket {
    /// Opens it as a page of the desk does, and asks for the lists.
    pub async fn open(browser: &Browser) -> Self {
        let socket = connect(&browser.base, browser.cookie().as_deref(), Some(&browser.origin)).await.expect("the live channel opens");
        let opened = Self::over(socket, browser.me.id);
        opened.say(&FromBrowser::Desk);
        opened.until("the lists", |page| page.desks > 0).await;
        opened
    }

    /// The same as a page does it that lost its server: again and again, each at moments of its own.
    pub async fn open_with_patience(browser: &Browser) -> Self {
        let started = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            tokio::time::sleep(Duration::from_millis(backoff.next(rand::random()).into())).await;
            if let Ok(socket) = connect(&browser.base, browser.cookie().as_deref(), Some(&browser.origin)).await {
                let opened = Self::over(socket, browser.me.id);
                opened.say(&FromBrowser::Desk);
                opened.until("the lists", |page| page.desks > 0 || page.closed).await;
                if !opened.look(|page| page.closed) {
                    return opened;
                }
            }
            assert!(started.elapsed() < PATIENCE, "the live channel does not open");
        }
    }

    fn over(socket: WebSocketStream<MaybeTlsStream<TcpStream>>, me: PersonId) -> Self {
        let page = Arc::new(watch::Sender::new(Page::default()));
        let (out, mut outgoing) = mpsc::unbounded_channel();
        let (mut write, mut read) = socket.split();
        tokio::spawn(async move {
            while let Some(frame) = outgoing.recv().await {
                if write.send(frame).await.is_err() {
                    return;
                }
            }
        });
        let heard = page.clone();
        tokio::spawn(async move {
            while let Some(Ok(frame)) = read.next().await {
                if let Message::Text(text) = frame {
                    let frame: FromServer = serde_json::from_str(&text).expect("a frame that a browser can read");
                    heard.send_modify(|page| page.hear(frame, me));
                }
            }
            heard.send_modify(|page| page.closed = true);
        });
        Self { page, out }
    }

    pub fn say(&self, frame: &FromBrowser) {
        self.send(Message::text(serde_json::to_string(frame).expect("a frame")));
    }

    /// Whatever frame.
    pub fn send(&self, frame: Message) {
        // A channel that is closed shows in the page.
        let _ = self.out.send(frame);
    }

    /// Loads a handoff and watches it from there, as a page does.
    pub async fn watch(&self, browser: &Browser, handoff: HandoffId) {
        let snapshot = browser.load(handoff).await.expect("the handoff");
        self.show(snapshot.into());
    }

    /// Watches a handoff from what the page has of it.
    pub fn show(&self, open: OpenHandoff) {
        let (handoff, after) = (open.detail.summary.id, open.number);
        self.page.send_modify(|page| {
            page.open = Some(open);
            page.watching = None;
        });
        self.say(&FromBrowser::Watch { handoff, after });
    }

    /// Waits until the page looks right.
    pub async fn until(&self, what: &str, look: impl Fn(&Page) -> bool) {
        let mut page = self.page.subscribe();
        let waited = tokio::time::timeout(PATIENCE, page.wait_for(|page| look(page))).await.is_ok();
        assert!(waited, "waited for: {what}; the page shows {:#?}", *self.page.borrow());
    }

    /// Something of the page as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&Page) -> T) -> T {
        look(&self.page.borrow())
    }

    /// What the page built from changes is what a page that is loaded now would show, once nothing is on its way any more: a change
    /// may tell of a value that is newer than its number.
    pub async fn must_equal_fresh(&self, browser: &Browser, handoff: HandoffId) {
        let started = Instant::now();
        loop {
            let fresh = OpenHandoff::from(browser.load(handoff).await.expect("the handoff"));
            let mut lists = browser.desk().await.handoffs;
            lists.sort_by_key(|entry| (entry.handed_off_at, entry.id));
            let (shown, listed, gaps) = self.look(|page| (page.open.clone().expect("an open handoff"), page.list.clone(), page.gaps));
            assert_eq!(gaps, 0, "a change was skipped");
            // What depends on messages stands in the lists, which have frames of their own.
            let mut detail = shown.detail;
            detail.summary = fresh.detail.summary.clone();
            let same = shown.number == fresh.number && shown.timeline == fresh.timeline && detail == fresh.detail && listed == lists;
            if same {
                return;
            }
            if started.elapsed() > PATIENCE {
                assert_eq!(shown.number, fresh.number, "the number");
                assert_eq!(shown.timeline, fresh.timeline, "the transcript");
                assert_eq!(detail, fresh.detail, "the panes");
                assert_eq!(listed, lists, "the lists");
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }
}

/// Opens a channel with whatever headers.
pub async fn connect(base: &str, cookie: Option<&str>, origin: Option<&str>) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Error> {
    let mut request = format!("{}/live", base.replacen("http", "ws", 1)).into_client_request()?;
    for (name, value) in [("cookie", cookie), ("origin", origin)] {
        if let Some(value) = value {
            request.headers_mut().insert(name, value.parse().expect("a header"));
        }
    }
    connect_async(request).await.map(|(socket, _)| socket)
}
