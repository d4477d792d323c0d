import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["algoways-source"] },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--disable-warning=ExperimentalWarning"],
    // Two cores are the smallest machine we support; system tests spawn processes of their own.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000
  }
})
