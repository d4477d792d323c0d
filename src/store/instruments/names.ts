/** What users and brokers may be called. */
import * as Effect from "effect/Effect"
import { InvalidInput } from "../errors.ts"

/** User names appear in topics, logs and file names of others: 1 to 64 of letters, digits and `_ . @ -`. */
const userName = /^[A-Za-z0-9_.@-]{1,64}$/

export const checkUserName = (name: string): Effect.Effect<string, InvalidInput> =>
  userName.test(name)
    ? Effect.succeed(name)
    : Effect.fail(
        new InvalidInput({
          detail: `${shown(name)} is not a user name. Use 1 to 64 letters, digits, "_", ".", "@" or "-".`
        })
      )

const brokerName = /^[a-z0-9_.-]{1,64}$/

/** The form of a broker's name under which its rows are stored; the registry normalises names in the same way. */
export const brokerKey = (name: string): string => name.trim().toLowerCase()

export const checkBrokerName = (name: string): Effect.Effect<string, InvalidInput> => {
  const key = brokerKey(name)
  return brokerName.test(key)
    ? Effect.succeed(key)
    : Effect.fail(
        new InvalidInput({
          detail: `${shown(name)} is not a broker's name. List them with "algoways brokers".`
        })
      )
}

/** Quoted, cut, and without control characters. */
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
