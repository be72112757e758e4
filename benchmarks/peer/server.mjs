// The peer of the row `read`: PostGraphile 5 over the same tables, tenancy by its pgSettings.
// `node server.mjs HOST PORT POOL`; the database is named by PGHOST, PGPORT, PGUSER and PGDATABASE.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const [host, port, max] = process.argv.slice(2);
const pool = new pg.Pool({ max: Number(max), options: "-c timezone=UTC" });
pool.on("error", () => {}); // the database goes first when a row is done

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafserv: { graphiql: false, watch: false },
  grafast: {
    explain: false,
    context: (ctx) => ({
      pgSettings: { "shuke.tenant_id": ctx.node.req.headers["x-tenant"] },
    }),
  },
};

const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
const [answer] = server.listeners("request");
server.removeAllListeners("request");
server.on("request", (request, response) =>
  request.url === "/healthz" ? response.end("{}") : answer(request, response),
);
server.listen(Number(port), host);
