//! How often, after how long, how much: every number of this part.

use std::time::Duration;

/// The numbers. The defaults suit Ada's default limits; tests shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at what is due.
    pub tick: Duration,
    /// Between two notes of what was heard, and two judgements of it.
    pub note: Duration,
    /// After this long without a beat another server takes over.
    pub lease: Duration,
    /// After this long without any server's beat, webhooks may have been refused: Svix's second attempt comes after 5 seconds, its
    /// third only after 5 minutes.
    pub outage: Duration,
    /// The same for calls to Ada that get no answer, and for raising the alarm about it.
    pub ada_outage: Duration,
    /// A webhook that has not come by then is missing.
    pub unheard: Duration,
    /// How far back a missing webhook is a sign of trouble.
    pub remembered: Duration,
    /// Refused signatures stand out after this long without a right one.
    pub refused: Duration,
    /// After this long without a webhook one conversation is looked at,
    pub quiet: Duration,
    /// and then one every so often, less often the longer nothing comes,
    pub probe: Duration,
    /// but at least this often.
    pub probe_longest: Duration,
    /// While webhooks cannot be relied on: how often a conversation is read in which something was said within two minutes,
    pub poll_busy: Duration,
    /// within ten minutes,
    pub poll_calm: Duration,
    /// and any other.
    pub poll_idle: Duration,
    /// How often Ada is asked whether a conversation of which nothing is heard still goes on,
    pub check: Duration,
    /// and how long at least between two such questions of one AI agent: they must not eat up the day's calls.
    pub check_gap: Duration,
    /// How many reads of one AI agent are owed at once. What is most urgent is decided anew whenever one is done.
    pub at_once: i64,
    /// Ada may not know a conversation that it has just handed off.
    pub too_early: Duration,
    /// How long the reading back before an end may take. The end does not wait any longer.
    pub before_end: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let (seconds, minutes) = (Duration::from_secs, |minutes: u64| Duration::from_secs(60 * minutes));
        Self {
            tick: seconds(1),
            note: seconds(3),
            lease: seconds(5),
            outage: seconds(8),
            ada_outage: seconds(20),
            unheard: seconds(60),
            remembered: minutes(15),
            refused: seconds(30),
            quiet: seconds(60),
            probe: seconds(30),
            probe_longest: minutes(5),
            poll_busy: seconds(4),
            poll_calm: seconds(15),
            poll_idle: seconds(60),
            check: minutes(10),
            check_gap: seconds(30),
            at_once: 4,
            too_early: seconds(60),
            before_end: seconds(5),
        }
    }
}
