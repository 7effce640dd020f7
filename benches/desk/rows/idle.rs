//! P7: thousands of signed-in pages that only are there.

use std::time::{Duration, Instant};

use crate::support::Result;
use crate::support::desk::Desk;
use crate::support::process::helper;
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::watcher::Watcher;

/// How many sessions the sockets share.
const SESSIONS: usize = 8;
/// Descriptors that a process needs for other things.
const SPARE: usize = 300;
/// How many sockets are opened and closed before the first look at the memory.
const WARM: usize = 50;
/// How long all of them may take to open.
const OPENING: Duration = Duration::from_secs(180);

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let count = settings.sockets;
    let limit = descriptors()?;
    if count + SPARE > limit {
        let why = format!("{count} sockets need {} open files in a process, and this shell allows {limit} (ulimit -n)", count + SPARE);
        return Ok(vec![Row::new("P7", format!("{count} idle signed-in sockets"), "≤ 10 kB each, ≤ 4 % of one core").not_measured(why)]);
    }
    let mut desk = Desk::start(settings, 1).await?;
    desk.hand_off(10).await?;
    let mut cookies = Vec::new();
    for _ in 0..SESSIONS {
        cookies.push(desk.sign_in().await?.cookie);
    }
    let address = desk.servers[0].address;
    for _ in 0..WARM {
        Watcher::open(address, &cookies[0], None, false).await?.is_live().await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = desk.servers[0].memory()?;

    let folder = tempfile::tempdir()?;
    let ready = folder.path().join("ready");
    let set = |name: &str, value: String| (name.to_owned(), value);
    let environment = vec![
        set("BENCH_COUNT", count.to_string()),
        set("BENCH_COOKIES", cookies.join("\n")),
        set("BENCH_READY", ready.display().to_string()),
    ];
    let started = Instant::now();
    let mut clients = helper("idle", address, environment, folder.path())?;
    let open: usize = loop {
        if let Some(open) = std::fs::read_to_string(&ready).ok().and_then(|text| text.trim().parse().ok()) {
            break open;
        }
        if started.elapsed() > OPENING {
            let log = std::fs::read_to_string(folder.path().join("idle.log")).unwrap_or_default();
            return Err(format!("the sockets did not open within {OPENING:?}: {log}").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let opened = started.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (cpu, looked) = (desk.servers[0].processor()?, Instant::now());
    tokio::time::sleep(settings.idle).await;
    let during = looked.elapsed().as_secs_f64();
    let share = (desk.servers[0].processor()? - cpu) / during * 100.0;
    let each = desk.servers[0].memory()?.saturating_sub(before) as f64 / count.max(1) as f64 / 1_000.0;
    let metrics = desk.http.get(format!("{}/metrics", desk.base(0))).send().await?.text().await?;
    let live = metrics.lines().find(|line| line.starts_with("babbage_") && line.contains("channels")).unwrap_or_default().to_owned();
    clients.kill().await?;
    desk.stop(settings).await?;

    let words = format!("{open} open after {:.1} s; {live}", opened.as_secs_f64());
    let mut rows = vec![
        Row::new("P7", format!("memory of each of {count} idle signed-in sockets"), "≤ 10 kB (stretch 6 kB)")
            .measured(format!("{each:.1} kB; {words}"))
            .judged(each <= 10.0),
        Row::new("P7", "processor for all of them", "≤ 4 % of one core")
            .measured(format!("{share:.2} % over {during:.0} s"))
            .judged(share <= 4.0),
    ];
    if open != count {
        rows = rows.into_iter().map(|row| row.void(format!("only {open} of {count} sockets opened"))).collect();
    }
    Ok(rows)
}

/// How many files a process of ours may have open.
fn descriptors() -> Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).ok_or("no limit of open files")?;
    Ok(line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX))
}
