#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// The `algoways` command: from source in a checkout, from the build in an installed package.
import { existsSync } from "node:fs"

const [major] = process.versions.node.split(".").map(Number)
if (major < 22) {
  console.error(
    `algoways needs Node 22; this is ${process.version}. In a checkout use "npx algoways ...", which brings its own.`
  )
  process.exit(1)
}
const source = new URL("../src/main.ts", import.meta.url)
await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href)
