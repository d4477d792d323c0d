// The native modules that run in the service, held to what they were when they were pinned: `natives.json` has the SHA-256 of
// each of their binaries. The lock file holds the packages' archives to theirs; this holds what is installed.
//
//   node scripts/natives.mjs         says what differs
//   node scripts/natives.mjs --pin   takes what is installed, after you have looked at it
//
// Plain Node 20: it runs right after the installation.
import { createHash } from "node:crypto"
import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const pinFile = join(root, "scripts", "natives.json")
/** By the names under which they are imported. */
const modules = ["uWebSockets.js", "zeromq"]

/** Name, version and the hashes of all binaries of a module in a folder of modules. */
export const look = (folder, module) => {
  const base = join(folder, module)
  const { name, version } = JSON.parse(readFileSync(join(base, "package.json"), "utf8"))
  const files = readdirSync(base, { recursive: true })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".node"))
    .sort()
  const hashes = {}
  for (const file of files) {
    hashes[file] = createHash("sha256")
      .update(readFileSync(join(base, file)))
      .digest("hex")
  }
  return { package: `${name}@${version}`, files: hashes }
}

/** What differs from the pins, a line each. */
export const differences = (folder, pins) => {
  const found = []
  for (const [module, pinned] of Object.entries(pins)) {
    const present = look(folder, module)
    if (present.package !== pinned.package) {
      found.push(`${module} is ${present.package}, and ${pinned.package} is pinned`)
      continue
    }
    for (const [file, hash] of Object.entries(present.files)) {
      const wanted = pinned.files[file]
      if (wanted === undefined) found.push(`${module}: ${file} is not pinned (SHA-256 ${hash})`)
      else if (wanted !== hash) found.push(`${module}: ${file} has SHA-256 ${hash}, and ${wanted} is pinned`)
    }
  }
  return found
}

export const pins = () => JSON.parse(readFileSync(pinFile, "utf8"))

/** True: all is as it was pinned. Says what is not. */
export const verify = () => {
  const found = differences(join(root, "node_modules"), pins())
  if (found.length === 0) return true
  console.error("The native modules are not the ones that were pinned:")
  for (const line of found) console.error(`  ${line}`)
  console.error(
    "If you did not change them, do not run them: remove node_modules and install anew. If you did, see docs/dependencies.md and pin them: node scripts/natives.mjs --pin"
  )
  return false
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--pin")) {
    const now = Object.fromEntries(
      modules.map((module) => [module, look(join(root, "node_modules"), module)])
    )
    writeFileSync(pinFile, `${JSON.stringify(now, null, 2)}\n`)
  } else if (!verify()) process.exit(1)
}
