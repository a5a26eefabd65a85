-- Who decided by hand that a person and an account belong together, or do not. Only ever added to. Times are seconds since 1970.
CREATE TABLE decisions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    service        TEXT NOT NULL,
    at             INTEGER NOT NULL,
    author         TEXT NOT NULL,
    linked         INTEGER NOT NULL,   -- 1 for linked, 0 for unlinked
    entry          TEXT NOT NULL,
    account        TEXT NOT NULL
);
CREATE INDEX decisions_of_entry ON decisions (service, entry);
CREATE INDEX decisions_of_account ON decisions (service, account);
