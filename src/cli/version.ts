/** The version of package.json, which lies above `src/` and above `dist/` alike. */
import { readFileSync } from "node:fs"

export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version
