/** Flags that several commands share. Each falls back to an environment variable, then to a default. */
import * as Config from "effect/Config"
import * as Schema from "effect/Schema"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"

export const Port = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))

export const dataDir = Flag.String("data-dir").pipe(
  Flag.withDescription("Folder of the database and the key file (ALGOWAYS_DATA_DIR)"),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_DATA_DIR")),
  Flag.withDefault("data")
)

export const port = Flag.Int("port").pipe(
  Flag.withAlias("p"),
  Flag.withSchema(Port),
  Flag.withDescription("Port of the gateway, 0 for any free one (ALGOWAYS_PORT)"),
  Flag.withFallbackConfig(Config.schema(Port, "ALGOWAYS_PORT")),
  Flag.withDefault(8765)
)

export const host = Flag.String("host").pipe(
  Flag.withDescription("Address that the gateway binds to (ALGOWAYS_HOST)"),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_HOST")),
  Flag.withDefault("127.0.0.1")
)

/** The default endpoint of the public ZeroMQ socket. */
export const DEFAULT_ZMQ = "tcp://127.0.0.1:5555"

export const zmq = Flag.String("zmq").pipe(
  Flag.withDescription(
    `Endpoint of the public ZeroMQ PUB socket, or "off" (ALGOWAYS_ZMQ_ENDPOINT; default ${DEFAULT_ZMQ})`
  ),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_ZMQ_ENDPOINT")),
  Flag.optional
)

export const feedControl = Flag.String("feed-control").pipe(
  Flag.withDescription("Endpoint of the control socket between feed and gateway (ALGOWAYS_FEED_CONTROL)"),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_FEED_CONTROL")),
  Flag.withDefault("tcp://127.0.0.1:5556")
)

export const feedFrames = Flag.String("feed-frames").pipe(
  Flag.withDescription("Endpoint of the frame socket between feed and gateway (ALGOWAYS_FEED_FRAMES)"),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_FEED_FRAMES")),
  Flag.withDefault("tcp://127.0.0.1:5557")
)

/** Repeatable: one for each broker that is simulated. */
export const simulator = Flag.String("simulator").pipe(
  Flag.withMetavar("url"),
  Flag.withDescription(
    'Lead a broker to a simulator in every respect: its sockets, logins and instruments. The address is what "algoways simulate" prints; repeatable'
  ),
  Flag.atLeast(0)
)

export const feedCurve = Flag.Literals("feed-curve", ["auto", "on", "off"]).pipe(
  Flag.withDescription(
    "Keys and encryption between feed and gateway: auto takes them unless both endpoints are on the loopback or ipc (ALGOWAYS_FEED_CURVE)"
  ),
  Flag.withFallbackConfig(Config.Literals(["auto", "on", "off"], "ALGOWAYS_FEED_CURVE")),
  Flag.withDefault("auto" as const)
)

export const json = Flag.Boolean("json").pipe(Flag.withDescription("Print JSON"), Flag.withDefault(false))

export const broker = Flag.String("broker").pipe(
  Flag.withAlias("b"),
  Flag.withDescription("Name of a broker")
)

export const user = Argument.String("user").pipe(Argument.withDescription("Name of a user"))

/** `USER/EXCHANGE:SYMBOL[:MODE]` lists: kept subscribed without any client. */
export const watch = Flag.String("watch").pipe(
  Flag.withMetavar("user/exchange:symbol:mode"),
  Flag.withDescription(
    "Keep these subscribed for ZeroMQ readers, comma-separated, e.g. demo/NSE:RELIANCE:quote,demo/NSE_INDEX:NIFTY:ltp (ALGOWAYS_WATCH)"
  ),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_WATCH")),
  Flag.withDefault("")
)

export const calendar = Flag.File("calendar").pipe(
  Flag.withDescription(
    "Exchange calendar by which silence is judged (ALGOWAYS_CALENDAR; default: calendar.json in the data folder, else the built-in one)"
  ),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_CALENDAR")),
  Flag.optional
)

export const selfCheck = Flag.String("self-check").pipe(
  Flag.withMetavar("HH:MM"),
  Flag.withDescription(
    "Check every user's login and feed at this time in India on each trading day, and log what is wrong (ALGOWAYS_SELF_CHECK)"
  ),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_SELF_CHECK")),
  Flag.optional
)

/** What the gateway is told beyond its address. */
export const gatewayFlags = {
  tlsCert: Flag.File("tls-cert").pipe(
    Flag.withDescription(
      "Certificate (PEM, with its chain) to serve wss: and https: with; read anew when it changes (ALGOWAYS_TLS_CERT)"
    ),
    Flag.withFallbackConfig(Config.String("ALGOWAYS_TLS_CERT")),
    Flag.optional
  ),
  tlsKey: Flag.File("tls-key").pipe(
    Flag.withDescription("The certificate's key, PEM (ALGOWAYS_TLS_KEY)"),
    Flag.withFallbackConfig(Config.String("ALGOWAYS_TLS_KEY")),
    Flag.optional
  ),
  origins: Flag.String("origins").pipe(
    Flag.withMetavar("https://charts.example,..."),
    Flag.withDescription("Web pages that may connect, comma-separated, or * (ALGOWAYS_ORIGINS)"),
    Flag.withFallbackConfig(Config.String("ALGOWAYS_ORIGINS")),
    Flag.optional
  ),
  trustedProxies: Flag.String("trusted-proxies").pipe(
    Flag.withMetavar("127.0.0.1,..."),
    Flag.withDescription(
      "Addresses or networks of proxies whose X-Forwarded-For is believed, comma-separated (ALGOWAYS_TRUSTED_PROXIES)"
    ),
    Flag.withFallbackConfig(Config.String("ALGOWAYS_TRUSTED_PROXIES")),
    Flag.optional
  ),
  limits: Flag.KeyValuePair("limit").pipe(
    Flag.withMetavar("name=number"),
    Flag.withDescription(
      "Change a limit of the gateway, e.g. maxConnectionsPerKey=50; repeatable (docs/limits.md)"
    ),
    Flag.optional
  )
}
const QuarantineMiB = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_240 }))

export const quarantine = Flag.Int("quarantine").pipe(
  Flag.withMetavar("MiB"),
  Flag.withSchema(QuarantineMiB),
  Flag.withDescription("Disk for rejected frames, in MiB; 0 keeps none (ALGOWAYS_QUARANTINE)"),
  Flag.withFallbackConfig(Config.schema(QuarantineMiB, "ALGOWAYS_QUARANTINE")),
  Flag.withDefault(32)
)

export const plausibility = Flag.String("plausibility").pipe(
  Flag.withMetavar("off|mark:20|drop:20"),
  Flag.withDescription(
    "Mark or drop prices outside the circuit limits, or so many percent from the one before (ALGOWAYS_PLAUSIBILITY)"
  ),
  Flag.withFallbackConfig(Config.String("ALGOWAYS_PLAUSIBILITY")),
  Flag.withDefault("off")
)

const RecordMinutes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120 }))

export const record = Flag.Int("record").pipe(
  Flag.withMetavar("minutes"),
  Flag.withSchema(RecordMinutes),
  Flag.withDescription(
    "Minutes of raw frames that are kept in memory for a recording; 0 keeps none (ALGOWAYS_RECORD)"
  ),
  Flag.withFallbackConfig(Config.schema(RecordMinutes, "ALGOWAYS_RECORD")),
  Flag.withDefault(5)
)
