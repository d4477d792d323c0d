import { afterEach, assert, describe, it } from "@effect/vitest"
import { Newcomers } from "../../../src/gateway/newcomers.ts"

interface Seated {
  readonly name: string
  isHeard: boolean
  readonly makeRoom: () => void
}

/** Places, and what has happened there. */
const setUp = (most: number) => {
  let now = 0
  const events: Array<string> = []
  const places = new Newcomers<Seated>(most, () => now)
  const seated = new Map<string, Seated>()
  const arrive = (name: string) => {
    const who = {
      enter: () => {
        events.push(`${name} in`)
        const client = { name, isHeard: false, makeRoom: () => void events.push(`${name} made room`) }
        seated.set(name, client)
        places.joined(client)
      },
      decline: () => void events.push(`${name} declined`)
    }
    places.admit(who)
    places.tend()
    return who
  }
  return {
    places,
    arrive,
    hear: (name: string, isHeard: boolean) => void (seated.get(name)!.isHeard = isHeard),
    logsIn: (name: string) => {
      places.loggedIn(seated.get(name)!)
      places.tend()
    },
    leaves: (name: string) => {
      places.left(seated.get(name)!)
      places.tend()
    },
    pass: (ms: number) => {
      now += ms
      places.tend()
    },
    happened: () => events.splice(0)
  }
}

describe("clients that are not logged in", () => {
  let end: () => void = () => undefined
  afterEach(() => end())
  const world = (most: number) => {
    const made = setUp(most)
    end = () => made.places.close()
    return made
  }

  it("enter while there are places", () => {
    const { arrive, happened, leaves } = world(2)
    for (const name of ["a", "b", "c"]) arrive(name)
    assert.deepStrictEqual(happened(), ["a in", "b in"])
    leaves("a")
    assert.deepStrictEqual(happened(), ["c in"])
  })

  it("make room after a second, the oldest first, and only for those who wait", () => {
    const { arrive, happened, pass } = world(2)
    arrive("a")
    pass(500)
    arrive("b")
    pass(10_000)
    assert.deepStrictEqual(happened(), ["a in", "b in"])
    arrive("c")
    assert.deepStrictEqual(happened(), ["a made room", "c in"])
    arrive("d")
    arrive("e")
    assert.deepStrictEqual(happened(), ["b made room", "d in"])
    pass(999)
    assert.deepStrictEqual(happened(), [])
    pass(1)
    assert.deepStrictEqual(happened(), ["c made room", "e in"])
  })

  it("keep their places while their first request waits for the gateway", () => {
    const { arrive, happened, hear, pass } = world(2)
    pass(1000)
    for (const name of ["a", "b", "c"]) arrive(name)
    hear("a", true)
    pass(1000)
    assert.deepStrictEqual(happened(), ["a in", "b in", "b made room", "c in"])
    arrive("d")
    hear("a", false)
    pass(100)
    assert.deepStrictEqual(happened(), ["a made room", "d in"])
  })

  it("have more time while others log in, as in a crowd after a restart", () => {
    const { arrive, happened, logsIn, pass } = world(2)
    for (const name of ["a", "b", "c", "d", "e"]) arrive(name)
    pass(900)
    logsIn("b")
    pass(200)
    assert.deepStrictEqual(happened(), ["a in", "b in", "e in"])
    pass(800)
    assert.deepStrictEqual(happened(), ["a made room", "e made room", "d in", "c in"])
  })

  it("enter in the order of the newest first, so that a crowd that waits for nothing delays nobody", () => {
    const { arrive, happened, leaves } = world(1)
    for (const name of ["a", "b", "c", "d"]) arrive(name)
    leaves("a")
    leaves("d")
    assert.deepStrictEqual(happened(), ["a in", "d in", "c in"])
  })

  it("are declined when they have waited long enough, and forgotten when they go", () => {
    const { arrive, happened, leaves, pass, places } = world(1)
    arrive("a")
    const gone = arrive("gone")
    places.cancel(gone)
    assert.strictEqual(places.waiting, 0)
    for (let i = 0; i < 3; i++) arrive(`w${i}`)
    happened()
    // Each that enters is in peace for a second: the others' patience ends before their turn.
    pass(4999)
    assert.deepStrictEqual(happened(), ["a made room", "w2 in"])
    pass(1)
    assert.deepStrictEqual(happened(), ["w0 declined", "w1 declined"])
    leaves("w2")
    assert.deepStrictEqual(happened(), [])
  })
})
