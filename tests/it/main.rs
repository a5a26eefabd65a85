//! The one integration-test binary.

mod fake_ldap;
mod ldap_hostile;
mod ldap_real;
mod ldap_refusals;
