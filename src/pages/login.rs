//! Signing in.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::session::SignIn;
use crate::model::problem::Problem;
use crate::ui::browser;
use crate::ui::icon::{self, Icon};

/// The front door. A plain form, so that it opens before the page has come alive.
#[component]
pub fn LoginPage() -> impl IntoView {
    let sign_in = ServerAction::<SignIn>::new();
    let problem = Memo::new(move |_| sign_in.value().get().and_then(Result::err).map(|problem| words(&problem)));
    Effect::new(move |_| {
        if problem.get().is_some() {
            browser::focus("password");
        }
    });
    view! {
        <Title text="Sign in · Babbage" />
        <main class="door">
            <div class="door-card">
                <span class="brand-mark" aria-hidden="true">
                    "B"
                </span>
                <h1>"Babbage"</h1>
                <p class="door-lead">"Sign in to your desk."</p>
                <ActionForm action=sign_in>
                    <div class="fields">
                        <div class="field">
                            <label for="email">"Email"</label>
                            <input id="email" name="email" type="email" autocomplete="username" required autofocus />
                        </div>
                        <div class="field">
                            <label for="password">"Password"</label>
                            <input
                                id="password"
                                name="password"
                                type="password"
                                autocomplete="current-password"
                                required
                                aria-describedby="sign-in-problem"
                                aria-invalid=move || problem.get().is_some().then_some("true")
                            />
                        </div>
                        <div id="sign-in-problem" role="alert">
                            {move || {
                                problem
                                    .get()
                                    .map(|words| {
                                        view! {
                                            <p class="problem">
                                                <Icon path=icon::WARNING />
                                                <span>{words}</span>
                                            </p>
                                        }
                                    })
                            }}
                        </div>
                        <button class="button primary wide" type="submit" aria-busy=move || sign_in.pending().get().then_some("true")>
                            "Sign in"
                        </button>
                    </div>
                </ActionForm>
            </div>
            <p class="door-foot">"Forgot your password? An administrator can set a new one."</p>
        </main>
    }
    .into_any()
}

/// What went wrong, for somebody who is not signed in yet.
fn words(problem: &Problem) -> String {
    match problem {
        Problem::SignedOut | Problem::Forbidden | Problem::NotFound => "Email or password is wrong.".to_owned(),
        other => other.to_string(),
    }
}
