// In-memory SCIM 2.0 target built on the npm packages `scimmy` + `scimmy-routers`
// (protocol, schemas, filters, PATCH, Bulk are theirs; only the Map store is ours).
//   node scimmy_server.mjs PORT TOKEN     base URL: http://127.0.0.1:PORT/scim
// Run it from the folder that `lab install scimmy` (or scimmy5) made.
// Test knobs (environment):
//   MAX_PAGE=n      cap itemsPerPage at n whatever count asks (default: no cap)
//   HIDE_INACTIVE=1 leave active:false users out of lists (what Lucid documents)
//   NO_DELETE=1     answer DELETE /Users with 412 (what Workplace does for claimed accounts)
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import path from "node:path";
const require = createRequire(path.join(process.cwd(), "x.js"));
const express = require("express");
const dflt = (m) => m.default ?? m; // both packages must come from the same (CJS) build
const SCIMMY = dflt(require("scimmy"));
const SCIMMYRouters = dflt(require("scimmy-routers"));

const [port, token] = process.argv.slice(2);
const cap = Number(process.env.MAX_PAGE || 0);
const hide = !!process.env.HIDE_INACTIVE;
const same = (a, b) => String(a ?? "").toLowerCase() === String(b ?? "").toLowerCase();

function declare(Type, key) {
  const rows = new Map();
  SCIMMY.Resources.declare(Type)
    .ingress((resource, data) => {
      const id = resource.id;
      if (id && !rows.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
      for (const [k, v] of rows)
        if (k !== id && same(v[key], data[key]))
          throw new SCIMMY.Types.Error(409, "uniqueness", `${key} is already in use`);
      const now = new Date();
      const old = id ? rows.get(id) : null;
      const row = { ...JSON.parse(JSON.stringify(data)), id: id ?? randomUUID() };
      row.meta = { created: old?.meta.created ?? now, lastModified: now };
      rows.set(row.id, row);
      return row;
    })
    .egress((resource) => {
      if (resource.id) {
        const row = rows.get(resource.id);
        if (!row) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
        return row;
      }
      let all = [...rows.values()];
      if (hide) all = all.filter((r) => r.active !== false);
      if (cap) {
        resource.constraints ??= {};
        const c = Number(resource.constraints.count);
        resource.constraints.count = Number.isFinite(c) && c >= 0 ? Math.min(c, cap) : cap;
      }
      return resource.filter ? resource.filter.match(all) : all;
    })
    .degress((resource) => {
      if (process.env.NO_DELETE && Type === SCIMMY.Resources.User)
        throw new SCIMMY.Types.Error(412, null, "account was claimed, deactivate it instead");
      if (!rows.delete(resource.id))
        throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
    });
}
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
declare(SCIMMY.Resources.User, "userName");
declare(SCIMMY.Resources.Group, "displayName");

const app = express();
app.use("/scim", new SCIMMYRouters({
  type: "bearer",
  handler: (req) => {
    if (req.header("Authorization") !== `Bearer ${token}`) throw new Error("bad bearer token");
    return "lab";
  },
}));
const srv = app.listen(Number(port), "127.0.0.1", () => console.log(`scimmy on http://127.0.0.1:${port}/scim`));
process.on("SIGTERM", () => srv.close(() => process.exit(0)));
