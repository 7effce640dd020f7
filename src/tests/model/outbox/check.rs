//! What must hold after every step.

use babbage::model::change::OpenHandoff;
use babbage::model::handoff::HandoffState;
use babbage::model::message::{Content, Message, MessageState};
use babbage::store::{changes, snapshot};

use super::Step;
use super::play::Play;

impl Play<'_> {
    /// Looks at everything that everybody could see.
    pub async fn check(&mut self, step: &Step) {
        let pool = self.pool();
        let open = sqlx::query_scalar::<_, i64>(
            "select count(*) from handoffs join conversations using (conversation_id) where ada_conversation_id = $1 and state <> 'ended'",
        );
        let open = open.bind(self.conversation.as_str()).fetch_one(pool).await.expect("counted");
        assert_eq!(open, i64::from(self.handoffs.last().is_some_and(|last| !last.ended)), "{step:?}: open handoffs");
        let latest = self.handoffs.last().map(|last| last.id);
        for known in &mut self.handoffs {
            let now = snapshot::handoff(pool, known.id).await.expect("readable");
            let summary = &now.detail.summary;
            assert_eq!(summary.state == HandoffState::Ended, known.ended, "{step:?}: over is over, and nothing else is");
            assert_eq!(summary.owner.as_ref().map(|owner| owner.id), known.owner, "{step:?}: one owner");
            // A page that follows the changes shows what a page shows that is loaded now.
            let mut page = known.page.take().unwrap_or_else(|| OpenHandoff::from(now.clone()));
            for (change, expected) in
                changes::after(pool, known.id, page.number, 1_000).await.expect("changes").into_iter().zip(page.number + 1..)
            {
                assert_eq!(change.number, expected, "{step:?}: numbers without a hole");
                page.apply(change);
            }
            assert_eq!(page.number, now.number, "{step:?}: the last number is the head");
            // What is said later is told under the later handoff.
            let is_latest = latest == Some(known.id);
            assert!(
                !is_latest || page.timeline.messages() == now.messages,
                "{step:?}: a page shows {:#?}, the store {:#?}",
                page.timeline,
                now.messages
            );
            known.page = Some(page);
        }
        let Some(last) = self.handoffs.last() else { return };
        let messages = snapshot::handoff(pool, last.id).await.expect("readable").messages;
        self.check_replies(step, &messages);
    }

    fn check_replies(&self, step: &Step, messages: &[Message]) {
        for written in &self.replies {
            let shown = messages.iter().find(|message| message.id == written.id);
            let text = Content::Text { body: written.text.clone() };
            assert_eq!(shown.map(|shown| &shown.content), (!written.discarded).then_some(&text), "{step:?}: what was written stays");
        }
        for text in ["ok", "one moment", "thanks"] {
            let of_text = self.replies.iter().filter(|written| written.text == text);
            let asked = of_text.clone().count() + self.decisions.iter().filter(|decided| *decided == text).count();
            let copies = self.ada.copies(text);
            assert!(copies <= asked, "{step:?}: the customer got {text:?} {copies} times, asked for {asked} times");
            let states =
                of_text.filter_map(|written| messages.iter().find(|message| message.id == written.id)).map(|message| message.state);
            let sent = states.filter(|state| *state == MessageState::Sent).count();
            assert!(sent <= copies, "{step:?}: {sent} are called sent, the customer got {copies}");
        }
        assert!(self.arrived.is_sorted(), "{step:?}: arrived in the order {:?}", self.arrived);
    }
}
