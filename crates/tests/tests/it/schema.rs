//! `crates/store/src/schema.rs` says what the migrated database says.

use std::collections::BTreeSet;

use runwatch_tests::database::{texts, with_database};

const SCHEMA: &str = include_str!("../../../store/src/schema.rs");

/// Columns as `table.column type`, and primary keys as `table key (columns)`.
const CATALOGUE: &str = "
    WITH tables AS (
        SELECT oid, relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND relname <> '__diesel_schema_migrations')
    SELECT t.relname || '.' || a.attname || ' '
        || CASE WHEN a.attnotnull THEN '' ELSE 'nullable ' END || format_type(a.atttypid, NULL)
    FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.relname || ' key (' || (
        SELECT string_agg(a.attname, ', ' ORDER BY k.position)
        FROM unnest(i.indkey) WITH ORDINALITY k (attnum, position)
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')'
    FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary";

#[test]
fn the_schema_of_the_store_is_that_of_the_database() {
    with_database(async |db| {
        let catalogue: BTreeSet<String> = texts(&db.admin().await, CATALOGUE)
            .await
            .into_iter()
            .collect();
        let schema = said_by_the_store();
        let only_there: Vec<_> = catalogue.difference(&schema).collect();
        let only_here: Vec<_> = schema.difference(&catalogue).collect();
        assert!(
            only_there.is_empty() && only_here.is_empty(),
            "run `diesel print-schema`: only in the database {only_there:#?}, only in schema.rs {only_here:#?}"
        );
    });
}

fn said_by_the_store() -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for table in SCHEMA.split("diesel::table! {").skip(1) {
        let (head, rest) = table.split_once('{').unwrap();
        let (name, key) = head.trim().split_once(' ').unwrap();
        said.insert(format!("{name} key {key}"));
        let (columns, _) = rest.split_once('}').unwrap();
        for column in columns
            .lines()
            .filter_map(|line| line.trim().strip_suffix(','))
        {
            let (column, kind) = column.split_once(" -> ").unwrap();
            said.insert(format!("{name}.{column} {}", sql_type(kind)));
        }
    }
    assert!(said.len() > 100, "schema.rs was not understood");
    said
}

fn sql_type(kind: &str) -> String {
    if let Some(inner) = kind.strip_prefix("Nullable<") {
        return format!("nullable {}", sql_type(inner.strip_suffix('>').unwrap()));
    }
    if let Some(inner) = kind.strip_prefix("Array<Nullable<") {
        return format!("{}[]", sql_type(inner.strip_suffix(">>").unwrap()));
    }
    let known = match kind {
        "Bool" => "boolean",
        "Bytea" => "bytea",
        "Date" => "date",
        "Float8" => "double precision",
        "Int2" => "smallint",
        "Int4" => "integer",
        "Int8" => "bigint",
        "Interval" => "interval",
        "Jsonb" => "jsonb",
        "Text" => "text",
        "Timestamptz" => "timestamp with time zone",
        "Uuid" => "uuid",
        other => panic!("a type that this test does not know: {other}"),
    };
    known.to_owned()
}
