//! Rules that the migrated schema keeps, read from the catalogue: tenants stay apart, and the same
//! schema can run distributed by project.

use runwatch_tests::database::{texts, with_database, with_migrated_database};

/// Tables of ours; partitions apart.
const TABLES: &str = "
    WITH tables AS (
        SELECT c.oid, c.relname::text AS name, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
            c.relispartition, c.relkind
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relname <> '__diesel_schema_migrations'),
    project_tables AS (
        SELECT * FROM tables t WHERE EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'project_id'))";

/// What breaks a rule must be nothing.
fn nothing(statement: &str) {
    with_database(async |db| {
        let found = texts(&db.admin().await, &format!("{TABLES} {statement}")).await;
        assert_eq!(found, Vec::<String>::new());
    });
}

#[test]
fn every_unique_key_starts_with_the_project() {
    // Names of projects are unique in the installation: a project is what keys are apart by.
    nothing(
        "SELECT i.indexrelid::regclass::text FROM project_tables t JOIN pg_index i ON i.indrelid = t.oid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
         WHERE i.indisunique AND a.attname <> 'project_id'
             AND i.indexrelid::regclass::text <> 'projects_name_key'",
    );
}

#[test]
fn every_table_of_a_project_has_a_primary_key() {
    nothing(
        "SELECT name FROM project_tables t
         WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)",
    );
}

#[test]
fn every_foreign_key_starts_with_the_project() {
    nothing(
        "SELECT c.conname::text FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
         JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
         -- People are of the installation, and not of a project.
         WHERE c.contype = 'f' AND c.confrelid <> 'users'::regclass
             AND (a.attname <> 'project_id' OR b.attname <> 'project_id')",
    );
}

#[test]
fn there_are_no_triggers_and_no_rules() {
    nothing(
        "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
         UNION ALL SELECT r.rulename::text FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class",
    );
}

#[test]
fn partitioning_is_by_range_and_has_one_level() {
    nothing(
        "SELECT t.name FROM tables t JOIN pg_partitioned_table p ON p.partrelid = t.oid
         WHERE p.partstrat <> 'r' OR t.relispartition",
    );
}

#[test]
fn no_column_makes_its_own_ids() {
    nothing(
        "SELECT t.name || '.' || a.attname FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
         LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
         WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval%'",
    );
}

#[test]
fn every_table_of_a_project_forces_row_level_security() {
    nothing(
        "SELECT name FROM project_tables
         WHERE NOT relispartition AND NOT (relrowsecurity AND relforcerowsecurity)",
    );
}

#[test]
fn whoever_has_a_right_on_a_table_of_a_project_has_a_policy_there() {
    nothing(
        "SELECT DISTINCT t.name || ' ' || r.rolname FROM project_tables t
         JOIN pg_roles r ON r.rolname ~ '^runwatch_'
         WHERE NOT t.relispartition
             AND (has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE')
                 OR has_table_privilege(r.oid, t.oid, 'DELETE'))
             AND NOT EXISTS (SELECT FROM pg_policy p, unnest(p.polroles) polrole
                 WHERE p.polrelid = t.oid AND pg_has_role(r.oid, polrole, 'USAGE'))",
    );
}

#[test]
fn nobody_has_a_right_on_a_partition() {
    nothing(
        "SELECT t.name || ' ' || r.rolname FROM tables t, pg_roles r
         WHERE t.relispartition AND r.rolname ~ '^runwatch_' AND r.rolname <> 'runwatch_owner'
             AND has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE, REFERENCES')",
    );
}

#[test]
fn everything_belongs_to_the_owner() {
    nothing(
        "SELECT name FROM tables WHERE relowner <> 'runwatch_owner'::regrole
         UNION ALL SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND proowner <> 'runwatch_owner'::regrole",
    );
}

#[test]
fn functions_with_the_rights_of_the_owner_are_granted_one_by_one() {
    nothing(
        "SELECT proname::text FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND a.grantee = 0
         UNION ALL SELECT proname::text FROM pg_proc
         WHERE prosecdef AND pronamespace = 'public'::regnamespace
             AND NOT coalesce(array_to_string(proconfig, ','), '') LIKE '%search_path=pg_catalog%'",
    );
}

#[test]
fn no_role_of_a_service_stands_above_row_level_security() {
    nothing(
        "SELECT rolname::text FROM pg_roles WHERE rolname ~ '^runwatch_'
             AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
         -- Analysts are in their group, and the owner is in theirs, to end what they do.
         UNION ALL SELECT member::regrole::text FROM pg_auth_members
         WHERE member::regrole::text ~ '^runwatch_' AND roleid::regrole::text !~ '^runwatch_sql'",
    );
}

#[test]
fn nobody_but_the_owner_makes_objects() {
    let statement = "
        SELECT rolname::text FROM pg_roles WHERE rolname ~ '^runwatch_' AND rolname <> 'runwatch_owner'
            AND (has_schema_privilege(oid, 'public', 'CREATE')
                OR has_database_privilege(oid, current_database(), 'CREATE, TEMPORARY')
                OR has_function_privilege(oid, 'lo_create(oid)', 'EXECUTE'))";
    with_migrated_database(async |db| {
        let found = texts(&db.admin().await, statement).await;
        assert_eq!(found, Vec::<String>::new());
    });
}

#[test]
fn no_statement_calls_the_clock_inside_an_upsert() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/src");
    let mut upserts = 0;
    for source in rust_files(sources.as_ref()) {
        let text = std::fs::read_to_string(&source).unwrap();
        for after in text.split("DO UPDATE").skip(1) {
            upserts += 1;
            let statement = after.split(['"', ';']).next().unwrap();
            assert!(
                !statement.contains("now()"),
                "{}: {statement}",
                source.display()
            );
        }
    }
    assert!(upserts >= 5, "the upserts of the store were not found");
}

fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the sources of the store are beside the tests") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
