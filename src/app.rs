//! The shell around every page, and the table of routes.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::pages::desk::DeskPage;
use crate::pages::login::LoginPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::settings::{EventsPage, HealthPage, SettingsPage};

#[cfg(feature = "ssr")]
pub use document::shell;

/// Every page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title text="Babbage" />
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async />
                <Route path=path!("/settings/health") view=HealthPage ssr=SsrMode::Async />
                <Route path=path!("/settings/events") view=EventsPage ssr=SsrMode::Async />
                // One piece of HTML with everything in it: it reads well before, and without, any script.
                <Route path=path!("/") view=DeskPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

#[cfg(feature = "ssr")]
mod document {
    use axum::http::{HeaderValue, header};
    use leptos::nonce::use_nonce;
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;
    use leptos_meta::{HashedStylesheet, MetaTags};

    use super::App;
    use crate::server::security::content_security_policy;

    /// The document that the server sends.
    pub fn shell(options: LeptosOptions) -> impl IntoView {
        allow_own_scripts_only();
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content" />
                    <meta name="color-scheme" content="light dark" />
                    <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff" />
                    <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#1a1c21" />
                    <meta name="referrer" content="same-origin" />
                    <link id="favicon" rel="icon" type="image/svg+xml" href="/favicon.svg" />
                    <HashedStylesheet options=options.clone() id="style" />
                    <HydrationScripts options />
                    <MetaTags />
                </head>
                // Until the live channel says otherwise.
                <body data-connection="reconnecting">
                    <App />
                </body>
            </html>
        }
    }

    /// Tells the browser to run nothing but what carries this answer's nonce. There is no answer while routes are listed.
    fn allow_own_scripts_only() {
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
            return;
        };
        if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&nonce.to_string())) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}
