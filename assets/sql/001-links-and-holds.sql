-- Who is remembered to be whom, and who is to be left alone. Times are seconds since 1970, UTC.
CREATE TABLE links (
    service        TEXT NOT NULL,      -- the target's base URL: channels to one service share its links
    entry          TEXT NOT NULL,
    account        TEXT NOT NULL,
    channel        TEXT NOT NULL,
    origin         TEXT NOT NULL CHECK (origin IN ('created', 'matched', 'by_hand')),
    since          INTEGER NOT NULL,
    remembered     TEXT NOT NULL,      -- JSON list: what the account showed when it was last seen
    last_active    INTEGER NOT NULL,
    PRIMARY KEY (service, entry),
    UNIQUE (service, account)
) WITHOUT ROWID;

CREATE TABLE holds (
    service        TEXT NOT NULL,
    held           TEXT NOT NULL CHECK (held IN ('entry', 'account')),
    id             TEXT NOT NULL,
    reason         TEXT NOT NULL,
    author         TEXT NOT NULL,
    since          INTEGER NOT NULL,
    until          INTEGER,
    PRIMARY KEY (service, held, id)
) WITHOUT ROWID;

-- What the links of a channel belong to. If it changes, they are not used until somebody says that it is the same.
CREATE TABLE channels (
    name           TEXT NOT NULL PRIMARY KEY,
    base_url       TEXT NOT NULL,
    naming_context TEXT NOT NULL,
    id_attribute   TEXT NOT NULL
) WITHOUT ROWID;
