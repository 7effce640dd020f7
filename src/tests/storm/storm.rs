//! One storm from its start to its verdict.

use std::sync::Arc;
use std::time::{Duration, Instant};

use babbage::model::person::{Person, Role};
use babbage::people::password;
use babbage::store;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::agents::{Agent, Phase};
use super::checker;
use super::customers::{self, Sandbox};
use super::finale;
use super::journal::Journal;
use super::plan::{Act, Plan, Spell};
use super::processes::{Postgres, Server};
use super::proxy::Proxy;
use super::report::{self, Happened};
use super::session::{PASSWORD, Session};

/// How large a storm is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub seed: u64,
    pub conversations: usize,
    pub agents: usize,
    /// The rate that the desk is told to keep to at Ada; in a minute, two thirds of it.
    pub calls_per_second: usize,
    /// How long it blows, without the start before and the calm after it.
    pub storm: Duration,
}

/// The most that a server may take to leave.
const LEAVING: Duration = Duration::from_secs(10);

/// Everything that runs.
struct World {
    folder: TempDir,
    postgres: Postgres,
    sandbox_server: Server,
    sandbox: Sandbox,
    desks: Vec<Server>,
    /// Where browsers and Ada's calls come in.
    front: Proxy,
    /// Where the desks find Ada.
    ada: Proxy,
    happened: Happened,
}

/// Runs it, prints what came of it, and fails unless nothing was lost, doubled, misordered or stuck.
pub async fn run(shape: Shape) {
    println!("storm: SEED={} with {} conversations, {} agents, {:?}", shape.seed, shape.conversations, shape.agents, shape.storm);
    let started = Instant::now();
    let mut world = World::start(shape).await;
    let journal = Arc::new(Journal::default());
    let (turn, phase) = watch::channel(Phase::Storm);
    let stop = CancellationToken::new();
    let mut people = world.add_people(shape.agents).await;
    let base = format!("http://{}", world.front.address);
    let supervisor = Session::sign_in(&base, people.remove(0), journal.clone()).await;
    let colleagues = u32::try_from(people.len()).expect("a few people");
    let mut agents = Vec::new();
    for (number, person) in people.into_iter().enumerate() {
        let session = Session::sign_in(&base, person, journal.clone()).await;
        agents.push(Agent::start(session, number, colleagues, shape.seed, phase.clone(), stop.clone()));
    }
    println!("  everything is up after {:?}", started.elapsed());

    let mut customers = JoinSet::new();
    for number in 0..shape.conversations {
        let arrives = shape.storm / 2 * u32::try_from(number).unwrap_or(0) / u32::try_from(shape.conversations).unwrap_or(1);
        customers.spawn(customers::play(world.sandbox.clone(), number, shape.seed, arrives, phase.clone()));
    }
    world.blow(Plan::new(shape.seed, shape.storm)).await;
    println!("  the storm is over after {:?}", started.elapsed());

    turn.send_replace(Phase::Finale);
    while customers.join_next().await.transpose().expect("a customer").is_some() {}
    finale::deliver_the_rest(&world.sandbox).await;
    finale::customers_speak_last(&world.sandbox).await;
    let pool = world.pool().await;
    finale::come_to_rest(&pool, &journal).await;
    finale::deliver_the_rest(&world.sandbox).await;
    turn.send_replace(Phase::Over);
    println!("  it is calm after {:?}", started.elapsed());

    let ledgers = finale::read_ledgers(&pool, &world.sandbox, &agents, &supervisor, &journal).await;
    let findings = checker::check(&ledgers);
    stop.cancel();
    pool.close().await;
    let (happened, folder) = world.end().await;
    report::print(shape.seed, &findings, &happened, &journal);
    println!("  all of it took {:?}", started.elapsed());
    let good = findings.is_clean() && happened.misdeeds.is_empty();
    if !good {
        println!("  the logs stay in {}", folder.keep().display());
    }
    assert!(good, "the storm of SEED={} broke a promise: see above", shape.seed);
    assert!(findings.acknowledged > shape.conversations, "hardly anything happened: {} were acknowledged", findings.acknowledged);
}

impl World {
    async fn start(shape: Shape) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path();
        let postgres = Postgres::start(&path.join("data")).await;
        let (front, ada) = (Proxy::start(shape.seed).await, Proxy::start(shape.seed + 1).await);
        let mut sandbox_server = Server::sandbox(path, front.address, ada.address);
        sandbox_server.start().await;
        ada.lead_to(&[sandbox_server.address]);
        let url = postgres.url();
        let (per_second, per_minute) = (shape.calls_per_second, shape.calls_per_second * 40);
        let limits = [("ADA_RATE_LIMITS", format!("{per_second}/s {per_minute}/min 1000000/day"))];
        let mut desks: Vec<_> =
            ["desk-1", "desk-2"].into_iter().map(|name| Server::desk(name, path, &url, front.address, ada.address, &limits)).collect();
        let (first, second) = desks.split_at_mut(1);
        tokio::join!(first[0].start(), second[0].start());
        let sandbox = Sandbox::at(sandbox_server.address);
        let mut world = Self { folder, postgres, sandbox_server, sandbox, desks, front, ada, happened: Happened::default() };
        world.balance();
        world
    }

    /// A supervisor, then agents.
    async fn add_people(&self, agents: usize) -> Vec<Person> {
        let pool = self.pool().await;
        let hash = password::hash(&SecretString::from(PASSWORD.to_owned())).await.expect("a hash");
        let mut people = Vec::new();
        for number in 0..=agents {
            let (email, name) = (format!("person{number}@desk.test"), format!("Person {number}"));
            let role = if number == 0 { Role::Supervisor } else { Role::Agent };
            let id = store::people::add(&pool, &email, &name, role, hash.expose_secret()).await.expect("a person");
            people.push(Person { id, name, email, role });
        }
        pool.close().await;
        people
    }

    async fn pool(&self) -> PgPool {
        store::connect::pool(self.postgres.options.clone(), 2).await.expect("Postgres answers")
    }

    /// Both tracks of the plan, then clear weather.
    async fn blow(&mut self, plan: Plan) {
        let spells = tokio::spawn(cast(self.sandbox.clone(), plan.spells));
        for blow in plan.blows {
            tokio::time::sleep(blow.after).await;
            let struck = Instant::now();
            self.strike(&blow.act).await;
            self.happened.blows.push(format!("{} {:.1} s", short(&blow.act), struck.elapsed().as_secs_f64()));
        }
        spells.await.expect("the faults were taken");
        self.sandbox.faults(&json!({})).await;
        self.front.clear();
        self.ada.clear();
    }

    async fn strike(&mut self, act: &Act) {
        match *act {
            Act::KillDesk { which, away } => {
                self.desks[which].kill().await;
                tokio::time::sleep(away).await;
                self.desks[which].start().await;
                self.balance();
            }
            Act::RollDesk { which } => {
                let took = self.desks[which].stop().await;
                if took > LEAVING + Duration::from_secs(1) {
                    self.happened.misdeeds.push(format!("{} took {took:?} to leave after SIGTERM", self.desks[which].name));
                }
                self.desks[which].start().await;
                self.balance();
            }
            Act::KillPostgres { away } => {
                self.postgres.kill();
                tokio::time::sleep(away).await;
                self.postgres.restart().await;
            }
            Act::CutBus => self.cut_bus().await,
            Act::AdaRefuses { time } => {
                self.ada.turn(|weather| weather.refuses = true);
                self.ada.cut(1.0);
                self.for_a_while(time).await;
            }
            Act::AdaHangs { time } => {
                self.ada.turn(|weather| weather.frozen = 1.0);
                self.for_a_while(time).await;
            }
            Act::AdaCutsAnswers { time } => {
                self.ada.turn(|weather| weather.cuts_answers = 0.5);
                self.for_a_while(time).await;
            }
            Act::DropBrowsers { share } => self.front.cut(share),
            Act::FreezeBrowsers { share, time } => {
                self.front.turn(|weather| weather.frozen = share);
                tokio::time::sleep(time).await;
                // Some thaw, some never come back.
                self.front.clear();
                self.front.cut(share / 2.0);
            }
        }
    }

    async fn for_a_while(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.ada.clear();
    }

    /// Ends the sessions over which the desks listen for wake-ups.
    async fn cut_bus(&self) {
        let pool = self.pool().await;
        let ended =
            sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and pid <> pg_backend_pid()");
        ended.execute(&pool).await.expect("the listeners end");
        pool.close().await;
    }

    /// Leads the front to where the desks are now, and sees whether one of them died by itself.
    fn balance(&mut self) {
        let addresses: Vec<_> = self.desks.iter().map(|desk| desk.address).collect();
        self.front.lead_to(&addresses);
    }

    async fn end(mut self) -> (Happened, TempDir) {
        for server in self.desks.iter_mut().chain([&mut self.sandbox_server]) {
            if server.has_died() {
                self.happened.misdeeds.push(format!("{} ended although nobody asked it to", server.name));
            }
            let took = server.stop().await;
            if took > LEAVING {
                self.happened.misdeeds.push(format!("{} took {took:?} to leave at the end", server.name));
            }
            self.happened.misdeeds.extend(server.panics());
        }
        tokio::time::timeout(Duration::from_secs(90), self.postgres.stop()).await.expect("Postgres stops in time");
        (self.happened, self.folder)
    }
}

/// One set of the sandbox's faults after the other.
async fn cast(sandbox: Sandbox, spells: Vec<Spell>) {
    for spell in spells {
        sandbox.faults(&spell.faults).await;
        tokio::time::sleep(spell.time).await;
    }
}

fn short(act: &Act) -> String {
    let words = format!("{act:?}");
    words.split([' ', '{']).next().unwrap_or_default().to_owned()
}
