/** Dhan's socket for books of 20 levels, both sides. */
import { DEPTH_20, depthProtocol } from "../dhan/depth.ts"
import { depthServerProtocol } from "../dhan/depthServer.ts"

export const protocol = depthProtocol(DEPTH_20)
export const serverProtocol = depthServerProtocol(DEPTH_20)
