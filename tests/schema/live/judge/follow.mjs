// Follows pointsChanged as docs/live.md says, and prints a line for each update and each connection.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, authorization] = process.argv.slice(2);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const POINTS =
  "subscription ($after: String) { pointsChanged(after: $after) { cursor gap change { points } } }";

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: async () => ({ authorization }),
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: () => new Promise((go) => setTimeout(go, 50 + Math.random() * 100)),
  on: {
    connected: () => say({ connected: true }),
    closed: (event) => say({ closed: event.code }),
  },
});

const payload = { query: POINTS, variables: { after: null } };
client.subscribe(payload, {
  next: ({ data, errors }) => {
    const update = data.pointsChanged;
    payload.variables.after = update.cursor;
    say({ gap: update.gap, points: update.change?.points ?? null, errors });
  },
  error: (error) => say({ error: String(error?.reason ?? error?.message ?? JSON.stringify(error)) }),
  complete: () => say({ complete: true }),
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
