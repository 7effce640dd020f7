//! Facts to read: how it ended, who the customer is, what the trigger sent, where it came from.

use leptos::prelude::*;

use crate::model::context::ContextEntry;
use crate::model::handoff::{EndUser, HandoffState, ReadState};
use crate::pages::desk::conversation::Opened;
use crate::ui::linked::Linked;
use crate::ui::when::When;
use crate::ui::words;

/// A name and what stands for it.
#[component]
fn Fact(#[prop(into)] name: String, children: Children) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
    .into_any()
}

fn entries(entries: Vec<ContextEntry>) -> impl IntoView {
    entries
        .into_iter()
        .map(|entry| {
            view! {
                <Fact name=entry.name>
                    <Linked text=entry.value />
                </Fact>
            }
        })
        .collect_view()
}

/// What came of it, once somebody has asked for the end.
#[component]
pub fn Ending() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let asked = opened.part(|detail| {
        let over = matches!(detail.summary.state, HandoffState::Ending | HandoffState::Ended);
        over.then(|| (detail.outcome.clone(), detail.note.clone(), detail.end_problem.clone()))
    });
    view! {
        {move || {
            asked
                .get()
                .map(|(outcome, note, problem)| {
                    view! {
                        <section class="facts">
                            <h3>"Result"</h3>
                            <dl>
                                <Fact name="Outcome">{outcome.unwrap_or_else(|| "none given".to_owned())}</Fact>
                                {note.map(|note| view! { <Fact name="Note"><span class="said">{note}</span></Fact> })}
                                {problem.map(|problem| view! { <Fact name="Problem"><span class="bad-text">{problem}</span></Fact> })}
                            </dl>
                        </section>
                    }
                })
        }}
    }
    .into_any()
}

/// The customer, as Ada and the trigger know them.
#[component]
pub fn Customer() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let user = opened.part(|detail| detail.end_user.clone());
    let read = opened.part(|detail| detail.end_user_read.clone());
    view! {
        <section class="facts">
            <h3>"End user"</h3>
            {move || about(user.get())}
            {move || match read.get() {
                ReadState::Complete => ().into_any(),
                ReadState::NotAsked => view! { <p class="facts-about">"More is read from Ada when somebody accepts."</p> }.into_any(),
                ReadState::Loading => view! { <p class="facts-about loading">"Reading from Ada…"</p> }.into_any(),
                ReadState::Failed { reason } => view! { <p class="facts-about bad-text">"Could not be read from Ada. " {reason}</p> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

fn about(user: EndUser) -> impl IntoView {
    let known = [("Name", user.name), ("Email", user.email), ("Language", user.language)];
    let id = user.id;
    let nothing = known.iter().all(|(_, value)| value.is_none()) && id.is_none() && user.metavariables.is_empty();
    let unverified = (!user.metavariables.is_empty()).then_some(());
    view! {
        {nothing.then(|| view! { <p class="facts-about">"Nothing is known about this customer."</p> })}
        {(!nothing)
            .then(|| {
                view! {
                    <dl>
                        {known
                            .into_iter()
                            .filter_map(|(name, value)| Some((name, value?)))
                            .map(|(name, value)| view! { <Fact name=name>{value}</Fact> })
                            .collect_view()}
                        {id
                            .map(|id| {
                                view! {
                                    <Fact name="Id">
                                        <span class="mono">{id.0}</span>
                                    </Fact>
                                }
                            })}
                        {entries(user.metavariables)}
                    </dl>
                }
            })}
        {unverified.map(|()| view! { <p class="facts-about">"Set in the customer’s browser: do not take any of it for proof of who they are."</p> })}
    }
    .into_any()
}

/// What the trigger sent.
#[component]
pub fn Trigger() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let context = opened.part(|detail| detail.context.clone());
    view! {
        <section class="facts">
            <h3>"From the trigger"</h3>
            {move || {
                let context = context.get();
                if context.is_empty() {
                    view! { <p class="facts-about">"The AI agent sent nothing beside the conversation."</p> }.into_any()
                } else {
                    view! { <dl>{entries(context)}</dl> }.into_any()
                }
            }}
        </section>
    }
    .into_any()
}

/// Where the handoff came from, and when.
#[component]
pub fn AiAgent() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let facts = opened.part(|detail| {
        (
            detail.summary.ai_agent.clone(),
            detail.ai_agent_domain.clone(),
            detail.channel.clone(),
            detail.conversation.clone(),
            detail.summary.handed_off_at,
            detail.summary.accepted_at,
            detail.earlier_handoffs,
        )
    });
    view! {
        <section class="facts">
            <h3>"Handoff"</h3>
            {move || {
                let (agent, domain, channel, conversation, handed_off_at, accepted_at, earlier) = facts.get();
                view! {
                    <dl>
                        <Fact name="AI agent">{agent}</Fact>
                        <Fact name="Domain">{domain}</Fact>
                        {channel.map(|channel| view! { <Fact name="Channel">{channel}</Fact> })}
                        <Fact name="Handed off">
                            <When at=handed_off_at />
                        </Fact>
                        {accepted_at
                            .map(|at| {
                                view! {
                                    <Fact name="Accepted">
                                        <When at />
                                        {format!(", after {}", words::length(at - handed_off_at))}
                                    </Fact>
                                }
                            })}
                        <Fact name="Earlier handoffs">{earlier.to_string()}</Fact>
                        <Fact name="Conversation">
                            <span class="mono">{conversation.0}</span>
                        </Fact>
                    </dl>
                }
            }}
        </section>
    }
    .into_any()
}
