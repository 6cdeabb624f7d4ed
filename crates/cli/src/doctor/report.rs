//! What was found, as people and programs read it.

#[cfg(test)]
mod tests;

use anyhow::Result;
use serde::Serialize;

use crate::terminal::{Colour, Paint, padded, printable};

/// Columns of the widest verdict.
const VERDICT_WIDTH: usize = 7;

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but somebody should look at it.
    Warning,
    /// It does not work, or what is stored is not safe.
    Problem,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Area {
    Settings,
    Database,
    Machine,
    Services,
    Probe,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    area: Area,
    verdict: Verdict,
    /// What is the case.
    what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

/// The report as JSON.
#[derive(Serialize)]
struct ReportJson<'a> {
    ok: bool,
    warnings: usize,
    problems: usize,
    findings: &'a [Finding],
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }

    fn colour(self) -> Colour {
        match self {
            Self::Ok => Colour::Green,
            Self::Warning => Colour::Yellow,
            Self::Problem => Colour::Red,
        }
    }
}

impl Area {
    fn name(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Database => "Database",
            Self::Machine => "Machine",
            Self::Services => "Services",
            Self::Probe => "Probe",
        }
    }
}

impl Report {
    /// Something is as it should be.
    pub(super) fn ok(&mut self, area: Area, what: impl Into<String>) {
        self.add(area, Verdict::Ok, what.into(), None);
    }

    /// Somebody should look at something.
    pub(super) fn warning(
        &mut self,
        area: Area,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(area, Verdict::Warning, what.into(), Some(advice.into()));
    }

    /// Something is wrong.
    pub(super) fn problem(
        &mut self,
        area: Area,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(area, Verdict::Problem, what.into(), Some(advice.into()));
    }

    /// How many problems there are.
    pub(super) fn problems(&self) -> usize {
        self.count(Verdict::Problem)
    }

    /// One object with all findings.
    pub(super) fn json(&self) -> Result<String> {
        let problems = self.problems();
        Ok(serde_json::to_string(&ReportJson {
            ok: problems == 0,
            warnings: self.count(Verdict::Warning),
            problems,
            findings: &self.findings,
        })?)
    }

    /// One line a finding, what to do below it, and the sum.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut lines = Vec::new();
        let mut area = None;
        for finding in &self.findings {
            if area.replace(finding.area) != Some(finding.area) {
                lines.push(paint.paint(Colour::Bold, finding.area.name()));
            }
            let verdict = padded(finding.verdict.name(), VERDICT_WIDTH);
            let verdict = paint.paint(finding.verdict.colour(), &verdict);
            lines.push(format!("  {verdict}  {}", printable(&finding.what)));
            if let Some(advice) = &finding.advice {
                let indent = " ".repeat(VERDICT_WIDTH + 4);
                lines.push(format!("{indent}→ {}", printable(advice)));
            }
        }
        lines.push(self.sum());
        lines.join("\n")
    }

    fn sum(&self) -> String {
        let several = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let (warnings, problems) = (self.count(Verdict::Warning), self.problems());
        match (problems, warnings) {
            (0, 0) => "Everything is as it should be.".to_owned(),
            (0, warnings) => format!("No problems, {}.", several(warnings, "warning")),
            (problems, 0) => format!("{}.", several(problems, "problem")),
            (problems, warnings) => {
                let problems = several(problems, "problem");
                format!("{problems}, {}.", several(warnings, "warning"))
            }
        }
    }

    fn count(&self, verdict: Verdict) -> usize {
        let findings = self.findings.iter();
        findings.filter(|one| one.verdict == verdict).count()
    }

    fn add(&mut self, area: Area, verdict: Verdict, what: String, advice: Option<String>) {
        self.findings.push(Finding {
            area,
            verdict,
            what,
            advice,
        });
    }
}
