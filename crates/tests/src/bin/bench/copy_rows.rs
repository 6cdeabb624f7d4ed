//! Runs as rows of the reference table, in the binary format of PostgreSQL's COPY: the ceiling's
//! counterpart of what is sent to ingest-api.

use runwatch_core::time::Timestamp;

use crate::shape::{Kind, Run, Step};
use crate::template::{Format, PLACEHOLDER_RUN, placeholder_start, placeholder_step};

/// The table: one row a step, flat and uncompressed (rows beyond 2 KB would be compressed, were it
/// not for `PLAIN`), with the two indexes that every store of steps needs.
pub(crate) const TABLE: &str = "
    CREATE SCHEMA reference;
    CREATE TABLE reference.steps (
        project_id bigint NOT NULL,
        trace_id uuid NOT NULL,
        span_id bytea NOT NULL,
        parent_span_id bytea,
        run_id uuid NOT NULL,
        kind smallint NOT NULL,
        name text NOT NULL,
        started_at timestamptz NOT NULL,
        duration_us bigint NOT NULL,
        status smallint NOT NULL,
        model text,
        prompt_tokens integer,
        completion_tokens integer,
        cost double precision,
        attributes jsonb NOT NULL,
        input text NOT NULL,
        output text NOT NULL,
        PRIMARY KEY (project_id, started_at, span_id)
    ) PARTITION BY RANGE (started_at);
    ALTER TABLE reference.steps ALTER attributes SET STORAGE PLAIN,
        ALTER input SET STORAGE PLAIN, ALTER output SET STORAGE PLAIN;
    CREATE INDEX ON reference.steps (project_id, run_id);
    DO $$
    DECLARE
        day date;
    BEGIN
        FOR day IN SELECT (now() AT TIME ZONE 'UTC')::date + n FROM generate_series(-1, 1) n LOOP
            EXECUTE format('CREATE TABLE reference.%I PARTITION OF reference.steps
                FOR VALUES FROM (%L) TO (%L)', 'steps_' || to_char(day, 'YYYYMMDD'),
                day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        END LOOP;
    END
    $$";
/// What loads it.
pub(crate) const COPY: &str = "COPY reference.steps FROM STDIN (FORMAT binary)";
/// What stands before the rows: the signature, no flags, no extension.
pub(crate) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands after the rows.
pub(crate) const TRAILER: &[u8] = &[0xff, 0xff];

/// Columns of the table.
const COLUMNS: i16 = 17;
/// Version byte before the text of a `jsonb` value.
const JSONB_VERSION: u8 = 1;
/// All rows belong to one project.
const PROJECT: i64 = 1;
/// Dollars a token: any figure does, since it takes eight bytes whatever it is.
const PRICE: f64 = 2.5e-6;

/// The rows of a run.
pub(crate) fn render(run: &Run) -> Vec<u8> {
    let mut rows = Rows(Vec::new());
    for (place, step) in run.steps.iter().enumerate() {
        rows.push(place, step);
    }
    rows.0
}

struct Rows(Vec<u8>);

impl Rows {
    fn push(&mut self, place: usize, step: &Step) {
        let (kind, model) = match step.kind {
            Kind::Agent => (1_i16, None),
            Kind::Model {
                model,
                input_tokens,
                output_tokens,
                ..
            } => (2, Some((model, input_tokens, output_tokens))),
            Kind::Tool { .. } => (3, None),
        };
        self.0.extend(COLUMNS.to_be_bytes());
        self.value(&PROJECT.to_be_bytes());
        self.value(PLACEHOLDER_RUN.as_bytes());
        self.value(&placeholder_step(place).to_be_bytes());
        match place {
            0 => self.null(),
            _ => self.value(&placeholder_step(0).to_be_bytes()),
        }
        self.value(PLACEHOLDER_RUN.as_bytes());
        self.value(&kind.to_be_bytes());
        self.value(step.name.as_bytes());
        self.time(placeholder_start(place));
        self.value(&step.lasts_us.to_be_bytes());
        self.value(&i16::from(step.error.is_some()).to_be_bytes());
        match model {
            Some((model, input_tokens, output_tokens)) => {
                self.value(model.as_bytes());
                self.tokens(input_tokens);
                self.tokens(output_tokens);
                let tokens =
                    f64::from(u32::try_from(input_tokens + output_tokens).unwrap_or(u32::MAX));
                self.value(&(tokens * PRICE).to_be_bytes());
            }
            None => (0..4).for_each(|_| self.null()),
        }
        let attributes = step
            .attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        let attributes = serde_json::Value::Object(attributes.collect()).to_string();
        self.value(&[&[JSONB_VERSION], attributes.as_bytes()].concat());
        self.value(step.input.to_string().as_bytes());
        self.value(step.output.to_string().as_bytes());
    }

    fn value(&mut self, bytes: &[u8]) {
        let len = i32::try_from(bytes.len()).expect("values of a step are short");
        self.0.extend(len.to_be_bytes());
        self.0.extend(bytes);
    }

    fn null(&mut self) {
        self.0.extend((-1_i32).to_be_bytes());
    }

    fn time(&mut self, time: Timestamp) {
        self.value(&Format::copy_time(time));
    }

    fn tokens(&mut self, tokens: u64) {
        self.value(&i32::try_from(tokens).unwrap_or(i32::MAX).to_be_bytes());
    }
}
