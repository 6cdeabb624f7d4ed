//! Spans become runs: grouped by trace, each step once, resources and scopes shared.

use std::collections::HashMap;

use runwatch_core::claims::{Claims, Field};
use runwatch_core::hash::{ContentHasher, ContentKey};
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::limits::{ITEMS_PER_REQUEST_MAX, QUARANTINE_ITEM_BYTES_MAX};
use runwatch_core::payload::{Encoding, Owner, Part, Payload};
use runwatch_core::run::RunPart;
use runwatch_core::step::Step;

use crate::content::Content;
use crate::explain::Explained;
use crate::normal::Sayings;
use crate::span::{Ids, Refusal, Refused, Resource, Scope, Span};
use crate::step::{Manner, Translated};
use crate::value::sort_and_dedup;
use crate::{DecodeError, Decoded, Rejected, dialects, step, surroundings};

/// What the spans of one resource and scope share.
#[derive(Debug)]
pub(crate) struct Origin<'r> {
    sayings: &'r Sayings<'r>,
    scope_name: &'r str,
    resource: usize,
    scope: usize,
}

/// A resource after it was read once for all its spans.
#[derive(Debug)]
pub(crate) struct ReadResource<'r> {
    sayings: Sayings<'r>,
    body: usize,
}

#[derive(Debug)]
struct Run {
    id: RunId,
    claims: Claims,
    /// Input and output of the run as a whole, with when and by which step they were said.
    bodies: [Option<(i64, StepId, Content)>; 2],
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    step: Step,
    payloads: Vec<Payload>,
    resource: usize,
    scope: usize,
}

/// The result while it grows.
#[derive(Debug)]
pub(crate) struct Assembly {
    key: ContentKey,
    /// What became of the attributes of each span, if that was asked for.
    explained: Option<Vec<Explained>>,
    runs: Vec<Run>,
    run_of_id: HashMap<RunId, usize>,
    /// Position of a step among the entries of its run.
    entry_of_id: HashMap<(usize, StepId), usize>,
    /// Bodies of resources and scopes, each once.
    shared: Vec<String>,
    shared_of_body: HashMap<String, usize>,
    spans: usize,
    duplicates: usize,
    rejected: Vec<Rejected>,
}

impl Assembly {
    /// Starts with nothing.
    pub(crate) fn new(key: ContentKey) -> Self {
        Self {
            key,
            explained: None,
            runs: Vec::new(),
            run_of_id: HashMap::new(),
            entry_of_id: HashMap::new(),
            shared: Vec::new(),
            shared_of_body: HashMap::new(),
            spans: 0,
            duplicates: 0,
            rejected: Vec::new(),
        }
    }

    /// Starts with nothing, and explains what becomes of the attributes of each span.
    pub(crate) fn explaining(key: ContentKey) -> Self {
        Self {
            explained: Some(Vec::new()),
            ..Self::new(key)
        }
    }

    /// Reads a resource.
    pub(crate) fn resource<'r>(&mut self, resource: &'r Resource<'r>) -> ReadResource<'r> {
        let mut sayings = Sayings::default();
        for attribute in &resource.attributes {
            dialects::resource(&attribute.key, &attribute.value, &mut sayings);
        }
        ReadResource {
            sayings,
            body: self.share(surroundings::resource(resource)),
        }
    }

    /// Reads a scope of a resource.
    pub(crate) fn origin<'r>(
        &mut self,
        resource: &'r ReadResource<'r>,
        scope: &'r Scope<'r>,
    ) -> Origin<'r> {
        Origin {
            sayings: &resource.sayings,
            scope_name: &scope.name,
            resource: resource.body,
            scope: self.share(surroundings::scope(scope)),
        }
    }

    /// Takes the next span, decoded or not; `sent` are its bytes in the body.
    pub(crate) fn span(
        &mut self,
        origin: &Origin<'_>,
        sent: &[u8],
        decoded: Result<Span<'_>, Refused>,
    ) -> Result<(), DecodeError> {
        if self.spans == ITEMS_PER_REQUEST_MAX {
            return Err(DecodeError::TooManyItems);
        }
        let index = self.spans;
        self.spans += 1;
        let refused = match decoded {
            Ok(mut span) => {
                sort_and_dedup(&mut span.attributes);
                dialects::rewrite(&mut span);
                let added = span.ids().and_then(|ids| self.add(origin, ids, &span));
                let (trace_id, span_id) = (span.trace_id, span.span_id);
                added.err().map(|why| Refused {
                    why,
                    trace_id,
                    span_id,
                })
            }
            Err(refused) => Some(refused),
        };
        if let Some(Refused {
            why,
            trace_id,
            span_id,
        }) = refused
        {
            let kept = sent.len().min(QUARANTINE_ITEM_BYTES_MAX);
            self.rejected.push(Rejected {
                index,
                id: format!("{trace_id}/{span_id}"),
                code: why.code(),
                message: why.to_string(),
                body: sent[..kept].to_vec(),
            });
        }
        Ok(())
    }

    /// The result.
    pub(crate) fn finish(self) -> (Decoded, Vec<Explained>) {
        let Self {
            runs,
            shared,
            spans,
            duplicates,
            rejected,
            key,
            explained,
            ..
        } = self;
        let parts = runs
            .into_iter()
            .map(|run| part(run, &shared, key))
            .collect();
        let decoded = Decoded {
            parts,
            spans,
            duplicates,
            rejected,
        };
        (decoded, explained.unwrap_or_default())
    }

    /// Adds a step, unless it is there: a copy of the same content is a duplicate, a finished copy
    /// replaces an unfinished one, anything else contradicts.
    fn add(&mut self, origin: &Origin<'_>, ids: Ids, span: &Span<'_>) -> Result<(), Refusal> {
        let content_hash = span.content_hash(self.key);
        let run_index = self.run(ids.run);
        let run = &mut self.runs[run_index];
        let known = self.entry_of_id.get(&(run_index, ids.step)).copied();
        if let Some(entry) = known.and_then(|at| run.entries.get(at)) {
            let is_finished = span.end_time_unix_nano != 0;
            let superseded = entry.step.is_finished() && !is_finished;
            if entry.step.content_hash == content_hash || superseded {
                self.duplicates += 1;
                return Ok(());
            }
            if entry.step.is_finished() || !is_finished {
                return Err(Refusal::Conflict);
            }
            self.duplicates += 1;
        }
        let manner = Manner {
            scope_name: origin.scope_name,
            explain: self.explained.is_some().then(|| self.spans - 1),
            key: self.key,
        };
        let Translated {
            step,
            payloads,
            run_bodies,
            explained,
        } = step::translate(span, ids, content_hash, &manner, &mut run.claims);
        if let (Some(all), Some(explained)) = (&mut self.explained, explained) {
            all.push(explained);
        }
        origin.sayings.say(step.started_at.0, &mut run.claims);
        run.take_bodies(&step, run_bodies);
        let entry = Entry {
            step,
            payloads,
            resource: origin.resource,
            scope: origin.scope,
        };
        match known {
            Some(at) => run.entries[at] = entry,
            None => {
                self.entry_of_id
                    .insert((run_index, ids.step), run.entries.len());
                run.entries.push(entry);
            }
        }
        Ok(())
    }

    fn run(&mut self, id: RunId) -> usize {
        *self.run_of_id.entry(id).or_insert_with(|| {
            self.runs.push(Run {
                id,
                claims: Claims::default(),
                bodies: [None, None],
                entries: Vec::new(),
            });
            self.runs.len() - 1
        })
    }

    fn share(&mut self, body: String) -> usize {
        let next = self.shared.len();
        *self.shared_of_body.entry(body).or_insert_with_key(|body| {
            self.shared.push(body.clone());
            next
        })
    }
}

impl Run {
    /// Takes what a step says to be the run's input and output; what the earliest step says stays.
    fn take_bodies(&mut self, step: &Step, said: [Option<Content>; 2]) {
        for (known, said) in self.bodies.iter_mut().zip(said) {
            let order = (step.started_at.0, step.id);
            let Some(content) = said else { continue };
            if known
                .as_ref()
                .is_none_or(|known| order < (known.0, known.1))
            {
                *known = Some((order.0, order.1, content));
            }
        }
    }
}

/// Place of a run's own input and output among what may be said of it.
const BODY_RANK: u8 = 1;

fn part(run: Run, shared: &[String], key: ContentKey) -> RunPart {
    let Run {
        id,
        mut claims,
        bodies,
        entries,
    } = run;
    let mut steps = Vec::with_capacity(entries.len());
    let mut payloads = Vec::with_capacity(entries.len() * 4);
    let mut owners: Vec<(Part, usize, Vec<StepId>)> = Vec::new();
    let mut owners_of_body = HashMap::new();
    for entry in entries {
        for (part, body) in [(Part::Resource, entry.resource), (Part::Scope, entry.scope)] {
            let at = *owners_of_body.entry((part, body)).or_insert_with(|| {
                owners.push((part, body, Vec::new()));
                owners.len() - 1
            });
            owners[at].2.push(entry.step.id);
        }
        steps.push(entry.step);
        payloads.extend(entry.payloads);
    }
    let places = [(Field::Input, Part::Input), (Field::Output, Part::Output)];
    for ((field, part), body) in places.into_iter().zip(bodies) {
        let Some((at_us, _, Content { encoding, body, .. })) = body else {
            continue;
        };
        let hash = ContentHasher::new(key).text(&body).finish128();
        claims.claim(field, BODY_RANK, at_us, hash.simple().to_string());
        let owner = Owner::Run;
        payloads.push(Payload {
            owner,
            part,
            encoding,
            body,
        });
    }
    for (part, body, steps) in owners {
        if !shared[body].is_empty() {
            let (owner, body) = (Owner::Steps(steps), shared[body].clone());
            payloads.push(Payload {
                owner,
                part,
                encoding: Encoding::Json,
                body,
            });
        }
    }
    RunPart {
        claims,
        steps,
        payloads,
        ..RunPart::empty(id)
    }
}
