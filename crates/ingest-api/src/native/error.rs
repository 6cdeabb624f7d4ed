//! Why an item is refused.

/// An item that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ItemError {
    /// Stable code of the reason.
    pub code: &'static str,
    /// Path of the field that is wrong, as far as it is known.
    pub field: String,
    /// The reason in words.
    pub message: String,
}

impl ItemError {
    /// An error with its code, its field and the reason in words.
    pub(crate) fn new(
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            field: field.into(),
            message: message.into(),
        }
    }

    /// A field whose value is not what it has to be.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new("invalid", field, message)
    }

    /// What a parser says about an item.
    pub(crate) fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let inner = error.inner();
        let path = match error.path().to_string() {
            root if root == "." => String::new(),
            path => path,
        };
        let message = without_position(&inner.to_string());
        let code = match inner.classify() {
            serde_json::error::Category::Data if message.starts_with("unknown field") => {
                "unknown_field"
            }
            serde_json::error::Category::Data if message.starts_with("duplicate field") => {
                "duplicate_field"
            }
            serde_json::error::Category::Data => "invalid",
            _ => "not_json",
        };
        Self::new(code, path, message)
    }

    /// The same error of an item within another one.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        self.field = if self.field.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.field)
        };
        self
    }
}

/// Lines and columns are those of the parser's input, which is not what the client sent.
fn without_position(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) => message.get(..at).unwrap_or(message).to_owned(),
        None => message.to_owned(),
    }
}
