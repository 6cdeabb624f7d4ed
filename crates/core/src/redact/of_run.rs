//! Redaction of everything that one request says of a run.

use crate::claims::Field;
use crate::feedback::{Feedback, FeedbackValue};
use crate::hash::ContentKey;
use crate::payload::{Encoding, Owner, Payload};
use crate::redact::{Redactor, pseudonym};
use crate::run::RunPart;
use crate::step::{Step, flags};

impl Redactor {
    /// Takes out of a run what is found in any of its texts, and flags the steps. Ids of users and
    /// sessions in which something is found become pseudonyms.
    pub fn run(&self, key: ContentKey, part: &mut RunPart) {
        if self.is_empty() {
            return;
        }
        part.claims.rewrite(|field, text| match field {
            Some(Field::UserId | Field::SessionId) => self.id(key, text),
            Some(_) => self.text(text),
            None => self.json(text),
        });
        let mut redacted = Vec::new();
        for payload in &mut part.payloads {
            if self.payload(payload)
                && let Owner::Steps(steps) = &payload.owner
            {
                redacted.extend_from_slice(steps);
            }
        }
        redacted.sort_unstable();
        for step in &mut part.steps {
            if self.step(step) | redacted.binary_search(&step.id).is_ok() {
                step.flags |= flags::REDACTED;
            }
        }
        for failure in &mut part.failures {
            self.replace(&mut failure.message);
            failure
                .code
                .iter_mut()
                .for_each(|code| _ = self.replace(code));
        }
        for feedback in &mut part.feedback {
            self.feedback(key, feedback);
        }
    }

    /// Takes out of a refused item what is found in it. One that is not text is looked at as if it were.
    pub fn item(&self, body: Vec<u8>) -> Vec<u8> {
        if self.is_empty() {
            return body;
        }
        let redacted = self.json(&String::from_utf8_lossy(&body));
        redacted.map_or(body, String::into_bytes)
    }

    fn payload(&self, payload: &mut Payload) -> bool {
        let redacted = match payload.encoding {
            Encoding::Json => self.json(&payload.body),
            Encoding::Text => self.text(&payload.body),
        };
        put(&mut payload.body, redacted)
    }

    fn step(&self, step: &mut Step) -> bool {
        let attributes = match step.attributes.as_str() {
            "" => None,
            attributes => self.json(attributes),
        };
        let mut found = put(&mut step.attributes, attributes) | self.replace(&mut step.name);
        let names = [
            &mut step.agent,
            &mut step.model,
            &mut step.provider,
            &mut step.tool,
            &mut step.capability,
        ];
        for name in names.into_iter().flatten() {
            found |= self.replace(name);
        }
        let error = step.error.as_mut();
        let told = error.map(|error| [&mut error.kind, &mut error.code, &mut error.message]);
        for text in told.into_iter().flatten().flatten() {
            found |= self.replace(text);
        }
        found
    }

    fn feedback(&self, key: ContentKey, feedback: &mut Feedback) {
        self.replace(&mut feedback.name);
        if let FeedbackValue::Text(text) = &mut feedback.value {
            self.replace(text);
        }
        if let Some(comment) = &mut feedback.comment {
            self.replace(comment);
        }
        if let Some(user) = &mut feedback.user_id {
            let pseudonym = self.id(key, user);
            put(user, pseudonym);
        }
    }

    /// The pseudonym of an id in which something is found.
    fn id(&self, key: ContentKey, id: &str) -> Option<String> {
        self.text(id).map(|_| pseudonym(key, id))
    }

    /// Redacts a text where it stands, and says whether anything was found.
    fn replace(&self, text: &mut String) -> bool {
        let redacted = self.text(text);
        put(text, redacted)
    }
}

fn put(text: &mut String, redacted: Option<String>) -> bool {
    let found = redacted.is_some();
    if let Some(redacted) = redacted {
        *text = redacted;
    }
    found
}
