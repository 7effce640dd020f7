//! What stands above the transcript when something about the whole handoff must be known.

use leptos::prelude::*;

use super::Opened;
use crate::model::handoff::{EndCause, Ended, HandoffState};
use crate::model::ids::PersonId;
use crate::pages::desk::actions;
use crate::pages::desk::state::Desk;
use crate::ui::when::When;

/// Waiting, ending, ended, or with somebody else: in words.
#[component]
pub fn Banner() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let facts = opened.part(|detail| {
        let summary = &detail.summary;
        (summary.state, summary.owner.clone(), summary.ended.clone(), detail.end_problem.clone())
    });
    view! {
        <div class="banners" role="status">
            {move || {
                let (state, owner, ended, problem) = facts.get();
                let me = desk.me.with(|me| me.id);
                let elsewhere = owner.filter(|owner| owner.id != me);
                match (state, ended) {
                    (HandoffState::Waiting, _) => {
                        view! { <p class="banner">"Nobody has accepted this handoff yet. You are looking at it; the customer does not know."</p> }.into_any()
                    }
                    (HandoffState::Active, _) => match (elsewhere, problem) {
                        (Some(owner), _) => view! { <p class="banner">{owner.name} " looks after this conversation. You can read along."</p> }.into_any(),
                        (None, Some(problem)) => view! { <p class="banner bad">"The handoff did not end. " {problem}</p> }.into_any(),
                        (None, None) => ().into_any(),
                    },
                    (HandoffState::Ending, _) => {
                        let busy = problem.is_none();
                        view! {
                            <p class="banner" class:loading=busy>
                                "Ending… What is not sent yet leaves first."
                                {problem.map(|problem| view! { <span class="banner-problem">" " {problem}</span> })}
                            </p>
                        }
                            .into_any()
                    }
                    (HandoffState::Ended, Some(ended)) => {
                        let at = ended.at;
                        let detail = ended.detail.clone();
                        view! {
                            <p class="banner over">
                                <b>{end_words(&ended, me)}</b>
                                {detail.map(|detail| format!(" Ada says: {detail}."))}
                                " "
                                <When at />
                            </p>
                        }
                            .into_any()
                    }
                    (HandoffState::Ended, None) => view! { <p class="banner over"><b>"The handoff has ended."</b></p> }.into_any(),
                }
            }}
        </div>
        <Reading />
    }
    .into_any()
}

/// Who ended a handoff and why, as far as it is known.
fn end_words(ended: &Ended, me: PersonId) -> String {
    let who = match &ended.by {
        Some(person) if person.id == me => "You".to_owned(),
        Some(person) => person.name.clone(),
        None => "Somebody of this desk".to_owned(),
    };
    match ended.cause {
        EndCause::ReturnedToAi => format!("{who} returned it to the AI agent."),
        EndCause::ConversationEnded => format!("{who} ended the conversation."),
        EndCause::EndUser => "The customer ended the conversation.".to_owned(),
        EndCause::AdaSystem => "Ada ended the conversation by itself, after a time-out for example.".to_owned(),
        EndCause::HumanAgentElsewhere => "A person ended it at Ada, outside this desk.".to_owned(),
        EndCause::EndedAtAda => "The handoff was ended on the customer's side (Ada does not say by whom).".to_owned(),
        EndCause::FoundOver => "The handoff was over already when the desk next spoke to Ada.".to_owned(),
    }
}

/// Where reading the transcript stands.
#[component]
fn Reading() -> impl IntoView {
    use crate::model::handoff::ReadState;

    let opened = expect_context::<Opened>();
    let read = opened.part(|detail| detail.transcript_read.clone());
    view! {
        {move || match read.get() {
            ReadState::Complete => ().into_any(),
            // Without any message, the transcript itself says so.
            ReadState::NotAsked if opened.lines.with(|lines| lines.open.is_empty()) => ().into_any(),
            ReadState::NotAsked => {
                view! { <p class="banner quiet">"What was said before is read from Ada when somebody accepts."</p> }.into_any()
            }
            ReadState::Loading => view! { <p class="banner quiet loading">"Reading from Ada what was said before…"</p> }.into_any(),
            ReadState::Failed { reason } => {
                view! {
                    <div class="banner warn">
                        <span>"What was said before could not be read. " {reason}</span>
                        <ReadAgain />
                    </div>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

/// Asks for another read from Ada.
#[component]
pub fn ReadAgain() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let read = Action::new_local(move |(): &()| actions::read(opened.id, desk));
    view! {
        <Show when=move || opened.mine.get()>
            <button class="button small" aria-busy=move || read.pending().get().then_some("true") disabled=read.pending() on:click=move |_| {
                read.dispatch(());
            }>
                "Read again"
            </button>
            {move || read.value().get().and_then(Result::err).map(|problem| view! { <span role="alert">{problem.to_string()}</span> })}
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::model::person::PersonRef;

    fn ended(cause: EndCause, by: Option<PersonRef>) -> Ended {
        Ended { at: datetime!(2026-11-20 12:00 UTC), cause, by, detail: None }
    }

    #[test]
    fn the_end_is_told_with_who_and_why() {
        let me = PersonId::new();
        let mine = PersonRef { id: me, name: "Ana".into() };
        let other = PersonRef { id: PersonId::new(), name: "Bo".into() };
        assert_eq!(end_words(&ended(EndCause::ReturnedToAi, Some(mine)), me), "You returned it to the AI agent.");
        assert_eq!(end_words(&ended(EndCause::ConversationEnded, Some(other)), me), "Bo ended the conversation.");
        assert_eq!(end_words(&ended(EndCause::EndUser, None), me), "The customer ended the conversation.");
    }
}
