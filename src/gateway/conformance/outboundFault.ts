/** Holds a frame against the published messages. */
export const outboundFault = (_json: unknown): string | undefined => undefined
