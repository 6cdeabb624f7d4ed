//! Every bound of the system in one place: what can grow has a name and a limit here.

/// Bytes of one request body as it comes over the wire.
pub const WIRE_BYTES_MAX: usize = 16 << 20;
/// Bytes of one request body after decompression: the figure that OTLP 1.11 recommends.
pub const DECODED_BYTES_MAX: usize = 64 << 20;
/// How many times larger than its compressed form a body may be, once it is past
/// [`INFLATE_FREE_BYTES`]: what real telemetry never reaches and a bomb always does.
pub const INFLATE_RATIO_MAX: usize = 200;
/// Decoded bytes below which the ratio is not looked at.
pub const INFLATE_FREE_BYTES: usize = 1 << 20;
/// Steps, spans or failures in one request.
pub const ITEMS_PER_REQUEST_MAX: usize = 10_000;
/// Runs in one request of the native API.
pub const RUNS_PER_REQUEST_MAX: usize = 10_000;
/// Depth of nesting in JSON values and in OTLP attribute values.
pub const NESTING_MAX: usize = 64;
/// Bytes of all request bodies that one ingest-api holds at a time, decoded ones included: the largest
/// request and its decoded form fit into the two thirds that one project may hold.
pub const BYTES_IN_FLIGHT_MAX: usize = 128 << 20;
/// Bytes that a request counts for at least, for what is held beside its body: so requests are bounded too.
pub const REQUEST_BYTES_MIN: usize = 16 << 10;

/// Bytes of a name: of a step, agent, model, tool, session, user and their like.
pub const NAME_BYTES_MAX: usize = 255;
/// Bytes of an error's message as it is kept beside the step; the whole one is in the payload.
pub const ERROR_MESSAGE_BYTES_MAX: usize = 2_000;
/// Bytes of one input, output or attribute value; what is longer is cut and flagged.
pub const FIELD_BYTES_MAX: usize = 1 << 20;
/// Bytes of a name as a dimension of the rollups: four of them fit into one index entry.
pub const ROLLUP_NAME_BYTES_MAX: usize = 200;
/// Distinct models, and distinct tools, that a run's row names.
pub const NAMES_PER_RUN_MAX: usize = 50;
/// Findings that a run's row names, the largest: enough to see what to change.
pub const FINDINGS_PER_RUN_MAX: usize = 20;
/// Steps that one finding names; all of them are counted.
pub const FINDING_STEPS_MAX: usize = 20;
/// Attributes of one step; further ones are dropped and flagged.
pub const ATTRIBUTES_PER_STEP_MAX: usize = 1_000;
/// Attributes of one run.
pub const ATTRIBUTES_PER_RUN_MAX: usize = 200;
/// Bytes of an attribute's key.
pub const ATTRIBUTE_KEY_BYTES_MAX: usize = 255;
/// Tags of one run.
pub const TAGS_PER_RUN_MAX: usize = 100;
/// Bytes of a short attribute that can be filtered on; longer ones are kept in the payload only.
pub const FILTER_VALUE_BYTES_MAX: usize = 128;
/// Bytes of all attributes of a step that can be filtered on, as JSON text.
pub const FILTER_ATTRIBUTES_BYTES_MAX: usize = 256;
/// Indices of flattened lists such as `llm.input_messages.17.message.role`.
pub const FLATTENED_LIST_MAX: usize = 10_000;
/// Tokens that one step can report of each kind.
pub const TOKENS_PER_STEP_MAX: i64 = i32::MAX as i64;
/// Nano-dollars that one step can report: a million dollars.
pub const COST_PER_STEP_NANO_USD_MAX: i64 = 1_000_000 * 1_000_000_000;

/// Days before the time of receipt that a step may claim to have started.
pub const PAST_DAYS_MAX: i64 = 30;
/// Minutes after the time of receipt that a step may claim to have started.
pub const FUTURE_MINUTES_MAX: i64 = 10;
/// Days that one step may last.
pub const STEP_DURATION_DAYS_MAX: i64 = 30;

/// Steps of a run up to which ingest computes its totals at once; above, the worker does.
pub const STEPS_SUMMARIZED_AT_INGEST_MAX: i64 = 10_000;
/// Minutes without anything received after which a running run is stalled.
pub const STALLED_AFTER_MINUTES: i64 = 10;
/// Hours without anything received after which a running run is abandoned.
pub const ABANDONED_AFTER_HOURS: i64 = 24;
/// Hours for which an idempotency key is remembered.
pub const IDEMPOTENCY_HOURS: i64 = 24;
/// Bytes of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Rows of one page of a list.
pub const PAGE_ROWS_MAX: u32 = 1_000;
/// Rows of one page of a list when the caller does not say.
pub const PAGE_ROWS_DEFAULT: u32 = 50;
/// Steps in one answer of a run's skeleton.
pub const SKELETON_STEPS_MAX: u32 = 100_000;
/// Buckets of time in one answer about usage.
pub const USAGE_BUCKETS_MAX: usize = 10_000;
/// Rows of an export that are read, written and sent at a time: a few megabytes.
pub const EXPORT_BATCH_ROWS: u32 = 10_000;
/// Rows of one page of an export, which is written whole before it is sent.
pub const EXPORT_PAGE_ROWS_MAX: u32 = 10_000;
/// Bytes above which a page of an export ends early.
pub const EXPORT_PAGE_BYTES: usize = 16 << 20;
/// Bytes of inputs and outputs that an export reads at a time, unless a single step has more.
pub const EXPORT_PAYLOAD_BYTES: usize = 16 << 20;
/// Exports that one query-api writes at a time.
pub const EXPORTS_MAX: usize = 4;
/// Bytes of the reason that feedback gives.
pub const FEEDBACK_COMMENT_BYTES_MAX: usize = 10_000;
/// Judgements that are added up for one answer about scores, the latest.
pub const SCORES_SUMMED_MAX: i64 = 100_000;
/// Conditions on scores in one filter of runs.
pub const SCORE_CONDITIONS_MAX: usize = 10;
/// Runs with a session that one page of sessions is looked for among.
pub const SESSION_RUNS_SCANNED_MAX: i64 = 20_000;
/// Runs of one session that are added up, the latest.
pub const SESSION_RUNS_MAX: i64 = 1_000;
/// Runs of one workflow that are added up, the latest.
pub const WORKFLOW_RUNS_MAX: i64 = 5_000;
/// Runs of one workflow whose steps are looked at, the latest.
pub const WORKFLOW_STEPS_RUNS_MAX: i64 = 200;
/// Steps of one workflow's runs that are looked at.
pub const WORKFLOW_STEPS_SCANNED_MAX: i64 = 50_000;
/// Minutes for which what changed is kept, for live streams to go on after they broke off.
pub const CHANGES_KEPT_MINUTES: i64 = 15;
/// Hours for which what changed is kept though the search index was not made of it yet: then something
/// is broken, and the disk is worth more.
pub const CHANGES_KEPT_UNREAD_HOURS: i64 = 48;
/// Transactions whose changes are read at a time.
pub const CHANGES_PER_READ_MAX: i64 = 50;
/// Bytes after which no further transaction's changes are read at a time: some thousand runs, or steps by ten thousands.
pub const CHANGES_READ_BYTES: i64 = 256 << 10;
/// Bytes of texts after which the search index is not made of further transactions at a time.
pub const INDEXED_AT_ONCE_BYTES: i64 = 16 << 20;
/// Documents of the search index whose runs are looked at for one answer, by the filters.
pub const SEARCH_DOCUMENTS_FILTERED_MAX: usize = 20_000;
/// Documents of the search index whose texts are read for one answer.
pub const SEARCH_DOCUMENTS_READ_MAX: usize = 1_000;
/// Documents that the search index was not made of yet and that are read for one answer.
pub const SEARCH_UNINDEXED_MAX: usize = 500;
/// Bytes of texts that a search reads at a time, unless a single document has more.
pub const SEARCH_TEXTS_BYTES: usize = 16 << 20;
/// Hits in one answer of a search.
pub const SEARCH_HITS_MAX: u32 = 100;
/// Live streams that one query-api serves at a time.
pub const LIVE_STREAMS_MAX: usize = 64;
/// Those of them that may be of one project.
pub const LIVE_STREAMS_PER_PROJECT_MAX: usize = 16;
/// Runs and steps that a live stream reads, writes and sends at a time.
pub const LIVE_ITEMS_PER_PIECE: usize = 1_000;
/// Days ahead for which partitions are kept ready.
pub const PARTITION_DAYS_AHEAD: i64 = 30;

/// Bytes of one rejected item as it is kept in quarantine.
pub const QUARANTINE_ITEM_BYTES_MAX: usize = 64 << 10;
/// Rejected items of one request that are kept in quarantine; all of them are counted.
pub const QUARANTINE_ITEMS_PER_REQUEST_MAX: usize = 100;
/// Items of a request that a dry run describes; all of them are counted.
pub const VALIDATED_ITEMS_MAX: usize = 100;
/// Steps of one item that a dry run describes; all of them are counted.
pub const VALIDATED_STEPS_MAX: usize = 20;
/// Attributes of one item that a dry run describes, and names that it lists.
pub const VALIDATED_NAMES_MAX: usize = 200;
/// Bytes of an input or output, and of a name of an attribute, that a dry run shows.
pub const VALIDATED_TEXT_BYTES_MAX: usize = 500;

/// Rejections that one answer lists; all of them are counted.
pub const REJECTIONS_LISTED_MAX: usize = 1_000;

/// Minutes for which a signed token proves who signed in, without asking anybody.
pub const TOKEN_MINUTES: i64 = 15;
/// Days after which a sign-in ends that was not renewed.
pub const SIGN_IN_DAYS: i64 = 30;
/// Seconds for which the token that renewed a sign-in is still taken: two tabs may renew at once.
pub const SIGN_IN_OVERLAP_SECONDS: i64 = 10;
/// Minutes in which attempts to sign in are counted.
pub const SIGN_IN_ATTEMPTS_MINUTES: i64 = 15;
/// Attempts to sign in to one account from one address in that time.
pub const SIGN_IN_ATTEMPTS_MAX: i32 = 10;
/// Attempts to sign in to one account from anywhere in that time: with fewer, whoever knows an address
/// could keep its owner out.
pub const SIGN_IN_ATTEMPTS_PER_ACCOUNT_MAX: i32 = 200;
/// Attempts to sign in from one address in that time: an office has one.
pub const SIGN_IN_ATTEMPTS_PER_ADDRESS_MAX: i32 = 100;
/// Passwords that are hashed at a time: each takes 19 MB.
pub const PASSWORDS_HASHED_AT_ONCE_MAX: usize = 4;
/// Characters of a password, at least: what NIST SP 800-63B-4 §3.1.1.2 asks where it stands alone.
pub const PASSWORD_CHARS_MIN: usize = 15;
/// Bytes of a password, at most.
pub const PASSWORD_BYTES_MAX: usize = 1_000;
/// Hours for which a link may be used that sets a password.
pub const PASSWORD_LINK_HOURS: i64 = 24;
/// Seconds that somebody may take to sign in at an OpenID provider.
pub const OIDC_SIGN_IN_SECONDS: i64 = 600;
/// Bytes of one answer of an OpenID provider.
pub const OIDC_ANSWER_BYTES_MAX: usize = 256 << 10;
/// Keys of an OpenID provider that are looked at.
pub const OIDC_KEYS_MAX: usize = 100;
/// Bytes of a provider's address, and of what it calls somebody: OpenID Connect Core 1.0 §2 allows no more.
pub const OIDC_NAME_BYTES_MAX: usize = 255;
/// Bytes of an ID token, above which it is not looked at.
pub const ID_TOKEN_BYTES_MAX: usize = 32 << 10;
/// Valid keys of one project.
pub const KEYS_PER_PROJECT_MAX: i64 = 100;

/// Bytes of one secret, such as the credentials of a channel.
pub const SECRET_BYTES_MAX: usize = 16 << 10;
/// Secrets of one project: with a new data key all of them are sealed anew in one transaction.
pub const SECRETS_PER_PROJECT_MAX: i64 = 1_000;
/// Keys of `SECRETS_KEY`: a rotation needs two.
pub const SECRETS_KEYS_MAX: usize = 16;

/// Patterns of one's own by which a project redacts.
pub const REDACTION_PATTERNS_MAX: usize = 20;
/// Bytes of the name of such a pattern.
pub const REDACTION_NAME_BYTES_MAX: usize = 40;
/// Bytes of its regular expression.
pub const REDACTION_REGEX_BYTES_MAX: usize = 512;
/// Bytes of its regular expression when it is compiled, and of the states kept while it searches.
pub const REDACTION_REGEX_COMPILED_BYTES_MAX: usize = 1 << 20;
/// How deep JSON documents may lie in strings of each other to be looked at as documents; what lies
/// deeper is redacted as text.
pub const REDACTION_NESTED_DOCUMENTS_MAX: usize = 4;

/// Days for which runs may be kept at most, if they are not kept without end: a hundred years.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Erasures that one answer lists, the latest.
pub const ERASURES_LISTED_MAX: i64 = 1_000;
/// The least that a quota may let through.
pub const QUOTA_MIN: u64 = 1;
/// Seconds over which quotas are counted: a burst may bring what these let through.
pub const QUOTA_BURST_SECONDS: u32 = 10;

/// Bytes of the name of an SQL login: with what stands before it, it fits into a name of Postgres, 63 bytes.
pub const SQL_LOGIN_NAME_BYTES_MAX: usize = 40;
/// Connections of all SQL logins together, of the 100 that Postgres takes by default, or 200 with `runwatch up`: the
/// services never go without for them.
pub const SQL_CONNECTIONS_MAX: i32 = 30;
/// Seconds that an SQL login may be given for a statement; its transactions may take a minute longer
/// (`end_overdue_sql`).
pub const SQL_STATEMENT_SECONDS_MAX: i32 = 3_600;
/// Seconds that a transaction of an SQL login may do nothing.
pub const SQL_IDLE_IN_TRANSACTION_SECONDS: u32 = 60;
/// MiB of temporary files of one connection of an SQL login.
pub const SQL_TEMP_FILES_MIB: u32 = 512;
