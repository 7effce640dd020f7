//! A database for each test, made from one template that has every migration.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;
use uuid::Uuid;

use babbage::store::connect;

/// How many connections one server has. Tests run at the same time in one cluster.
const CONNECTIONS: u32 = 8;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// One test's database.
#[derive(Clone)]
pub struct Database {
    options: PgConnectOptions,
    name: String,
}

impl Database {
    /// A database with every migration and nothing else in it.
    pub async fn new() -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        let name = format!("desk_{}", Uuid::new_v4().simple());
        create(&format!("create database {name} template {template}")).await;
        Self { options: cluster().database(&name), name }
    }

    /// The address of it, for a process of its own.
    pub fn url(&self) -> String {
        let mut url: url::Url = address().parse().expect("TEST_DATABASE_URL is an address of Postgres");
        url.set_path(&self.name);
        url.into()
    }

    /// One in a cluster of its own, in a folder of its own, such as a disk that fills up.
    pub async fn in_folder(cluster: PgConnectOptions, folder: &std::path::Path) -> Self {
        let mut connection = PgConnection::connect_with(&cluster).await.expect("the cluster answers");
        for statement in [&format!("create tablespace small location '{}'", folder.display()), "create database small tablespace small"] {
            connection.execute(statement).await.expect(statement);
        }
        Self { options: cluster.database("small"), name: "small".to_owned() }
    }

    /// Connections of their own, as a server has them.
    pub async fn pool(&self) -> PgPool {
        connect::pool(self.options.clone(), CONNECTIONS).await.expect("the test database answers")
    }
}

fn address() -> String {
    std::env::var("TEST_DATABASE_URL")
        .expect("TEST_DATABASE_URL is not set: run the tests with `make test`, which starts a Postgres for them")
}

fn cluster() -> PgConnectOptions {
    address().parse().expect("TEST_DATABASE_URL is an address of Postgres")
}

async fn template() -> String {
    let name = format!("template_{}", Uuid::new_v4().simple());
    create(&format!("create database {name}")).await;
    let pool = connect::pool(cluster().database(&name), 1).await.expect("the template answers");
    connect::migrate(&pool).await.expect("the migrations apply");
    // A template can be copied only while nobody is connected to it.
    pool.close().await;
    name
}

async fn create(statement: &str) {
    let mut connection = PgConnection::connect_with(&cluster()).await.expect("the test cluster answers");
    connection.execute(statement).await.expect(statement);
    connection.close().await.expect("the connection closes");
}
