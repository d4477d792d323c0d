/** Every act of the hostile-client suite. */
import type { Acts } from "./act.ts"
import { careless } from "./careless.ts"

export const acts: Acts = { ...careless }
