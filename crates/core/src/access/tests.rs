use super::*;

#[test]
fn the_table_of_roles_is_this() {
    let table: String = Right::ALL
        .into_iter()
        .map(|right| {
            let roles = Role::ALL.map(|role| if right.is_of_role(role) { "yes" } else { "-" });
            format!("{right:?}: {}\n", roles.join(" "))
        })
        .collect();
    let expected = "\
Ingest: - - - -
ReadFigures: yes yes yes yes
ReadRuns: yes yes yes -
Respond: yes yes - -
Configure: yes yes - -
Administer: yes - - -
ManageAccess: yes - - -
";
    assert_eq!(table, expected);
}

#[test]
fn the_table_of_scopes_is_this() {
    let table: String = Right::ALL
        .into_iter()
        .map(|right| {
            let has = |scope| {
                if right.is_of_scopes(&[scope]) {
                    "yes"
                } else {
                    "-"
                }
            };
            format!("{right:?}: {}\n", Scope::ALL.map(has).join(" "))
        })
        .collect();
    // ingest, read, alerts, admin
    let expected = "\
Ingest: yes - - -
ReadFigures: - yes - -
ReadRuns: - yes - -
Respond: - - yes -
Configure: - - yes -
Administer: - - - yes
ManageAccess: - - - -
";
    assert_eq!(table, expected);
}
