#!/usr/bin/env python3
"""SCIM target: PyPI `scim2-server`, started with one of a few vendor-like profiles.
All protocol behaviour is scim2-server's; a profile only chooses schemas and announced features.

    scim2_profile.py PROFILE PORT TOKEN DIR       base URL: http://127.0.0.1:PORT/v2; DIR takes the profile's files

Run it with the Python of the folder that `lab install scim2` made.

PROFILE
  full       everything on (PATCH answers 204 without a body, ETag, sort, Bulk, pages capped at 1000)
  lucid      PATCH and ETag, no sort, no Bulk, pages capped at 100, plus Lucid's licence extension
  workplace  no PATCH (501), no ETag, no sort, no Bulk, pages capped at 100, plus Facebook's extensions
  cursor     RFC 9865 cursors by default, 25 a page at most
Unknown attributes and undeclared extensions are refused with 400, so a client must send only what
/Schemas lists. What it cannot mimic: Lucid leaving inactive users out of lists and being slow to see
a fresh user, Workplace's merge-like PUT and its 412 on DELETE.
"""
import json
import os
import sys

from scim2_models import EnterpriseUser, User
from scim2_server.testserver.cli import main

profile, port, token, folder = sys.argv[1:]
CORE, ENT = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def attr(name, kind="string", **kw):
    a = {"name": name, "type": kind, "multiValued": False, "description": name, "required": False,
         "mutability": "readWrite", "returned": "default", "uniqueness": "none"}
    if kind == "string":
        a["caseExact"] = False
    return a | kw


def ext(urn, *attrs):
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": urn,
            "name": urn.rsplit(":", 3)[1], "description": urn, "attributes": list(attrs)}


EXTRA = {
    "lucid": [ext("urn:ietf:params:scim:schemas:extension:lucid:2.0:User", attr("billingCode"),
                  attr("productLicenses", "complex", subAttributes=[
                      attr(n) for n in ("Lucidchart", "Lucidspark", "LucidscaleExplorer", "LucidscaleCreator")]))],
    "workplace": [
        ext("urn:ietf:params:scim:schemas:extension:facebook:starttermdates:2.0:User",
            attr("startDate", "integer"), attr("termDate", "integer")),
        ext("urn:ietf:params:scim:schemas:extension:facebook:accountstatusdetails:2.0:User",
            attr("invited", "boolean"), attr("inviteDate", "integer"), attr("claimed", "boolean"),
            attr("claimDate", "integer"), attr("claimLink"), attr("accessCode")),
        ext("urn:ietf:params:scim:schemas:extension:facebook:authmethod:2.0:User", attr("authMethod")),
    ],
}.get(profile, [])
limited = profile in ("lucid", "workplace")
spc = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": profile != "workplace"},
    "bulk": {"supported": not limited, "maxOperations": 0 if limited else 1000, "maxPayloadSize": 1048576},
    "filter": {"supported": True, "maxResults": 100 if limited else 1000},
    "changePassword": {"supported": False},
    "sort": {"supported": not limited},
    "etag": {"supported": profile != "workplace"},
    "authenticationSchemes": [{"type": "oauthbearertoken", "name": "bearer", "description": "static token"}],
}
if profile == "cursor":
    spc["pagination"] = {"cursor": True, "index": True, "defaultPaginationMethod": "cursor",
                         "defaultPageSize": 10, "maxPageSize": 25, "cursorTimeout": 3600}
dump = lambda m: json.loads(m.to_schema().model_dump_json(by_alias=True, exclude_none=True))
schemas = [dump(User), dump(EnterpriseUser)] + EXTRA
rtype = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "User", "name": "User",
         "endpoint": "/Users", "schema": CORE,
         "schemaExtensions": [{"schema": s["id"], "required": False} for s in schemas[1:]]}
for name, doc in (("schemas", schemas), ("types", [rtype]), ("spc", spc)):
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(doc, f)
args = ["--port", port, "--bearer-token", token]
if profile != "full":
    args += ["--schema", f"{folder}/schemas.json", "--resource-type", f"{folder}/types.json", "--service-provider-config", f"{folder}/spc.json"]
sys.argv = ["scim2-server", *args]
sys.exit(main())
