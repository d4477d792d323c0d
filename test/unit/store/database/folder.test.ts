import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { makeFolder } from "../../../../src/store/database/folder.ts"

describe("a folder of ours", () => {
  const root = mkdtempSync(join(tmpdir(), "algoways-folder-"))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const codeOf = (path: string): string => {
    try {
      makeFolder(path)
      return "made"
    } catch (cause) {
      return (cause as NodeJS.ErrnoException).code ?? "no code"
    }
  }

  it("is made with those above it, and stays as it is where it is there", () => {
    const deep = join(root, "a", "b", "c")
    makeFolder(deep)
    makeFolder(deep)
    assert.strictEqual(statSync(deep).mode & 0o777, 0o700)
    assert.strictEqual(statSync(join(root, "a")).mode & 0o777, 0o700)
  })

  it("fails below a file", () => {
    writeFileSync(join(root, "file"), "")
    assert.strictEqual(codeOf(join(root, "file", "below")), "ENOTDIR")
  })

  it.runIf(process.platform === "linux")("fails at once where the system takes no entry", () => {
    assert.strictEqual(codeOf("/proc/algoways/data"), "ENOENT")
    symlinkSync("/proc/algoways", join(root, "link"))
    assert.strictEqual(codeOf(join(root, "link", "data")), "ENOENT")
  })
})
