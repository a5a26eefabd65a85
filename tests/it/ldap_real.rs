//! A real OpenLDAP as the source.
