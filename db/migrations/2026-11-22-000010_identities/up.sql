-- Who somebody is at an OpenID provider. Once linked they are found by this, and no longer by their address,
-- which another may be given there.
CREATE TABLE identities (
    -- The address of the provider, as its tokens name it.
    issuer text NOT NULL CHECK (octet_length(issuer) BETWEEN 1 AND 255),
    -- What the provider calls them, and nobody else, ever.
    subject text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 255),
    user_id uuid NOT NULL REFERENCES users,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
);
GRANT SELECT, INSERT, DELETE ON identities TO runwatch_control;
