//! Alarms in words.

use crate::model::alarm::AlarmKind;

/// What is wrong, as the head of a notice.
pub fn title(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::WebhooksSilent => "Ada's webhooks do not arrive",
        AlarmKind::WebhooksIncomplete => "Some of Ada's webhooks do not arrive",
        AlarmKind::SignatureRefused => "Webhooks with a wrong signature are refused",
        AlarmKind::WrongLabel => "Messages carry another integration's label",
        AlarmKind::AdaUnreachable => "Ada does not answer",
        AlarmKind::AdaKeyRefused => "Ada refuses the API key",
        AlarmKind::BudgetExhausted => "Ada's rate limit is used up",
    }
}

/// What it means for the people at the desk.
pub fn effect(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::AdaUnreachable | AlarmKind::AdaKeyRefused => "Replies wait at the desk until Ada takes them.",
        AlarmKind::BudgetExhausted => "Replies and reads wait until Ada takes more.",
        _ => "The desk reads conversations from Ada meanwhile; messages may come some seconds later.",
    }
}
