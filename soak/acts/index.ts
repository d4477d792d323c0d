/** Every act of the hostile-client suite. */
import type { Acts } from "./act.ts"
import { careless } from "./careless.ts"
import { descriptors } from "./descriptors.ts"
import { http } from "./http.ts"
import { intervals } from "./intervals.ts"
import { keys } from "./keys.ts"
import { leaving } from "./leaving.ts"
import { requests } from "./requests.ts"
import { spellings } from "./spellings.ts"

export const acts: Acts = {
  ...careless,
  ...leaving,
  ...spellings,
  ...intervals,
  ...http,
  ...descriptors,
  ...keys,
  ...requests
}
