//! What the role may do that a service signed in as: the rules of row-level security, and what is granted
//! and not, protect nothing from one who may do more.

use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use crate::error::Result;
use crate::pool::Conn;
use crate::roles::ServiceRole;

/// Why a connection is not used: the role is another than the service's own, passes by the policies, could
/// become another, owns something, or writes though it is to read.
const TOO_MUCH: &str = "
    SELECT what FROM pg_roles r, LATERAL (
        SELECT 'is ' || r.rolname || ', and not ' || $1 AS what WHERE r.rolname <> $1
        UNION ALL SELECT 'is a superuser' WHERE r.rolsuper
        UNION ALL SELECT 'sees the rows of every project (BYPASSRLS)' WHERE r.rolbypassrls
        UNION ALL SELECT 'may create roles (CREATEROLE)' WHERE r.rolcreaterole
        UNION ALL SELECT 'may create databases (CREATEDB)' WHERE r.rolcreatedb
        UNION ALL SELECT 'reads everything as a replica (REPLICATION)' WHERE r.rolreplication
        UNION ALL SELECT 'may whatever ' || g.rolname || ' may, as its member'
            FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid WHERE a.member = r.oid
        UNION ALL SELECT 'owns ' || c.relname
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = r.oid
        UNION ALL SELECT 'may create tables' WHERE has_schema_privilege(r.oid, 'public', 'CREATE')
        UNION ALL SELECT 'may write to ' || c.relname FROM pg_class c
            WHERE $1 = 'runwatch_query' AND c.relnamespace = 'public'::regnamespace
                AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) wrong
    WHERE r.rolname = current_user LIMIT 1";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    what: String,
}

/// What the role of this connection is or may that a service's own must not; none if all is as it is to be.
pub(crate) async fn too_much(conn: &mut Conn, role: ServiceRole) -> Result<Option<String>> {
    let rows: Vec<Row> = sql_query(TOO_MUCH)
        .bind::<Text, _>(role.name())
        .load(conn)
        .await?;
    Ok(rows.into_iter().next().map(|row| row.what))
}
