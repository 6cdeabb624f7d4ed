// @generated automatically by Diesel CLI.

diesel::table! {
    agent_failures (project_id, run_id, failure_id, run_day) {
        occurred_at -> Timestamptz,
        told_at -> Nullable<Timestamptz>,
        run_day -> Date,
        kind -> Int2,
        told -> Bool,
        project_id -> Uuid,
        run_id -> Uuid,
        failure_id -> Uuid,
        fingerprint -> Uuid,
        step_id -> Nullable<Bytea>,
        step_name -> Text,
        agent -> Nullable<Text>,
        environment -> Nullable<Text>,
        release -> Nullable<Text>,
        code -> Nullable<Text>,
        message -> Text,
    }
}

diesel::table! {
    agent_payloads (project_id, run_id, chunk_id, run_day) {
        run_day -> Date,
        decoded_bytes -> Int4,
        project_id -> Uuid,
        run_id -> Uuid,
        chunk_id -> Uuid,
        steps -> Bytea,
        body -> Bytea,
    }
}

diesel::table! {
    agent_runs (project_id, run_id) {
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        received_at -> Timestamptz,
        last_received_at -> Timestamptz,
        input_tokens -> Int8,
        output_tokens -> Int8,
        cached_tokens -> Int8,
        reasoning_tokens -> Int8,
        cost_nano_usd -> Nullable<Int8>,
        steps -> Int8,
        failed_steps -> Int8,
        run_day -> Date,
        status -> Int2,
        is_run -> Bool,
        provisional -> Bool,
        stalled -> Bool,
        abandoned -> Bool,
        recount -> Bool,
        merging -> Bool,
        project_id -> Uuid,
        run_id -> Uuid,
        agent -> Nullable<Text>,
        agent_type -> Nullable<Text>,
        agent_version -> Nullable<Text>,
        workflow_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        environment -> Nullable<Text>,
        release -> Nullable<Text>,
        models -> Nullable<Array<Nullable<Text>>>,
        tools -> Nullable<Array<Nullable<Text>>>,
        tags -> Nullable<Array<Nullable<Text>>>,
        failure_types -> Nullable<Array<Nullable<Int2>>>,
        main_step -> Nullable<Bytea>,
        claims -> Text,
        contribution -> Bytea,
        finding_kinds -> Nullable<Array<Nullable<Int2>>>,
        findings -> Nullable<Text>,
    }
}

diesel::table! {
    agent_steps (project_id, run_id, step_id, run_day) {
        started_at -> Timestamptz,
        duration_us -> Nullable<Int8>,
        content_hash -> Int8,
        cost_nano_usd -> Nullable<Int8>,
        reported_cost_nano_usd -> Nullable<Int8>,
        args_hash -> Nullable<Int8>,
        first_token_us -> Nullable<Int8>,
        run_day -> Date,
        input_tokens -> Nullable<Int4>,
        output_tokens -> Nullable<Int4>,
        cached_tokens -> Nullable<Int4>,
        cache_write_tokens -> Nullable<Int4>,
        reasoning_tokens -> Nullable<Int4>,
        total_tokens -> Nullable<Int4>,
        price_version -> Nullable<Int4>,
        seq -> Nullable<Int4>,
        kind -> Int2,
        status -> Int2,
        flags -> Int2,
        error_decided -> Nullable<Int2>,
        project_id -> Uuid,
        run_id -> Uuid,
        step_id -> Bytea,
        parent_id -> Nullable<Bytea>,
        name -> Text,
        agent -> Nullable<Text>,
        model -> Nullable<Text>,
        provider -> Nullable<Text>,
        tool -> Nullable<Text>,
        capability -> Nullable<Text>,
        error_type -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        attributes -> Nullable<Jsonb>,
    }
}

diesel::table! {
    api_keys (project_id, key_id) {
        project_id -> Uuid,
        key_id -> Uuid,
        name -> Text,
        scopes -> Array<Nullable<Text>>,
        secret_hash -> Bytea,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_log (project_id, seq) {
        at -> Timestamptz,
        seq -> Int8,
        project_id -> Uuid,
        actor_id -> Nullable<Uuid>,
        actor_kind -> Text,
        action -> Text,
        subject -> Text,
        details -> Text,
        request_id -> Text,
        hash -> Bytea,
    }
}

diesel::table! {
    change_readers (reader) {
        reader -> Text,
        transaction_id -> Int8,
    }
}

diesel::table! {
    clock_offset (only_one) {
        only_one -> Bool,
        amount -> Interval,
    }
}

diesel::table! {
    erased_runs (project_id, run_id) {
        erased_at -> Timestamptz,
        project_id -> Uuid,
        run_id -> Uuid,
    }
}

diesel::table! {
    erasures (project_id, erasure_id) {
        requested_at -> Timestamptz,
        done_at -> Nullable<Timestamptz>,
        runs -> Int8,
        steps -> Int8,
        payload_chunks -> Int8,
        failures -> Int8,
        feedback -> Int8,
        quarantined -> Int8,
        failure_groups -> Int8,
        barrier -> Nullable<Int8>,
        kind -> Int2,
        project_id -> Uuid,
        erasure_id -> Uuid,
        subject -> Nullable<Text>,
        touched_groups -> Nullable<Array<Nullable<Uuid>>>,
    }
}

diesel::table! {
    failure_groups (project_id, fingerprint) {
        failures -> Int8,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        kind -> Int2,
        project_id -> Uuid,
        fingerprint -> Uuid,
        first_run_id -> Uuid,
        first_release -> Nullable<Text>,
        agent -> Text,
        step_name -> Text,
        title -> Text,
    }
}

diesel::table! {
    idempotency_keys (project_id, key) {
        created_at -> Timestamptz,
        project_id -> Uuid,
        body_hash -> Uuid,
        key -> Text,
    }
}

diesel::table! {
    identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Uuid,
        linked_at -> Timestamptz,
    }
}

diesel::table! {
    ingest_outcomes (project_id, bucket, outcome, code) {
        bucket -> Timestamptz,
        items -> Int8,
        project_id -> Uuid,
        outcome -> Text,
        code -> Text,
    }
}

diesel::table! {
    members (project_id, user_id) {
        project_id -> Uuid,
        user_id -> Uuid,
        role -> Int2,
        added_at -> Timestamptz,
    }
}

diesel::table! {
    password_links (token_hash) {
        token_hash -> Bytea,
        user_id -> Nullable<Uuid>,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    project_keys (project_id) {
        created_at -> Timestamptz,
        project_id -> Uuid,
        kek_id -> Text,
        wrapped_key -> Bytea,
    }
}

diesel::table! {
    project_settings (project_id) {
        changed_at -> Timestamptz,
        measured_at -> Nullable<Timestamptz>,
        stored_bytes -> Int8,
        project_id -> Uuid,
        settings -> Text,
    }
}

diesel::table! {
    project_storage (project_id, run_day) {
        measured_at -> Timestamptz,
        bytes -> Int8,
        run_day -> Date,
        project_id -> Uuid,
    }
}

diesel::table! {
    projects (project_id) {
        project_id -> Uuid,
        name -> Text,
        content_key -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    quarantine (project_id, item_id) {
        received_at -> Timestamptz,
        project_id -> Uuid,
        item_id -> Uuid,
        item -> Text,
        code -> Text,
        message -> Text,
        body -> Bytea,
    }
}

diesel::table! {
    run_changes (project_id, transaction_id) {
        transaction_id -> Int8,
        text_bytes -> Int8,
        recorded_at -> Timestamptz,
        project_id -> Uuid,
        body -> Bytea,
        texts -> Bytea,
    }
}

diesel::table! {
    run_feedback (project_id, run_id, feedback_id) {
        created_at -> Timestamptz,
        received_at -> Timestamptz,
        content_hash -> Int8,
        number -> Nullable<Float8>,
        value_kind -> Int2,
        source -> Int2,
        project_id -> Uuid,
        run_id -> Uuid,
        feedback_id -> Uuid,
        step_id -> Nullable<Bytea>,
        name -> Text,
        text -> Nullable<Text>,
        user_id -> Nullable<Text>,
        comment -> Nullable<Text>,
    }
}

diesel::table! {
    search_blocks (project_id, segment_id, block) {
        block -> Int4,
        project_id -> Uuid,
        segment_id -> Uuid,
        body -> Bytea,
    }
}

diesel::table! {
    search_segments (project_id, segment_id) {
        first_at -> Timestamptz,
        last_at -> Timestamptz,
        bytes -> Int8,
        documents -> Int4,
        bits -> Int2,
        level -> Int2,
        project_id -> Uuid,
        segment_id -> Uuid,
        ranks -> Bytea,
    }
}

diesel::table! {
    secrets (project_id, secret_id) {
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        project_id -> Uuid,
        secret_id -> Uuid,
        purpose -> Text,
        ciphertext -> Bytea,
    }
}

diesel::table! {
    sign_in_attempts (subject_hash) {
        subject_hash -> Bytea,
        began_at -> Timestamptz,
        attempts -> Int4,
    }
}

diesel::table! {
    sign_ins (sign_in_id) {
        sign_in_id -> Uuid,
        user_id -> Uuid,
        refresh_hash -> Bytea,
        previous_hash -> Nullable<Bytea>,
        began_at -> Timestamptz,
        renewed_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sql_logins (project_id, role) {
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        connections -> Int4,
        statement_seconds -> Int4,
        project_id -> Uuid,
        role -> Text,
    }
}

diesel::table! {
    usage_deltas (project_id, delta_id) {
        project_id -> Uuid,
        delta_id -> Uuid,
        body -> Bytea,
    }
}

diesel::table! {
    usage_hour (project_id, bucket, kind, status, agent, model, tool, environment) {
        bucket -> Timestamptz,
        items -> Int8,
        errors -> Int8,
        input_tokens -> Int8,
        output_tokens -> Int8,
        cached_tokens -> Int8,
        reasoning_tokens -> Int8,
        cost_nano_usd -> Int8,
        duration_us -> Int8,
        p50_us -> Int8,
        p95_us -> Int8,
        p99_us -> Int8,
        kind -> Int2,
        status -> Int2,
        project_id -> Uuid,
        agent -> Text,
        model -> Text,
        tool -> Text,
        environment -> Text,
        latency -> Bytea,
    }
}

diesel::table! {
    usage_hour_total (project_id, bucket, kind, status, agent, model, tool, environment) {
        bucket -> Timestamptz,
        items -> Int8,
        errors -> Int8,
        input_tokens -> Int8,
        output_tokens -> Int8,
        cached_tokens -> Int8,
        reasoning_tokens -> Int8,
        cost_nano_usd -> Int8,
        duration_us -> Int8,
        p50_us -> Int8,
        p95_us -> Int8,
        p99_us -> Int8,
        kind -> Int2,
        status -> Int2,
        project_id -> Uuid,
        agent -> Text,
        model -> Text,
        tool -> Text,
        environment -> Text,
        latency -> Bytea,
    }
}

diesel::table! {
    usage_minute (project_id, bucket, kind, status, agent, model, tool, environment) {
        bucket -> Timestamptz,
        items -> Int8,
        errors -> Int8,
        input_tokens -> Int8,
        output_tokens -> Int8,
        cached_tokens -> Int8,
        reasoning_tokens -> Int8,
        cost_nano_usd -> Int8,
        duration_us -> Int8,
        p50_us -> Int8,
        p95_us -> Int8,
        p99_us -> Int8,
        kind -> Int2,
        status -> Int2,
        project_id -> Uuid,
        agent -> Text,
        model -> Text,
        tool -> Text,
        environment -> Text,
        latency -> Bytea,
    }
}

diesel::table! {
    usage_minute_total (project_id, bucket, kind, status, agent, model, tool, environment) {
        bucket -> Timestamptz,
        items -> Int8,
        errors -> Int8,
        input_tokens -> Int8,
        output_tokens -> Int8,
        cached_tokens -> Int8,
        reasoning_tokens -> Int8,
        cost_nano_usd -> Int8,
        duration_us -> Int8,
        p50_us -> Int8,
        p95_us -> Int8,
        p99_us -> Int8,
        kind -> Int2,
        status -> Int2,
        project_id -> Uuid,
        agent -> Text,
        model -> Text,
        tool -> Text,
        environment -> Text,
        latency -> Bytea,
    }
}

diesel::table! {
    users (user_id) {
        user_id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        is_instance_admin -> Bool,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(api_keys -> projects (project_id));
diesel::joinable!(erasures -> projects (project_id));
diesel::joinable!(identities -> users (user_id));
diesel::joinable!(members -> projects (project_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(password_links -> users (user_id));
diesel::joinable!(project_keys -> projects (project_id));
diesel::joinable!(secrets -> project_keys (project_id));
diesel::joinable!(sign_ins -> users (user_id));
diesel::joinable!(sql_logins -> projects (project_id));

diesel::allow_tables_to_appear_in_same_query!(
    agent_failures,
    agent_payloads,
    agent_runs,
    agent_steps,
    api_keys,
    audit_log,
    change_readers,
    clock_offset,
    erased_runs,
    erasures,
    failure_groups,
    idempotency_keys,
    identities,
    ingest_outcomes,
    members,
    password_links,
    project_keys,
    project_storage,
    projects,
    quarantine,
    run_changes,
    run_feedback,
    search_blocks,
    search_segments,
    secrets,
    sign_in_attempts,
    sign_ins,
    sql_logins,
    usage_deltas,
    usage_hour,
    usage_hour_total,
    usage_minute,
    usage_minute_total,
    users,
);
