//! Rules: from an entry's attributes to the fields an account should have.
