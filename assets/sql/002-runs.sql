-- What was sent, what came of it, and what was learnt by it. Times of steps are milliseconds since 1970, all others seconds.
CREATE TABLE runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    channel        TEXT NOT NULL,
    service        TEXT NOT NULL,
    plan           TEXT NOT NULL,      -- the content id of the plan
    undo_of        INTEGER,            -- the run that this one takes back
    author         TEXT NOT NULL,
    started        INTEGER NOT NULL,
    frozen         INTEGER NOT NULL DEFAULT 0,   -- all of its rows are here; before that, nothing is sent
    ended          INTEGER,
    ending         TEXT CHECK (ending IN ('done', 'cancelled', 'stopped')),
    why            TEXT,
    terms          TEXT NOT NULL       -- JSON: which limits were lifted, and with which numbers
);

-- The approved rows of a run, as they were approved. `content` is the row of the plan document.
CREATE TABLE run_rows (
    run            INTEGER NOT NULL,
    n              INTEGER NOT NULL,
    action         TEXT NOT NULL,
    user_name      TEXT,
    entry          TEXT,
    account        TEXT,               -- of a create: the one that was made
    state          TEXT NOT NULL DEFAULT 'waiting'
                   CHECK (state IN ('waiting', 'done', 'failed', 'stale', 'left', 'doubt')),
    content        TEXT NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
CREATE INDEX run_rows_of_entry ON run_rows (entry) WHERE entry IS NOT NULL;
CREATE INDEX run_rows_of_account ON run_rows (account) WHERE account IS NOT NULL;

-- One request that changes something. It is here before it leaves; `ended` is empty until it is known what came of it.
CREATE TABLE steps (
    run            INTEGER NOT NULL,
    n              INTEGER NOT NULL,
    step           INTEGER NOT NULL,
    kind           TEXT NOT NULL,      -- create, fields, active, delete
    begun          INTEGER NOT NULL,
    request        TEXT NOT NULL,      -- method and path
    before         TEXT,               -- JSON: what the account had of what is changed
    ended          INTEGER,
    result         TEXT,               -- done, failed, unsent
    status         INTEGER,            -- HTTP
    cause          TEXT,
    request_id     TEXT,               -- the service's
    after          TEXT,               -- JSON: what the account had afterwards, where it told
    PRIMARY KEY (run, n, step)
) WITHOUT ROWID;
CREATE INDEX open_steps ON steps (run, n) WHERE ended IS NULL;

-- Rows that failed or are in doubt, until they are done or forgotten.
CREATE TABLE owed (
    service        TEXT NOT NULL,
    subject        TEXT NOT NULL,      -- the entry's id, else the account's
    channel        TEXT NOT NULL,
    user_name      TEXT,
    action         TEXT NOT NULL,
    run            INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    cause          TEXT NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (service, subject)
) WITHOUT ROWID;

-- Accounts that we made inactive: enabling them again is no surprise.
CREATE TABLE disabled (
    service        TEXT NOT NULL,
    account        TEXT NOT NULL,
    run            INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (service, account)
) WITHOUT ROWID;

-- Values that a service does not take as they are sent: not sent again while both stay as they are.
CREATE TABLE kept (
    service        TEXT NOT NULL,
    account        TEXT NOT NULL,
    field          TEXT NOT NULL,
    sent           TEXT NOT NULL,      -- JSON
    shows          TEXT NOT NULL,      -- JSON
    at             INTEGER NOT NULL,
    PRIMARY KEY (service, account, field)
) WITHOUT ROWID;

-- What a service turned out to want otherwise than its connector says. JSON.
CREATE TABLE habits (
    service        TEXT NOT NULL PRIMARY KEY,
    habits         TEXT NOT NULL
) WITHOUT ROWID;

-- How many people a channel had at its last complete read that was applied or accepted.
CREATE TABLE baselines (
    channel        TEXT NOT NULL PRIMARY KEY,
    entries        INTEGER NOT NULL,
    at             INTEGER NOT NULL
) WITHOUT ROWID;

-- Whom the last plan of a channel would remove: a number on a command line is only believed about these.
CREATE TABLE last_plans (
    channel        TEXT NOT NULL PRIMARY KEY,
    plan           TEXT NOT NULL,
    at             INTEGER NOT NULL,
    removals       INTEGER NOT NULL,
    fingerprint    TEXT NOT NULL       -- of accounts and verbs
) WITHOUT ROWID;
