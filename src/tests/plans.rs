//! Queries on a desk that has been in use for a while: none that runs often looks through a whole table.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sqlx::{Executor, PgConnection};

use super::support::Database;

/// 200 conversations a day for three months, with all that belongs to them.
const FILL: &str = "
    insert into ai_agents (ai_agent_id, domain, name, base_url, integration)
        select md5('agent' || n)::uuid, 'agent' || n || '.example', 'agent', 'https://example', 'custom-handoff' from generate_series(1, 3) n;
    insert into people (person_id, email, name, role, password_hash)
        select md5('person' || n)::uuid, 'person' || n || '@example.com', 'Person', 'agent', '' from generate_series(1, 50) n;
    insert into conversations (conversation_id, ai_agent_id, ada_conversation_id, end_user_id)
        select md5('conversation' || n)::uuid, md5('agent' || 1 + n % 3)::uuid, 'ada' || n, 'user' || n % 15000 from generate_series(1, 20000) n;
    insert into handoffs (handoff_id, ai_agent_id, conversation_id, state, owner_id, head, handed_off_at, accepted_at, ended_at, end_cause, put_away_at)
        select md5('handoff' || n)::uuid, md5('agent' || 1 + n % 3)::uuid, md5('conversation' || n)::uuid,
            case when n <= 100 then 'waiting' when n <= 300 then 'active' else 'ended' end,
            case when n > 100 then md5('person' || 1 + n % 50)::uuid end, 10, now() - n * interval '6 minutes',
            case when n > 100 then now() - n * interval '6 minutes' end, case when n > 300 then now() - n * interval '5 minutes' end,
            case when n > 300 then 'returned_to_ai' end, case when n > 300 then now() end
        from generate_series(1, 20000) n;
    insert into messages (message_id, ai_agent_id, conversation_id, handoff_id, ada_message_id, echoed, author_role, content, state, sorts_at,
            recorded_at, sent_by)
        select md5('message' || n)::uuid, md5('agent1')::uuid, md5('conversation' || 1 + n % 20000)::uuid, md5('handoff' || 1 + n % 20000)::uuid,
            'ada' || n, true, case when n % 3 = 0 then 'human_agent' else 'end_user' end, '{\"type\":\"text\",\"body\":\"text\"}',
            case when n % 3 = 0 then 'sent' else 'received' end, now() - n * interval '1 second', now() - n * interval '1 second',
            case when n % 3 = 0 then md5('person1')::uuid end
        from generate_series(1, 200000) n;
    insert into changes (handoff_id, number, kind, message_id, at)
        select md5('handoff' || 1 + n % 20000)::uuid, 1 + n / 20000, 'message', md5('message' || n)::uuid, now() - n * interval '40 seconds'
        from generate_series(0, 199999) n;
    insert into deliveries (delivery_id, ai_agent_id, conversation_id, handoff_id, lane, position, kind, message_id, state, finished_at)
        select md5('delivery' || n)::uuid, md5('agent1')::uuid, md5('conversation' || 1 + n % 20000)::uuid, md5('handoff' || 1 + n % 20000)::uuid, 'talk',
            n, 'reply', md5('message' || n)::uuid, case when n <= 50 then 'owed' else 'done' end, case when n > 50 then now() end
        from generate_series(1, 40000) n;
    insert into events (event_id, ai_agent_id, delivery, event_type, outcome)
        select md5('event' || n)::uuid, md5('agent1')::uuid, 'msg_' || n, 'v1.conversation.message', 'applied' from generate_series(1, 40000) n;
    insert into audit (audit_id, person_id, action, object_kind, object_id)
        select md5('audit' || n)::uuid, md5('person1')::uuid, 'handoff.accept', 'handoff', n::text from generate_series(1, 20000) n;
    analyze;
";

/// Tables that grow for ever.
const LARGE: [&str; 7] = ["conversations", "handoffs", "messages", "changes", "deliveries", "events", "audit"];

/// Every query that the program is built with, as sqlx has described it.
fn queries() -> Vec<(String, usize)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut queries = Vec::new();
    for file in fs::read_dir(folder).expect("the descriptions of the queries") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a description");
        let description: Value = serde_json::from_str(&text).expect("JSON");
        let parameters = description["describe"]["parameters"]["Left"].as_array().map_or(0, Vec::len);
        queries.push((description["query"].as_str().expect("a query").to_owned(), parameters));
    }
    assert!(queries.len() > 50, "{}", queries.len());
    queries
}

/// What is about every open conversation at once: here, where a large share is open, one look through the table is the best way. After an
/// outage all are marked; and one server decides now and then which of them is read back next.
const ALL_OF_IT: [&str; 2] = ["set read_back_wanted = $2 from due", "select h.handoff_id, c.read_back_wanted"];

/// The large tables that a plan reads from end to end.
fn scanned(plan: &Value, found: &mut BTreeSet<String>) {
    match plan {
        Value::Array(parts) => parts.iter().for_each(|part| scanned(part, found)),
        Value::Object(node) => {
            let relation = node.get("Relation Name").and_then(Value::as_str).unwrap_or_default();
            if node.get("Node Type").is_some_and(|kind| kind == "Seq Scan") && LARGE.contains(&relation) {
                found.insert(relation.to_owned());
            }
            node.values().for_each(|part| scanned(part, found));
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_query_looks_through_a_whole_table() {
    let pool = Database::new().await.pool().await;
    let mut connection = pool.acquire().await.expect("a connection");
    // Rows refer to each other rightly; checking it for each would take most of the time.
    connection.execute("set session_replication_role = replica").await.expect("set");
    connection.execute(FILL).await.expect("filled");
    connection.execute("set plan_cache_mode = force_generic_plan").await.expect("set");
    // What no index helps with is seen.
    let mut found = BTreeSet::new();
    scanned(&explain(&mut connection, "select 1 from messages where author_name = $1", 1).await, &mut found);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["messages"]);
    let mut slow = Vec::new();
    let mut planned = 0;
    for (query, parameters) in queries() {
        let words = query.split_whitespace().next().unwrap_or_default().to_lowercase();
        if ALL_OF_IT.iter().any(|part| query.contains(part)) {
            continue;
        }
        if !["select", "with", "insert", "update", "delete"].contains(&words.as_str()) {
            continue;
        }
        let plan = explain(&mut connection, &query, parameters).await;
        planned += 1;
        let mut found = BTreeSet::new();
        scanned(&plan, &mut found);
        if !found.is_empty() {
            slow.push(format!("{found:?}: {query}\n{plan:#}"));
        }
    }
    assert!(planned > 50, "{planned}");
    assert!(slow.is_empty(), "{}", slow.join("\n\n"));
}

/// A busy conversation is read anew with every change: that must not take longer the longer it gets.
#[tokio::test]
async fn a_long_conversation_is_listed_as_fast_as_a_short_one() {
    let pool = Database::new().await.pool().await;
    let mut connection = pool.acquire().await.expect("a connection");
    connection.execute("set session_replication_role = replica").await.expect("set");
    connection.execute(FILL).await.expect("filled");
    connection
        .execute(
            "insert into messages (message_id, ai_agent_id, conversation_id, ada_message_id, echoed, author_role, content, state, sorts_at, recorded_at)
                select md5('long' || n)::uuid, md5('agent1')::uuid, md5('conversation1')::uuid, 'long' || n, true,
                    case when n % 3 = 0 then 'human_agent' else 'end_user' end, '{\"type\":\"text\",\"body\":\"text\"}', 'received',
                    now() - n * interval '1 second', now() - n * interval '1 second'
                from generate_series(1, 10000) n;
            analyze messages",
        )
        .await
        .expect("filled");
    let explain = "explain (analyze, buffers, timing off, format json) select * from handoff_rows where handoff_id = md5('handoff1')::uuid";
    // The second time the catalogue is at hand.
    let _: Value = sqlx::query_scalar(explain).persistent(false).fetch_one(&mut *connection).await.expect("a plan");
    let plan: Value = sqlx::query_scalar(explain).persistent(false).fetch_one(&mut *connection).await.expect("a plan");
    let blocks = |kind: &str| plan[0]["Plan"][kind].as_u64().expect("a number");
    let read = blocks("Shared Hit Blocks") + blocks("Shared Read Blocks");
    assert!((1..100).contains(&read), "{read} blocks\n{plan:#}");
}

async fn explain(connection: &mut PgConnection, query: &str, parameters: usize) -> Value {
    connection.execute(format!("prepare looked_at as {query}").as_str()).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    let nulls = if parameters == 0 { String::new() } else { format!("({})", vec!["null"; parameters].join(", ")) };
    let explain = format!("explain (format json, costs off) execute looked_at{nulls}");
    let plan: Value = sqlx::query_scalar(&explain).persistent(false).fetch_one(&mut *connection).await.expect("a plan");
    connection.execute("deallocate looked_at").await.expect("forgotten");
    plan
}
