# shellcheck shell=bash disable=SC2034
# Which outside software the lab installs: the one place that names versions. Debian's packages are whatever the
# distribution has; everything from PyPI and npm is pinned, the helpers of scim2-server included.

OPENLDAP_PACKAGES=(slapd ldap-utils openssl)

SCIM2_PACKAGES=(
  'scim2-server[cursor]==0.8.3'
  annotated-types==0.8.0 cffi==2.1.1 cryptography==50.0.2 dnspython==2.9.2 email-validator==2.4.0 idna==3.20 lark==1.3.1
  pycparser==3.12 pydantic==2.14.3 pydantic_core==2.50.4 scim2-models==0.12.3 typing-inspection==0.4.5 typing_extensions==4.16.0
)

# Two major versions of express, because SCIMMY loses startIndex and count on version 5.
SCIMMY_PACKAGES=(scimmy@1.3.5 scimmy-routers@1.3.2)
SCIMMY_EXPRESS_4=express@4
SCIMMY_EXPRESS_5=express@5
