//! Who may do what: the one table of rights, roles and scopes.

#[cfg(test)]
mod tests;

use crate::api_key::Scope;
use crate::coded::coded;

coded! {
    /// What a person is in a project.
    pub enum Role or Executive {
        /// Runs the project: everything.
        Admin = 1, "admin";
        /// Keeps it running: reads, answers alerts, and says when there is one.
        Operator = 2, "operator";
        /// Looks at everything and changes nothing.
        Viewer = 3, "viewer";
        /// Looks at figures, and at nothing that agents or their users said.
        Executive = 4, "executive";
    }
}

/// What a call needs. Each handler names one in its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Send telemetry.
    Ingest,
    /// Read sums: usage, agents, models, tools, workflows.
    ReadFigures,
    /// Read runs, with all that agents and their users said.
    ReadRuns,
    /// Answer what went wrong: acknowledge, silence, close, send again.
    Respond,
    /// Say what is an alert and who is told.
    Configure,
    /// Change the project's settings, read its audit log, erase.
    Administer,
    /// Let people and programs in. No key has it, so that none makes another.
    ManageAccess,
}

impl Right {
    /// All rights.
    pub const ALL: [Self; 7] = [
        Self::Ingest,
        Self::ReadFigures,
        Self::ReadRuns,
        Self::Respond,
        Self::Configure,
        Self::Administer,
        Self::ManageAccess,
    ];

    /// The lowest role that has it; none if no person does.
    ///
    /// Roles are ordered: admin, operator, viewer, executive, and each has what the next one has.
    pub const fn lowest_role(self) -> Option<Role> {
        match self {
            Self::Ingest => None,
            Self::ReadFigures => Some(Role::Executive),
            Self::ReadRuns => Some(Role::Viewer),
            Self::Respond | Self::Configure => Some(Role::Operator),
            Self::Administer | Self::ManageAccess => Some(Role::Admin),
        }
    }

    /// The scope that a key needs for it; none if no key has it.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::Ingest => Some(Scope::Ingest),
            Self::ReadFigures | Self::ReadRuns => Some(Scope::Read),
            Self::Respond | Self::Configure => Some(Scope::Alerts),
            Self::Administer => Some(Scope::Admin),
            Self::ManageAccess => None,
        }
    }

    /// Whether somebody of that role has it.
    pub fn is_of_role(self, role: Role) -> bool {
        self.lowest_role().is_some_and(|lowest| role <= lowest)
    }

    /// Whether a key of these scopes has it.
    pub fn is_of_scopes(self, scopes: &[Scope]) -> bool {
        self.scope().is_some_and(|scope| scopes.contains(&scope))
    }
}
