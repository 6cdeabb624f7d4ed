//! A row in every table of a project, whatever tables there are: for tests about who sees what.

use tokio_postgres::Client;

use crate::database::texts;
use crate::projects::TestProject;

/// Tables that belong to projects, without their partitions.
const PROJECT_TABLES: &str = "
    SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.attname = 'project_id'
    ORDER BY 1";

/// For a table, the expression of a value for each column that must have one.
const COLUMNS: &str = "
    SELECT attname::text, CASE
        WHEN attname = 'project_id' THEN '$1'
        WHEN attname = 'user_id' AND atttypid = 'uuid'::regtype THEN '$1'
        WHEN atttypid = 'uuid'::regtype THEN 'gen_random_uuid()'
        WHEN atttypid = 'text'::regtype THEN '''x'''
        WHEN atttypid = 'timestamptz'::regtype THEN 'now()'
        WHEN atttypid = 'date'::regtype THEN 'current_date'
        WHEN atttypid = 'bytea'::regtype THEN '''\\x0102030405060708'''
        WHEN atttypid = 'boolean'::regtype THEN 'false'
        WHEN atttypid = 'jsonb'::regtype THEN '''{}'''
        WHEN atttypid = 'text[]'::regtype THEN '''{}'''
        ELSE '0' END
    FROM pg_attribute
    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attnotnull
    ORDER BY attnum";

/// The names of all tables that belong to projects, without their partitions.
pub async fn project_tables(client: &Client) -> Vec<String> {
    texts(client, PROJECT_TABLES).await
}

/// Puts one row of the project into each of these tables.
pub async fn fill(admin: &Client, project: TestProject, tables: &[String]) {
    // Somebody who has the project's id, to be a member of it.
    let user = "INSERT INTO users (user_id, email, name, created_at) VALUES ($1::uuid, $1::uuid::text, 'x', now())";
    admin
        .execute(user, &[&project.id().0])
        .await
        .expect("somebody is added");
    for table in tables {
        let columns = admin.query(COLUMNS, &[table]).await.expect(table);
        let names: Vec<&str> = columns.iter().map(|column| column.get(0)).collect();
        let values: Vec<&str> = columns.iter().map(|column| column.get(1)).collect();
        let statement = format!(
            "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
            names.join(", "),
            values.join(", ")
        );
        admin
            .execute(&statement, &[&project.id().0])
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}
