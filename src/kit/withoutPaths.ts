/** Errors of Node and of other people's modules name files; clients are told the name alone, not where it is. */

/** An absolute path of two parts or more, as such or as a file's address; not the path of another address. */
const PATH = /(?<![\w:/.])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\s\\/'"`,;:()]+)+[\\/]([^\s\\/'"`,;:()]+)/g

export const withoutPaths = (text: string): string => text.replaceAll(PATH, "$1")
