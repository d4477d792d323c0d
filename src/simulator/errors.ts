/** Why a simulator did not start. */
import * as Schema from "effect/Schema"

/** The broker's wire or its master cannot be simulated. */
export class SimulatorUnsupported extends Schema.TaggedError<SimulatorUnsupported>()("SimulatorUnsupported", {
  broker: Schema.String,
  protocol: Schema.String,
  /** Formats of instrument masters that the simulator writes. */
  known: Schema.Array(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    const why =
      this.cause === undefined
        ? `its instrument master is of no format that the simulator writes (${this.known.join(", ")})`
        : String(this.cause)
    return `Broker "${this.broker}", which speaks "${this.protocol}", cannot be simulated: ${why}`
  }
}

/** The address could not be listened on. `reason` is the system's code, e.g. `EADDRINUSE`. */
export class SimulatorAddressUnavailable extends Schema.TaggedError<SimulatorAddressUnavailable>()(
  "SimulatorAddressUnavailable",
  { host: Schema.String, port: Schema.Finite, reason: Schema.String }
) {
  override get message() {
    const where = `${this.host}:${this.port}`
    switch (this.reason) {
      case "EADDRINUSE":
        return `${where} is in use. Stop what listens there, or choose another port (0 picks a free one).`
      case "EACCES":
        return `${where} may not be listened on by this user. Choose a port above 1023 (0 picks a free one).`
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        return `${this.host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all addresses.`
      default:
        return `${where} could not be listened on (${this.reason}). Use a port from 0 to 65535 and an address of this machine.`
    }
  }
}
