//! Integration tests: the desk as a whole on a real Postgres, entered where the world enters it.
//!
//! A signed webhook or a trigger goes in over HTTP; what comes out is a frame of the live channel, the answer of a server function,
//! or a request that Ada gets. Only Ada is played ([`support::FakeAda`], over HTTP). Each test has a database of its own.

mod support;

mod ambiguous;
mod batches;
mod budget;
mod bus;
mod catch_up;
mod command_line;
mod converge;
mod doors;
mod end;
mod ended_by_ada;
mod events;
mod every_order;
mod live;
mod metadata;
mod model;
mod operators;
mod order;
mod plans;
mod reading_back;
mod reads;
mod refusals;
mod replies;
mod restart;
mod safeguards;
mod safety;
mod settings;
mod sign_in;
mod signatures;
mod silent_webhooks;
mod trigger;
mod two_servers;
mod unavailable;
mod unfriendly;
