// The peer of the row `live`: graphql-ws over ws, its subscription fed by lines of JSON on stdin.
import { createInterface } from "node:readline";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(`
  type Query { up: Boolean }
  type Change { kind: String! messageId: ID! tickets: Int! accepted: Int! known: Int! quarantined: Int! }
  type Update { cursor: String! gap: Boolean! change: Change }
  type Subscription { syncsChanged: Update! }
`);

const listeners = new Set();

async function* updates() {
  const waiting = [];
  let wake = () => {};
  const listener = (update) => {
    waiting.push(update);
    wake();
  };
  listeners.add(listener);
  try {
    yield { syncsChanged: { cursor: "0".repeat(22), gap: false, change: null } };
    for (;;) {
      if (waiting.length === 0) await new Promise((go) => (wake = go));
      yield { syncsChanged: waiting.shift() };
    }
  } finally {
    listeners.delete(listener);
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const update = JSON.parse(line);
  for (const listener of listeners) listener(update);
});

const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: "127.0.0.1",
  perMessageDeflate: false,
});
useServer({ schema, roots: { subscription: { syncsChanged: updates } } }, server);
process.stdin.on("end", () => process.exit(0));
