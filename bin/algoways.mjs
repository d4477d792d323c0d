#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// The `algoways` command: from source in a checkout, from the build in an installed package.
import { existsSync } from "node:fs"

const [major, minor] = process.versions.node.split(".").map(Number)
// The SQLite of older ones has no full-text search, which finding instruments needs.
if (major < 22 || (major === 22 && minor < 16)) {
  console.error(
    `algoways needs Node 22.16 or later; this is ${process.version}. In a checkout use "npx algoways ...", which brings its own.`
  )
  process.exit(1)
}
const source = new URL("../src/main.ts", import.meta.url)
await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href)
