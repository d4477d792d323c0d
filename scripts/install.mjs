// Installs the dependencies when they are missing or older than the lock file, so that `npm start` and
// `npm test` work on a fresh clone. Plain Node 20: it runs before anything is installed.
import { spawnSync } from "node:child_process"
import { existsSync, rmSync, statSync } from "node:fs"
import { verify } from "./natives.mjs"

const installed = "node_modules/.package-lock.json"
const current = existsSync(installed) && statSync(installed).mtimeMs >= statSync("package-lock.json").mtimeMs

if (!current) {
  console.error("Installing dependencies (npm ci), once; this takes a minute or so ...")
  const { status } = spawnSync("npm", ["ci"], {
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32"
  })
  if (status !== 0) {
    console.error("npm ci failed. Check the connection to the package registry and try again.")
    process.exit(status ?? 1)
  }
  if (!verify()) {
    // Or the next start would take it for installed.
    rmSync(installed, { force: true })
    process.exit(1)
  }
}
