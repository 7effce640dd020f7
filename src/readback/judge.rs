//! Which alarm about webhooks the signs call for: a pure decision.

use time::OffsetDateTime;

use super::Pace;
use crate::model::alarm::AlarmKind;
use crate::store::hearing::Signs;

/// How many missing webhooks are more than bad luck while others come.
const MORE_THAN_LUCK: i64 = 2;
/// How many refused signatures are more than somebody's trial.
const MORE_THAN_TRIAL: i32 = 2;

/// The alarm that should stand, with what to tell an administrator. The most telling one: they have one cause.
pub fn webhooks(signs: &Signs, expected_label: &str, pace: Pace) -> Option<(AlarmKind, String)> {
    let after_last_brought = |at: OffsetDateTime| signs.brought_at.is_none_or(|brought| at > brought);
    let long_ago = |at: OffsetDateTime, than: std::time::Duration| signs.now - at > than;
    let recent = |at: OffsetDateTime, kind: AlarmKind| signs.standing == Some(kind) || !long_ago(at, pace.remembered);
    let last = signs.heard_at.map_or_else(|| "None has ever come.".to_owned(), |at| format!("The last one came at {}.", clock(at)));

    let refused = signs.refused_since.zip(signs.refused_at).filter(|(since, at)| {
        signs.refused >= MORE_THAN_TRIAL && long_ago(*since, pace.refused) && recent(*at, AlarmKind::SignatureRefused)
    });
    if let Some((since, _)) = refused {
        let words = format!(
            "Webhooks have been refused since {} because their signature is not right: the Signing Secret of the endpoint at Ada is not one of \
             WEBHOOK_SECRET, or this machine's clock is wrong. Look at the endpoint's Signing Secret on Ada's webhooks page. {last}",
            clock(since)
        );
        return Some((AlarmKind::SignatureRefused, words));
    }
    if let Some(at) = signs.other_label_at.filter(|at| after_last_brought(*at) && recent(*at, AlarmKind::WrongLabel)) {
        let carried = match &signs.other_label {
            Some(label) => format!("the label \"{label}\""),
            None => "no label".to_owned(),
        };
        let words = format!(
            "Messages in open handoffs carry {carried}, and the desk expects \"{expected_label}\" (last at {}). Look at the Handoff integration \
             label in the HTTP Request block of Ada's Handoff, and at HANDOFF_INTEGRATION.",
            clock(at)
        );
        return Some((AlarmKind::WrongLabel, words));
    }
    if signs.last_missing.is_some_and(after_last_brought) {
        let words = format!(
            "No webhook brings what is written in open handoffs ({} missing). {last} Look at Ada's webhooks page: whether the endpoint is \
             enabled, whether its address is this desk's, and whether its event types or Channels leave something out.",
            signs.missing
        );
        return Some((AlarmKind::WebhooksSilent, words));
    }
    if signs.missing >= MORE_THAN_LUCK {
        let words = format!(
            "Webhooks come, but some of what is written in open handoffs does not come with them ({} missing). Look at Ada's webhooks page: \
             whether the endpoint's Channels or event types leave something out, and at its failed deliveries.",
            signs.missing
        );
        return Some((AlarmKind::WebhooksIncomplete, words));
    }
    None
}

fn clock(at: OffsetDateTime) -> String {
    let form = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC).format(form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-10-20 10:00 UTC);

    fn quiet() -> Signs {
        Signs {
            now: NOW,
            active: 3,
            heard_at: None,
            brought_at: None,
            refused_since: None,
            refused_at: None,
            refused: 0,
            other_label: None,
            other_label_at: None,
            missing: 0,
            last_missing: None,
            standing: None,
        }
    }

    fn ago(minutes: i64) -> Option<OffsetDateTime> {
        Some(NOW - Duration::minutes(minutes))
    }

    fn kind(signs: &Signs) -> Option<AlarmKind> {
        webhooks(signs, "desk", Pace::default()).map(|(kind, _)| kind)
    }

    #[test]
    fn silence_alone_is_no_sign() {
        assert_eq!(kind(&quiet()), None);
        assert_eq!(kind(&Signs { heard_at: ago(600), brought_at: ago(600), ..quiet() }), None);
    }

    #[test]
    fn a_missing_webhook_after_the_last_one_is_silence_and_two_before_it_are_holes() {
        let missing = Signs { missing: 1, last_missing: ago(2), brought_at: ago(5), heard_at: ago(5), ..quiet() };
        assert_eq!(kind(&missing), Some(AlarmKind::WebhooksSilent));
        // Something was brought since.
        assert_eq!(kind(&Signs { brought_at: ago(1), ..missing.clone() }), None);
        assert_eq!(kind(&Signs { brought_at: ago(1), missing: 2, ..missing }), Some(AlarmKind::WebhooksIncomplete));
    }

    #[test]
    fn refused_signatures_explain_the_silence_only_while_no_right_one_comes() {
        let refused = Signs { refused: 5, refused_since: ago(2), refused_at: ago(1), missing: 1, last_missing: ago(1), ..quiet() };
        assert_eq!(kind(&refused), Some(AlarmKind::SignatureRefused));
        assert_eq!(kind(&Signs { refused: 1, missing: 0, last_missing: None, ..refused.clone() }), None, "anybody can try once");
        let long_ago = Signs { refused_since: ago(90), refused_at: ago(80), missing: 0, last_missing: None, ..refused };
        assert_eq!(kind(&long_ago), None);
        assert_eq!(kind(&Signs { standing: Some(AlarmKind::SignatureRefused), ..long_ago }), Some(AlarmKind::SignatureRefused));
    }

    #[test]
    fn another_label_counts_until_the_right_one_comes() {
        let label = Signs { other_label: Some("desk ".to_owned()), other_label_at: ago(1), heard_at: ago(1), ..quiet() };
        let (kind_of, words) = webhooks(&label, "desk", Pace::default()).expect("an alarm");
        assert_eq!(kind_of, AlarmKind::WrongLabel);
        assert!(words.contains("\"desk \"") && words.contains("\"desk\""), "{words}");
        assert_eq!(kind(&Signs { brought_at: ago(0), ..label }), None);
    }
}
