/** Dhan's socket for books of 200 levels, one instrument to a connection, both sides. */
import { DEPTH_200, depthProtocol } from "../dhan/depth.ts"
import { depthServerProtocol } from "../dhan/depthServer.ts"

export const protocol = depthProtocol(DEPTH_200)
export const serverProtocol = depthServerProtocol(DEPTH_200)
