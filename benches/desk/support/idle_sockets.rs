//! Thousands of pages that only are there, in a process of their own, so that their descriptors and memory are not the driver's.

use std::io::Write;
use std::time::Duration;

use babbage::live::frames::{FromBrowser, HEARTBEAT};
use futures::{SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::Result;
use super::watcher::connect;

/// How many are opened at once.
const AT_ONCE: usize = 64;

/// Opens `BENCH_COUNT` of them at `BENCH_ADDRESS` with the cookies of `BENCH_COOKIES`, writes how many are open into the file
/// `BENCH_READY`, and keeps them open until it is killed.
pub async fn hold() -> Result<()> {
    let address = std::env::var("BENCH_ADDRESS")?.parse()?;
    let count: usize = std::env::var("BENCH_COUNT")?.parse()?;
    let cookies: Vec<String> = std::env::var("BENCH_COOKIES")?.lines().map(str::to_owned).collect();
    let ready = std::env::var("BENCH_READY")?;
    let mut opening = JoinSet::new();
    let mut open = 0;
    for number in 0..count {
        if opening.len() >= AT_ONCE {
            open += usize::from(opening.join_next().await.is_some_and(|opened| matches!(opened, Ok(true))));
        }
        let cookie = cookies[number % cookies.len()].clone();
        opening.spawn(async move {
            let Ok(mut socket) = connect(address, Some(&cookie), None).await else { return false };
            let Ok(desk) = serde_json::to_string(&FromBrowser::Desk) else { return false };
            if socket.send(Message::text(desk)).await.is_err() || socket.next().await.is_none_or(|frame| frame.is_err()) {
                return false;
            }
            tokio::spawn(async move {
                let mut tick = tokio::time::interval(HEARTBEAT);
                let beat = serde_json::to_string(&FromBrowser::Heartbeat).unwrap_or_default();
                loop {
                    tokio::select! {
                        frame = socket.next() => if frame.is_none_or(|frame| frame.is_err()) { return },
                        _ = tick.tick() => if socket.send(Message::text(beat.clone())).await.is_err() { return },
                    }
                }
            });
            true
        });
    }
    while let Some(opened) = opening.join_next().await {
        open += usize::from(matches!(opened, Ok(true)));
    }
    std::fs::File::create(&ready)?.write_all(format!("{open}\n").as_bytes())?;
    loop {
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
}
