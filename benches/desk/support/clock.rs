//! One monotonic clock for everything that this process stamps, and when each webhook was sent and acknowledged.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// Nanoseconds since the first call; never 0.
pub fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
}

/// How many webhooks one desk can be sent in a row of the table.
const MOST: usize = 4_000_000;

/// What was sent to one desk. A webhook is known by its sequence number, which its text carries.
pub struct Stamps {
    next: AtomicUsize,
    conversation: Box<[AtomicU32]>,
    sent: Box<[AtomicU64]>,
    acknowledged: Box<[AtomicU64]>,
}

impl Stamps {
    pub fn new() -> Self {
        let zeros = || (0..MOST).map(|_| AtomicU64::new(0)).collect();
        Self {
            next: AtomicUsize::new(0),
            conversation: (0..MOST).map(|_| AtomicU32::new(0)).collect(),
            sent: zeros(),
            acknowledged: zeros(),
        }
    }

    /// A new number for a webhook of this conversation.
    pub fn take(&self, conversation: u32) -> usize {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(number < MOST, "more than {MOST} webhooks in one row");
        self.conversation[number].store(conversation, Ordering::Relaxed);
        number
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    pub fn conversation(&self, number: usize) -> u32 {
        self.conversation[number].load(Ordering::Relaxed)
    }

    /// The first time it went out counts.
    pub fn send(&self, number: usize) {
        let _ = self.sent[number].compare_exchange(0, now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    pub fn acknowledge(&self, number: usize) {
        self.acknowledged[number].store(now(), Ordering::Relaxed);
    }

    /// 0 for never.
    pub fn sent(&self, number: usize) -> u64 {
        self.sent.get(number).map_or(0, |at| at.load(Ordering::Relaxed))
    }

    /// 0 for never.
    pub fn acknowledged(&self, number: usize) -> u64 {
        self.acknowledged.get(number).map_or(0, |at| at.load(Ordering::Relaxed))
    }
}
