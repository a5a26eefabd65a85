//! The transport under the LDAP client.
