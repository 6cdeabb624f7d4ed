//! Settings from environment variables, with every mistake reported at once.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::str::FromStr;

use runwatch_core::token::key;

type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

/// Where settings are read from: the process's environment, or a map in tests.
pub struct Env {
    lookup: Lookup,
    asked: Vec<String>,
    mistakes: Vec<String>,
}

/// All that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings are not usable:\n{}", .0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

/// A text that gets into no log: `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into hiding.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Env {
    /// The environment of this process. Nothing else asks the process for it.
    pub fn process() -> Self {
        Self::new(|name| std::env::var_os(name))
    }

    /// An environment of given variables.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let owned = variables.iter();
        let owned = owned.map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
        let variables: HashMap<_, _> = owned.collect();
        Self::new(move |name| variables.get(name).cloned())
    }

    fn new(lookup: impl Fn(&str) -> Option<OsString> + 'static) -> Self {
        Self {
            lookup: Box::new(lookup),
            asked: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Reads settings, and gives them out only if nothing was wrong with any of them.
    pub fn read<T>(mut self, settings: impl FnOnce(&mut Self) -> T) -> Result<T, Mistakes> {
        let read = settings(&mut self);
        if self.mistakes.is_empty() {
            Ok(read)
        } else {
            Err(Mistakes(self.mistakes))
        }
    }

    /// The names of the variables that reading these settings asks for, in their order.
    pub fn names<T>(settings: impl FnOnce(&mut Self) -> T) -> Vec<String> {
        let mut empty = Self::of(&[]);
        settings(&mut empty);
        empty.asked
    }

    /// A variable that has to be set.
    pub fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.mistake(name, "is not set");
            String::new()
        })
    }

    /// A variable that has to be set and is read by a function, as [`Self::checked`] does it.
    pub fn required_checked<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let is_set = self.text(name).is_some();
        self.asked.pop();
        if !is_set {
            self.required(name);
            return None;
        }
        self.checked(name, None, |text| read(text).map(Some))
    }

    /// A key that has to be set: 32 random bytes in Base64.
    pub fn required_key<T>(&mut self, name: &str, make: impl FnOnce([u8; 32]) -> T) -> Option<T> {
        self.required_checked(name, |text| {
            let must = "it must be 32 random bytes in Base64 (openssl rand -base64 32)";
            key(text).map(make).ok_or_else(|| must.to_owned())
        })
    }

    /// A variable that has to be set, or else one with `_FILE` behind its name, which names a file with the same
    /// text. It is read by a function, as [`Self::checked`] does it.
    pub fn required_or_file<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let file_name = format!("{name}_FILE");
        let (text, path) = (self.text(name), self.text(&file_name));
        let (name, text) = match (text, path) {
            (Some(text), None) => (name, Ok(text)),
            (None, Some(path)) => (file_name.as_str(), fs::read_to_string(path)),
            (Some(_), Some(_)) => {
                self.mistake(name, &format!("and {file_name} are both set: set one"));
                return None;
            }
            (None, None) => {
                self.mistake(name, "is not set");
                return None;
            }
        };
        let text = text.map_err(|error| format!("the file cannot be read: {error}"));
        match text.and_then(|text| read(&text)) {
            Ok(read) => Some(read),
            Err(what) => {
                self.mistake(name, &format!("cannot be used: {what}"));
                None
            }
        }
    }

    /// A variable that is read as some type, or has a default if it is not set.
    pub fn parsed<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.checked(name, default, |text| {
            text.parse().map_err(|error: T::Err| error.to_string())
        })
    }

    /// A number within bounds, or a default if the variable is not set.
    pub fn number(
        &mut self,
        name: &str,
        default: usize,
        bounds: std::ops::RangeInclusive<usize>,
    ) -> usize {
        self.checked(name, default, |text| match text.parse() {
            Ok(number) if bounds.contains(&number) => Ok(number),
            _ => Err(format!(
                "it must be a number from {} to {}",
                bounds.start(),
                bounds.end()
            )),
        })
    }

    /// A truth value written as 1, 0, true or false; false if the variable is not set.
    pub fn flag(&mut self, name: &str) -> bool {
        self.switch(name, false)
    }

    /// The same with another default.
    pub fn switch(&mut self, name: &str, default: bool) -> bool {
        self.checked(name, default, |text| match text {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err("it must be 1, 0, true or false".to_owned()),
        })
    }

    /// A variable that is read by a function, or has a default if it is not set. The function says
    /// what is wrong without repeating the value, which may be a secret put in the wrong place.
    pub fn checked<T>(
        &mut self,
        name: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        read(&text).unwrap_or_else(|what| {
            self.mistake(name, &format!("cannot be used: {what}"));
            default
        })
    }

    /// The text of a variable; one that is set to nothing counts as not set.
    fn text(&mut self, name: &str) -> Option<String> {
        self.asked.push(name.to_owned());
        let value = (self.lookup)(name).filter(|value| !value.is_empty())?;
        match value.into_string() {
            Ok(text) => Some(text),
            Err(_not_unicode) => {
                self.mistake(name, "is not valid UTF-8");
                None
            }
        }
    }

    fn mistake(&mut self, name: &str, what: &str) {
        self.mistakes.push(format!("{name} {what}"));
    }
}
