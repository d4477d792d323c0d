/**
 * For processes that carry ticks; imported before anything else.
 *
 * V8 learns where objects are made that live long, and puts the next ones of that place among the old at once. The first
 * ticks of a decoder do live long: each is the last one of its instrument. So V8 learnt that ticks are old, and from then
 * on collected them by marking the whole heap rather than by leaving the few that are alive (measured: a full Kite packet
 * then took 1100 to 1240 ns instead of 490 to 900, with the collector's threads on the other core). Ticks die young.
 */
import { setFlagsFromString } from "node:v8"

setFlagsFromString("--no-allocation-site-pretenuring")
