/** What a child process gets of this one's environment: what Node and the system need, and no secret of anybody's. */

/** Where programs, files and certificates are, how texts and times are written, and how a program logs. */
const NEEDED = new Set([
  "PATH",
  "PATHEXT",
  "SYSTEMROOT",
  "WINDIR",
  "COMSPEC",
  "TMPDIR",
  "TEMP",
  "TMP",
  "HOME",
  "USERPROFILE",
  "LANG",
  "LANGUAGE",
  "TZ",
  "NODE_ENV",
  "NODE_OPTIONS",
  "NODE_EXTRA_CA_CERTS",
  "LD_LIBRARY_PATH",
  "ALGOWAYS_LOG_LEVEL",
  "ALGOWAYS_LOG_FORMAT"
])

export const childEnvironment = (own: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    // On Windows their names may be in any case.
    Object.entries(own).filter(([name]) => NEEDED.has(name.toUpperCase()) || name.startsWith("LC_"))
  )
