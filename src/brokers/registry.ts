/**
 * The broker registry: from a broker's name to its data, loaded on first use.
 *
 * Adding a shipped broker is one line in `builtIn`. An application adds its own with `register`, under a new name or
 * in place of a shipped one.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { messageOf } from "../kit/messageOf.ts"
import { BrokerLoadFailed, BrokerMisconfigured, UnsupportedBroker } from "../market/errors.ts"
import type { BrokerAdapter } from "./adapter.ts"
import type { Broker } from "./broker.ts"
import { streamsOf, wiresOf } from "./broker.ts"
import { moveProblems } from "./movedAddresses.ts"
import { hasVariant, unknownNames, variantProblems } from "./overrideProblems.ts"
import type { BrokerOverride } from "./overrides.ts"
import { BrokerOverrides, OverrideProblems, applyOverride, wireOf } from "./overrides.ts"

/** What a broker's module exports. */
export interface BrokerModule {
  readonly broker: Broker
  /** An adapter of its own, in place of the session that speaks `broker.protocol`. */
  readonly adapter?: Layer.Layer<BrokerAdapter>
}

export type BrokerLoader = () => Promise<BrokerModule>

const builtIn: Readonly<Record<string, BrokerLoader>> = {
  aliceblue: () => import("./data/aliceblue.ts"),
  angel: () => import("./data/angel.ts"),
  arrow: () => import("./data/arrow.ts"),
  compositedge: () => import("./data/compositedge.ts"),
  definedge: () => import("./data/definedge.ts"),
  deltaexchange: () => import("./data/deltaexchange.ts"),
  dhan: () => import("./data/dhan.ts"),
  dhan_sandbox: () => import("./data/dhan_sandbox.ts"),
  firstock: () => import("./data/firstock.ts"),
  fivepaisa: () => import("./data/fivepaisa.ts"),
  fivepaisaxts: () => import("./data/fivepaisaxts.ts"),
  flattrade: () => import("./data/flattrade.ts"),
  fyers: () => import("./data/fyers.ts"),
  groww: () => import("./data/groww.ts"),
  hdfcsecurities: () => import("./data/hdfcsecurities.ts"),
  hdfcsky: () => import("./data/hdfcsky.ts"),
  ibulls: () => import("./data/ibulls.ts"),
  iifl: () => import("./data/iifl.ts"),
  iiflcapital: () => import("./data/iiflcapital.ts"),
  indmoney: () => import("./data/indmoney.ts"),
  jainamxts: () => import("./data/jainamxts.ts"),
  kotak: () => import("./data/kotak.ts"),
  motilal: () => import("./data/motilal.ts"),
  mstock: () => import("./data/mstock.ts"),
  nubra: () => import("./data/nubra.ts"),
  paytm: () => import("./data/paytm.ts"),
  pocketful: () => import("./data/pocketful.ts"),
  rmoney: () => import("./data/rmoney.ts"),
  samco: () => import("./data/samco.ts"),
  shoonya: () => import("./data/shoonya.ts"),
  tradejini: () => import("./data/tradejini.ts"),
  tradesmart: () => import("./data/tradesmart.ts"),
  upstox: () => import("./data/upstox.ts"),
  wisdom: () => import("./data/wisdom.ts"),
  zebu: () => import("./data/zebu.ts"),
  zerodha: () => import("./data/zerodha.ts")
}

/** The names of the brokers that are shipped, sorted. */
export const builtInBrokers: ReadonlyArray<string> = Object.keys(builtIn).sort()

export type BrokerUnusable = UnsupportedBroker | BrokerLoadFailed | BrokerMisconfigured

/** Settings that the broker or one of its protocols does not take fail here, and not in a connection. */
const configured = Effect.fnUntraced(function* (module: BrokerModule, override: BrokerOverride) {
  const { name } = module.broker
  const wire = yield* Effect.try({
    try: () => wireOf(module.broker, override),
    catch: (cause) =>
      new BrokerMisconfigured({
        broker: name,
        problems: [`${name}: ${messageOf(cause)}`]
      })
  })
  const broker = applyOverride(wire, override)
  const variants = Effect.tryPromise({
    try: () => variantProblems(broker),
    catch: (cause) => new BrokerLoadFailed({ broker: name, cause })
  })
  const problems = [
    ...unknownNames(wire, override),
    ...moveProblems(wire, broker, override),
    ...(hasVariant(override) ? yield* variants : [])
  ]
  if (problems.length > 0) return yield* new BrokerMisconfigured({ broker: name, problems })
  return { ...module, broker }
})

export class BrokerRegistry extends Context.Service<
  BrokerRegistry,
  {
    /** All names, sorted. Loads nothing. */
    readonly names: Effect.Effect<ReadonlyArray<string>>
    /** The broker of a name in any case, with the configured overrides applied. */
    readonly load: (name: string) => Effect.Effect<BrokerModule, BrokerUnusable>
    /**
     * A broker's stream by name: the main stream has the broker's own name, deep-book streams have theirs
     * (`dhan_depth20`).
     *
     * @param protocol decides if the broker speaks several; a stream may then be named after both (`kotak_sfeed`)
     */
    readonly feed: (stream: string, protocol?: string) => Effect.Effect<Broker, BrokerUnusable>
    readonly register: (name: string, loader: BrokerLoader) => Effect.Effect<void>
  }
>()("algoways/brokers/BrokerRegistry") {
  static readonly layer = Layer.effect(
    BrokerRegistry,
    Effect.gen(function* () {
      const overrides = yield* BrokerOverrides
      const problems = yield* OverrideProblems
      const loaders = new Map(Object.entries(builtIn))
      const loaded = new Map<string, BrokerModule>()
      const names = Effect.sync(() => [...loaders.keys()].sort())

      const load = Effect.fn("BrokerRegistry.load")(function* (name: string) {
        const key = name.trim().toLowerCase()
        const known = loaded.get(key)
        if (known !== undefined) return known
        const loader = loaders.get(key)
        if (loader === undefined) return yield* new UnsupportedBroker({ broker: name, known: yield* names })
        const wrong = problems[key]
        if (wrong !== undefined) return yield* new BrokerMisconfigured({ broker: key, problems: wrong })
        const module = yield* Effect.tryPromise({
          try: loader,
          catch: (cause) => new BrokerLoadFailed({ broker: key, cause })
        })
        const override = overrides[key]
        const ready = override === undefined ? module : yield* configured(module, override)
        loaded.set(key, ready)
        return ready
      })

      const feed = Effect.fn("BrokerRegistry.feed")(function* (stream: string, protocol?: string) {
        const key = stream.trim().toLowerCase()
        if (loaders.has(key)) {
          const { broker } = yield* load(key)
          return streamsOf(wiresOf(broker).find((wire) => wire.protocol === protocol) ?? broker)[0]!
        }
        // Only the names are known without loading, and deep-book streams are few. A broker with wrong settings hides no
        // other one.
        for (const name of loaders.keys()) {
          const module = yield* Effect.catchTag(load(name), "BrokerMisconfigured", () => Effect.undefined)
          if (module === undefined) continue
          const found = streamsOf(module.broker).find((part) => part.name === key)
          if (found !== undefined) return found
        }
        for (const name of loaders.keys()) {
          if (!key.startsWith(`${name}_`)) continue
          const wires = wiresOf((yield* load(name)).broker)
          const found = wires.length > 1 ? wires.find((wire) => wire.protocol === protocol) : undefined
          if (found !== undefined) return streamsOf(found)[0]!
        }
        return yield* new UnsupportedBroker({ broker: stream, known: yield* names })
      })

      return BrokerRegistry.of({
        names,
        load,
        feed,
        register: (name, loader) =>
          Effect.sync(() => {
            const key = name.trim().toLowerCase()
            loaders.set(key, loader)
            loaded.delete(key)
          })
      })
    })
  )
}
