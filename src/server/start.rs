//! How a server starts, serves and stops.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::serve::ListenerExt;
use leptos::config::{Env, LeptosOptions, ReloadWSProtocol};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::PgPool;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower_sessions_sqlx_store::PostgresStore;

use super::config::Config;
use super::secrets::{SecretKey, SecretKeyError};
use super::state::AppState;
use super::tenants::{Tenants, TenantsError};
use super::{housekeeping, listen, router};
use crate::bus::Bus;
use crate::intake::body::Room;
use crate::intake::inbox::Inbox;
use crate::live::hub::Hub;
use crate::outbox::{self, budget::Budget};
use crate::readback::{self, Hearing};
use crate::store;

/// How long what is in flight may take once the server has been told to stop.
const GRACE: Duration = Duration::from_secs(7);
/// How long a server that was asked to stop still answers whoever comes, while `/readyz` says that it stops and browsers leave.
const DRAIN: Duration = Duration::from_secs(1);

/// Why a server could not start, or stopped by itself.
#[derive(Debug, Error)]
pub enum StartError {
    #[error("BIND_ADDR: cannot listen on {address}: {source}. Is another desk running?")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("database: {0}")]
    Store(#[from] store::StoreError),
    #[error("database: the migrations failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(transparent)]
    Secret(#[from] SecretKeyError),
    #[error(transparent)]
    Tenants(#[from] TenantsError),
    #[error("session table: {0}")]
    Sessions(String),
    #[error("serving stopped: {0}")]
    Serve(#[source] std::io::Error),
    #[error("metrics cannot be recorded: {0}")]
    Metrics(String),
}

/// A server that is ready to serve, with its address.
pub struct Server {
    listener: TcpListener,
    router: axum::Router,
    pub state: AppState,
    pub address: SocketAddr,
    work: JoinSet<()>,
}

impl Server {
    /// Brings the database up to date, loads what is needed, starts the background tasks and listens. Cancelling `stopping` asks it to
    /// stop in good order.
    pub async fn start(config: Config, pool: PgPool, stopping: CancellationToken) -> Result<Self, StartError> {
        let stop = CancellationToken::new();
        store::connect::migrate(&pool).await?;
        warn_if_not_durable(&pool).await;
        let listener = listen::listen(config.bind_addr).map_err(|source| StartError::Listen { address: config.bind_addr, source })?;
        let address = listener.local_addr().map_err(StartError::Serve)?;
        let secret = SecretKey::load(&config)?;
        let tenants = Tenants::load(&pool, &config, &secret).await?;
        let sessions = PostgresStore::new(pool.clone())
            .with_schema_name("public")
            .and_then(|sessions| sessions.with_table_name("sessions"))
            .map_err(StartError::Sessions)?;
        let bus = Bus::start(pool.clone(), config.bus_url.as_ref(), stop.clone());
        let hub = Hub::start(pool.clone(), &bus, stop.clone());
        let inbox = Inbox::start(&pool, hub.clone(), bus.clone());
        let budget = Budget::new(pool.clone(), stop.clone());
        let state = AppState {
            leptos: leptos_options(address),
            config: Arc::new(config),
            pool,
            sessions,
            tenants,
            bus,
            hub,
            inbox,
            room: Room::default(),
            budget,
            last_look: Arc::default(),
            hearing: Hearing::default(),
            owed: Arc::new(Notify::new()),
            metrics: metrics_handle()?,
            stopping,
            stop,
        };
        tokio::spawn(drain(state.stopping.clone(), state.stop.clone()));
        let mut work = JoinSet::new();
        work.spawn(outbox::run(state.clone()));
        tokio::spawn(readback::run(state.clone()));
        tokio::spawn(housekeeping::sweep(state.clone()));
        tokio::spawn(housekeeping::follow_ai_agents(state.clone(), secret.clone()));
        Ok(Self { listener, router: router::router(state.clone(), &secret), state, address, work })
    }

    /// Serves until asked to stop; then takes no new work, tells browsers to come back, answers for a moment longer, and finishes what is
    /// in flight.
    pub async fn serve(self) -> Result<(), StartError> {
        let Self { listener, router, state, mut work, .. } = self;
        let stopped = state.stop.clone();
        let app = router.into_make_service_with_connect_info::<SocketAddr>();
        let listener = listener.tap_io(listen::at_once);
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move { stopped.cancelled().await });
        let late = async {
            state.stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        // Deliveries under way write down what came of them.
        let finished = async {
            let served = serving.into_future().await;
            while work.join_next().await.is_some() {}
            served
        };
        tokio::select! {
            served = finished => served.map_err(StartError::Serve)?,
            () = late => tracing::warn!("cut off {GRACE:?} after the stop; deliveries under way are left to their leases"),
        }
        // Connections that are still in use are not waited for.
        let _ = tokio::time::timeout(Duration::from_millis(500), state.inbox.close()).await;
        let _ = tokio::time::timeout(Duration::from_millis(500), state.pool.close()).await;
        Ok(())
    }
}

/// From being asked to stop to stopping.
async fn drain(stopping: CancellationToken, stop: CancellationToken) {
    stopping.cancelled().await;
    tokio::time::sleep(DRAIN).await;
    stop.cancel();
}

/// Where the browser half is: `LEPTOS_SITE_ROOT`, or `target/site` as `cargo leptos` and the project's own build make it.
fn leptos_options(address: SocketAddr) -> LeptosOptions {
    let root = std::env::var("LEPTOS_SITE_ROOT").unwrap_or_else(|_| "target/site".to_owned());
    LeptosOptions::builder()
        .output_name("babbage")
        .site_root(root)
        .site_pkg_dir("pkg")
        .site_addr(address)
        .env(Env::PROD)
        .reload_ws_protocol(ReloadWSProtocol::WS)
        .hash_files(is_hashed())
        .build()
}

/// Whether the browser half was built with hashes in its names: the list of them then stands beside the program. Leptos would panic
/// on every page without it.
fn is_hashed() -> bool {
    std::env::current_exe().is_ok_and(|program| program.with_file_name("hash.txt").exists())
}

/// What is acknowledged must survive a loss of power; this is the operator's to decide, and must not go unnoticed.
async fn warn_if_not_durable(pool: &PgPool) {
    match store::probe::not_durable(pool).await {
        Ok(off) if off.is_empty() => {}
        Ok(off) => {
            let off = off.join(", ");
            tracing::error!(off, "a crash or loss of power can lose what Ada was told is stored: turn these settings of Postgres on");
        }
        Err(error) => tracing::warn!(%error, "could not see whether Postgres keeps what it acknowledges"),
    }
}

/// One recorder per process, also when tests start several servers in it.
fn metrics_handle() -> Result<PrometheusHandle, StartError> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    HANDLE
        .get_or_init(|| PrometheusBuilder::new().install_recorder().map_err(|error| error.to_string()))
        .clone()
        .map_err(StartError::Metrics)
}
