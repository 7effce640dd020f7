//! The form that adds or changes one entry of metadata.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::model::metadata::{Metadata, MetadataPatch, MetadataValue, patched};
use crate::pages::desk::actions;
use crate::pages::desk::conversation::Opened;
use crate::pages::desk::state::Desk;

/// An entry while somebody edits it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editing {
    pub name: String,
    pub kind: Kind,
    pub value: String,
    /// The entry exists: its name stays.
    pub exists: bool,
}

/// The kinds of values that Ada keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    Number,
    Flag,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "number" => Self::Number,
            "flag" => Self::Flag,
            _ => Self::Text,
        }
    }
}

impl Editing {
    /// Starts from an entry.
    pub fn of(name: &str, value: &MetadataValue) -> Self {
        let kind = match value {
            MetadataValue::Flag(_) => Kind::Flag,
            MetadataValue::Number(_) => Kind::Number,
            MetadataValue::Text(_) => Kind::Text,
        };
        Self { name: name.to_owned(), kind, value: value.display(), exists: true }
    }

    /// The value as its kind has it, or what is wrong with it.
    fn value(&self) -> Result<MetadataValue, String> {
        match self.kind {
            Kind::Text => Ok(MetadataValue::Text(self.value.clone())),
            Kind::Flag => Ok(MetadataValue::Flag(self.value == "yes")),
            Kind::Number => {
                let text = self.value.trim().replace(',', ".");
                serde_json::from_str(&text).map(MetadataValue::Number).map_err(|_| "Value: this is not a number.".to_owned())
            }
        }
    }

    /// The change for Ada, if Ada would take it.
    fn patch(&self, metadata: &Metadata) -> Result<MetadataPatch, String> {
        let name = self.name.trim();
        if !self.exists && metadata.contains_key(name) {
            return Err("Name: there is an entry of this name already; change that one.".to_owned());
        }
        let patch = MetadataPatch::from([(name.to_owned(), Some(self.value()?))]);
        patched(metadata, &patch).map_err(|fault| {
            let fault = fault.to_string();
            fault[..1].to_uppercase() + &fault[1..] + "."
        })?;
        Ok(patch)
    }
}

/// Edits one entry. What was written stays until the desk has taken it.
#[component]
pub fn Editor(editing: RwSignal<Option<Editing>>, metadata: Memo<Metadata>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let (busy, set_busy) = signal(false);
    let (fault, set_fault) = signal(None::<String>);
    let now = move || editing.get().unwrap_or_default();
    let change = move |change: &dyn Fn(&mut Editing)| {
        editing.update(|editing| {
            if let Some(editing) = editing {
                change(editing);
            }
        });
    };
    let kind = Memo::new(move |_| now().kind);
    let (form, first) = (NodeRef::<html::Form>::new(), NodeRef::<html::Input>::new());
    Effect::new(move |before: Option<()>| {
        if let (None, Some(form), Some(first)) = (before, form.get(), first.get()) {
            let _ = first.focus();
            // All of it, not the focused field alone.
            form.scroll_into_view_with_bool(false);
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match editing.get_untracked().unwrap_or_default().patch(&metadata.get_untracked()) {
            Err(words) => set_fault.set(Some(words)),
            Ok(patch) => {
                set_fault.set(None);
                set_busy.set(true);
                spawn_local(async move {
                    match actions::change(opened.id, patch, desk).await {
                        Ok(()) => {
                            editing.try_set(None);
                        }
                        Err(problem) => {
                            set_fault.try_set(Some(problem.to_string()));
                        }
                    }
                    set_busy.try_set(false);
                });
            }
        }
    };
    view! {
        <form class="metadata-editor" node_ref=form on:submit=save>
            <div class="field">
                <label for="entry-name">"Name"</label>
                <input
                    id="entry-name"
                    node_ref=first
                    autocomplete="off"
                    maxlength="100"
                    readonly=move || now().exists
                    prop:value=move || now().name
                    on:input=move |event| change(&|editing| editing.name = event_target_value(&event))
                />
            </div>
            <div class="field">
                <label for="entry-kind">"Kind"</label>
                <select
                    id="entry-kind"
                    on:change=move |event| {
                        let kind = Kind::parse(&event_target_value(&event));
                        change(&|editing| {
                            editing.kind = kind;
                            if kind == Kind::Flag && editing.value != "yes" {
                                "no".clone_into(&mut editing.value);
                            }
                        });
                    }
                >
                    {[(Kind::Text, "text"), (Kind::Number, "number"), (Kind::Flag, "yes or no")]
                        .into_iter()
                        .map(|(kind, word)| view! { <option value=kind.as_str() selected=move || now().kind == kind>{word}</option> })
                        .collect_view()}
                </select>
            </div>
            <div class="field">
                <label for="entry-value">"Value"</label>
                {move || {
                    match kind.get() {
                        Kind::Flag => {
                            view! {
                                <select id="entry-value" on:change=move |event| change(&|editing| editing.value = event_target_value(&event))>
                                    <option value="no" selected=move || now().value != "yes">
                                        "no"
                                    </option>
                                    <option value="yes" selected=move || now().value == "yes">
                                        "yes"
                                    </option>
                                </select>
                            }
                                .into_any()
                        }
                        kind => {
                            view! {
                                <input
                                    id="entry-value"
                                    autocomplete="off"
                                    inputmode=if kind == Kind::Number { "decimal" } else { "text" }
                                    prop:value=move || now().value
                                    on:input=move |event| change(&|editing| editing.value = event_target_value(&event))
                                />
                            }
                                .into_any()
                        }
                    }
                }}
            </div>
            <div role="alert">{move || fault.get().map(|words| view! { <p class="problem">{words}</p> })}</div>
            <div class="metadata-editor-actions">
                <button class="button small primary" type="submit" disabled=busy aria-busy=move || busy.get().then_some("true")>
                    "Save entry"
                </button>
                <button class="button small quiet" type="button" on:click=move |_| editing.set(None)>
                    "Cancel"
                </button>
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editing(name: &str, kind: Kind, value: &str) -> Editing {
        Editing { name: name.into(), kind, value: value.into(), exists: false }
    }

    #[test]
    fn each_kind_becomes_its_own_value() {
        let value = |kind, text| editing("x", kind, text).value();
        assert_eq!(value(Kind::Text, "3"), Ok(MetadataValue::Text("3".into())));
        assert_eq!(value(Kind::Number, " 3,5 "), Ok(MetadataValue::Number(serde_json::Number::from_f64(3.5).expect("a number"))));
        assert_eq!(value(Kind::Flag, "yes"), Ok(MetadataValue::Flag(true)));
        assert!(value(Kind::Number, "three").is_err());
    }

    #[test]
    fn a_name_is_needed_and_not_taken_twice() {
        let metadata = Metadata::from([("plan".to_owned(), MetadataValue::Text("pro".into()))]);
        assert!(editing("plan", Kind::Text, "x").patch(&metadata).is_err());
        assert!(Editing { exists: true, ..editing("plan", Kind::Text, "x") }.patch(&metadata).is_ok());
        assert_eq!(editing(" ", Kind::Text, "x").patch(&metadata), Err("Name: an entry needs a name.".to_owned()));
    }
}
