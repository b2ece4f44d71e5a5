import { defineConfig } from "vitest/config";

// The server that `npm run dev` talks to; the built page is always same-origin.
const server = "http://127.0.0.1:3000";

export default defineConfig({
  // Bare JSX needs no plugin: the runtime is named here and in tsconfig.json.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The page must work under a policy that forbids everything inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // dist is committed, so a build must not depend on the machine it ran on.
    sourcemap: false,
    reportCompressedSize: true,
  },
  server: {
    proxy: {
      "/api": server,
      "/socket.io": { target: server, ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
