//! The sandbox through its public door: real HTTP, real signatures.

mod api;
mod attachments;
mod faults_api;
mod faults_settings;
mod faults_trigger;
mod faults_webhooks;
mod handoff;
mod pages;
mod support;
mod webhooks;
