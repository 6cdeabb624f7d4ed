//! What the services' roles may do that they must not, and what they cannot do but have to.

use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::error::Result;
use crate::pool::Conn;
use crate::roles::SERVICE_ROLES;

/// Something that is wrong with a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// The role does not exist.
    NoRole(String),
    /// It may do something that it must not: the role, and what.
    TooMuch(String, String),
    /// It may not do something that it has to: the role, and what.
    TooLittle(String, String),
}

/// Attributes that no service's role may have, by their columns in `pg_roles`.
const ATTRIBUTES: &str = "
    SELECT r.rolname::text AS role, a.what
    FROM pg_roles r, LATERAL (VALUES
        (r.rolsuper, 'everything, because it is a superuser'),
        (r.rolbypassrls, 'see the rows of every project (BYPASSRLS)'),
        (r.rolcreaterole, 'create roles (CREATEROLE)'),
        (r.rolcreatedb, 'create databases (CREATEDB)'),
        (r.rolreplication, 'read everything as a replica (REPLICATION)')) a (has, what)
    WHERE a.has AND (r.rolname = 'runwatch_owner' OR r.rolname = ANY (
        ARRAY['runwatch_ingest', 'runwatch_query', 'runwatch_control', 'runwatch_worker']))";

/// Roles whose rights a service's role has on top of its own.
const MEMBERSHIPS: &str = "
    SELECT m.rolname::text AS role, 'whatever ' || g.rolname || ' may, as its member' AS what
    FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
    WHERE m.rolname IN ('runwatch_ingest', 'runwatch_query', 'runwatch_control', 'runwatch_worker')";

/// Objects that a service's role could make, or owns.
const OBJECTS: &str = "
    SELECT r.rolname::text AS role, o.what
    FROM pg_roles r, LATERAL (
        SELECT 'create tables in the schema' AS what
            WHERE has_schema_privilege(r.oid, 'public', 'CREATE')
        UNION ALL SELECT 'create schemas in the database'
            WHERE has_database_privilege(r.oid, current_database(), 'CREATE')
        UNION ALL SELECT 'anything with ' || c.relname || ', because it owns it'
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = r.oid) o
    WHERE r.rolname IN ('runwatch_ingest', 'runwatch_query', 'runwatch_control', 'runwatch_worker')";

/// Rights on tables that break a rule: query writes nothing, nobody truncates, only the worker
/// and control come near what they own alone, and nobody reads a partition past its table's policies.
const TABLES: &str = "
    SELECT r.rolname::text AS role, p.right_name || ' in ' || c.relname AS what
    FROM pg_roles r
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) p (right_name)
    JOIN pg_class c ON c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    WHERE r.rolname IN ('runwatch_ingest', 'runwatch_query', 'runwatch_control', 'runwatch_worker')
        AND has_table_privilege(r.oid, c.oid, p.right_name)
        AND (p.right_name = 'TRUNCATE' OR c.relispartition
            OR (r.rolname = 'runwatch_query' AND p.right_name <> 'SELECT')
            OR (c.relname = 'api_keys' AND r.rolname <> 'runwatch_control')
            OR (c.relname IN ('secrets', 'project_keys') AND r.rolname <> 'runwatch_control'
                AND (r.rolname <> 'runwatch_worker' OR p.right_name <> 'SELECT'))
            OR (c.relname = 'clock_offset' AND p.right_name <> 'SELECT'))
    ORDER BY c.relispartition, c.relname, 1, 2 LIMIT 100";

/// Rights without which a service cannot work.
const NEEDED: &str = "
    SELECT n.role, n.rights || ' in ' || n.table_name AS what
    FROM (VALUES
        ('runwatch_ingest', 'agent_runs', 'SELECT, INSERT, UPDATE'),
        ('runwatch_ingest', 'agent_steps', 'SELECT, INSERT, UPDATE, DELETE'),
        ('runwatch_ingest', 'agent_payloads', 'SELECT, INSERT, UPDATE'),
        ('runwatch_ingest', 'agent_failures', 'SELECT, INSERT, UPDATE, DELETE'),
        ('runwatch_ingest', 'usage_deltas', 'INSERT'),
        ('runwatch_ingest', 'run_changes', 'INSERT'),
        ('runwatch_ingest', 'quarantine', 'INSERT'),
        ('runwatch_ingest', 'erased_runs', 'SELECT'),
        ('runwatch_query', 'agent_runs', 'SELECT'),
        ('runwatch_query', 'agent_steps', 'SELECT'),
        ('runwatch_query', 'agent_payloads', 'SELECT'),
        ('runwatch_query', 'agent_failures', 'SELECT'),
        ('runwatch_query', 'usage_minute', 'SELECT'),
        ('runwatch_query', 'usage_deltas', 'SELECT'),
        ('runwatch_control', 'project_keys', 'SELECT, INSERT, UPDATE'),
        ('runwatch_control', 'secrets', 'SELECT, INSERT, UPDATE, DELETE'),
        ('runwatch_worker', 'project_keys', 'SELECT'),
        ('runwatch_worker', 'secrets', 'SELECT'),
        ('runwatch_worker', 'agent_runs', 'SELECT, UPDATE'),
        ('runwatch_worker', 'usage_deltas', 'SELECT, DELETE'),
        ('runwatch_worker', 'usage_minute', 'SELECT, INSERT, UPDATE')
    ) n (role, table_name, rights)
    JOIN pg_roles r ON r.rolname = n.role
    WHERE to_regclass('public.' || n.table_name) IS NOT NULL
        AND EXISTS (SELECT FROM unnest(string_to_array(n.rights, ', ')) AS one
            WHERE NOT has_table_privilege(r.oid, to_regclass('public.' || n.table_name), one))
    UNION ALL
    SELECT r.rolname::text, 'sign in (LOGIN)' FROM pg_roles r
    WHERE NOT r.rolcanlogin AND r.rolname IN ('runwatch_ingest', 'runwatch_query', 'runwatch_worker')";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    what: String,
}

/// Everything that is wrong with the roles; nothing if all is as the migrations leave it.
pub async fn roles_and_rights(conn: &mut Conn) -> Result<Vec<Right>> {
    let mut wrong = missing_roles(conn).await?;
    for statement in [ATTRIBUTES, MEMBERSHIPS, OBJECTS, TABLES] {
        let rows: Vec<Row> = diesel::sql_query(statement).load(conn).await?;
        let rights = rows.into_iter();
        wrong.extend(rights.map(|row| Right::TooMuch(row.role, row.what)));
    }
    let rows: Vec<Row> = diesel::sql_query(NEEDED).load(conn).await?;
    let rights = rows.into_iter();
    wrong.extend(rights.map(|row| Right::TooLittle(row.role, row.what)));
    if !query_is_read_only(conn).await? {
        let what = "begin transactions that write (default_transaction_read_only is off)";
        let role = "runwatch_query".to_owned();
        wrong.push(Right::TooMuch(role, what.to_owned()));
    }
    Ok(wrong)
}

async fn missing_roles(conn: &mut Conn) -> Result<Vec<Right>> {
    let mut missing = Vec::new();
    for role in SERVICE_ROLES
        .into_iter()
        .chain(["runwatch_owner", "runwatch_sql"])
    {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = Bool)]
            found: bool,
        }
        let statement = "SELECT to_regrole($1) IS NOT NULL AS found";
        let row: Found = diesel::sql_query(statement)
            .bind::<Text, _>(role)
            .get_result(conn)
            .await?;
        if !row.found {
            missing.push(Right::NoRole(role.to_owned()));
        }
    }
    Ok(missing)
}

/// Whether query's transactions are read-only by default; true if there is no such role.
async fn query_is_read_only(conn: &mut Conn) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct ReadOnly {
        #[diesel(sql_type = Nullable<Bool>)]
        read_only: Option<bool>,
    }
    let row: ReadOnly = diesel::sql_query(
        "SELECT (SELECT coalesce('default_transaction_read_only=on' = ANY (rolconfig), false)
             FROM pg_roles WHERE rolname = 'runwatch_query') AS read_only",
    )
    .get_result(conn)
    .await?;
    Ok(row.read_only.unwrap_or(true))
}
