//! Errors as clients see them: problem details by RFC 9457, with a code that never changes.

use serde::Serialize;

/// What a refused request has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SideEffects {
    /// Nothing at all.
    None,
    /// All that was asked.
    Applied,
    /// It cannot be told: ask again with the same sequence.
    Unknown,
}

/// The body of an error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `urn:brooklet:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// One line that is the same for every problem of this code.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time: what, where, why, and what to do.
    pub detail: String,
    /// Stable name, for programs.
    pub code: &'static str,
    /// Whether the same request can succeed later.
    pub retryable: bool,
    /// What the refused request has changed.
    pub side_effects: SideEffects,
}

impl Problem {
    /// A problem that changed nothing. It is retryable exactly when the status says so (503): of what
    /// there is as many as there may be (429) there are not fewer by waiting.
    #[must_use]
    pub fn new(status: u16, code: &'static str, title: &'static str, detail: String) -> Self {
        Self {
            kind: format!(
                "urn:brooklet:problem:{}",
                code.to_ascii_lowercase().replace('_', "-")
            ),
            title,
            status,
            detail,
            code,
            retryable: status == 503,
            side_effects: SideEffects::None,
        }
    }

    /// The problem as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a struct of texts and numbers is always valid JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_programs_and_people_need() {
        let problem = Problem::new(503, "DRAINING", "going away", "try \"again\"".to_owned());
        let expected = concat!(
            r#"{"type":"urn:brooklet:problem:draining","title":"going away","status":503,"#,
            r#""detail":"try \"again\"","code":"DRAINING","retryable":true,"side_effects":"none"}"#,
        );
        assert_eq!(problem.to_json(), expected);
    }
}
