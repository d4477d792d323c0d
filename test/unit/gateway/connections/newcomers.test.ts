import { afterEach, assert, describe, it } from "@effect/vitest"
import { Newcomers } from "../../../../src/gateway/connections/newcomers.ts"

interface Seated {
  readonly address: string
  hesitatesMs: number
  hasSpoken: boolean
  isHeard: boolean
  readonly makeRoom: (afterMs: number) => void
}

/** Places, and what has happened there. */
const setUp = (most: number) => {
  let now = 0
  const events: Array<string> = []
  const places = new Newcomers<Seated>(most, () => now)
  const seated = new Map<string, Seated>()
  const arrive = (name: string, address = "here", hesitatesMs = 0) => {
    const who = {
      address,
      enter: () => {
        events.push(`${name} in`)
        const client: Seated = {
          address,
          hesitatesMs,
          hasSpoken: false,
          isHeard: false,
          makeRoom: (afterMs) => void events.push(`${name} made room after ${afterMs}`)
        }
        seated.set(name, client)
        places.joined(client)
      },
      decline: () => void events.push(`${name} declined`)
    }
    places.admit(who)
    places.tend()
    return who
  }
  const speaks = (name: string, isHeard = false) => {
    const client = seated.get(name)!
    client.hasSpoken = true
    client.isHeard = isHeard
    places.spoke(client)
  }
  return {
    places,
    arrive,
    speaks,
    logsIn: (name: string) => {
      speaks(name)
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

  it("make room after half a second of silence, the oldest first, and only for those who wait", () => {
    const { arrive, happened, pass } = world(2)
    arrive("a")
    pass(200)
    arrive("b")
    pass(10_000)
    assert.deepStrictEqual(happened(), ["a in", "b in"])
    arrive("c")
    assert.deepStrictEqual(happened(), ["a made room after 10200", "c in"])
    arrive("d")
    arrive("e")
    assert.deepStrictEqual(happened(), ["b made room after 10000", "d in"])
    pass(499)
    assert.deepStrictEqual(happened(), [])
    pass(1)
    assert.deepStrictEqual(happened(), ["c made room after 500", "e in"])
  })

  it("have a little of the time that others of their address took until they spoke", () => {
    const { arrive, happened, logsIn, pass } = world(2)
    arrive("quick")
    pass(30)
    logsIn("quick")
    arrive("far", "there")
    pass(300)
    logsIn("far")
    happened()
    arrive("a", "here")
    arrive("b", "there")
    for (const name of ["c", "d"]) arrive(name)
    pass(119)
    assert.deepStrictEqual(happened(), ["a in", "b in"])
    pass(1)
    assert.deepStrictEqual(happened(), ["a made room after 120", "d in"])
    // The other one's address is another.
    pass(119)
    assert.deepStrictEqual(happened(), [])
    pass(1)
    assert.deepStrictEqual(happened(), ["d made room after 120", "c in"])
  })

  it("have four seconds on some places, by which it is seen when all are slow", () => {
    const { arrive, happened, logsIn, pass } = world(4)
    const crowd = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    for (const name of crowd) arrive(name)
    pass(500)
    assert.deepStrictEqual(happened(), [
      "a in",
      "b in",
      "c in",
      "d in",
      "b made room after 500",
      "j in",
      "c made room after 500",
      "e in",
      "d made room after 500",
      "i in"
    ])
    pass(300)
    logsIn("a")
    assert.deepStrictEqual(happened(), ["f in"])
    // 800 ms are usual.
    pass(2899)
    assert.deepStrictEqual(happened(), [])
    pass(1)
    assert.deepStrictEqual(happened(), ["j made room after 3200", "h in", "e made room after 3200", "g in"])
  })

  it("keep their places while their first request waits for the gateway", () => {
    const { arrive, happened, pass, speaks } = world(2)
    for (const name of ["a", "b", "c"]) arrive(name)
    speaks("a", true)
    pass(1000)
    assert.deepStrictEqual(happened(), ["a in", "b in", "b made room after 1000", "c in"])
    arrive("d")
    speaks("a", false)
    pass(100)
    assert.deepStrictEqual(happened(), ["a made room after 1100", "d in"])
  })

  it("are not dropped for one that is silent once they have spoken, unless those are most of all", () => {
    const { arrive, happened, pass, speaks } = world(4)
    for (const name of ["slow", "a", "b", "c"]) arrive(name)
    speaks("a")
    pass(600)
    arrive("d")
    arrive("e")
    assert.deepStrictEqual(happened().slice(4), [
      "b made room after 600",
      "d in",
      "c made room after 600",
      "e in"
    ])
    pass(500)
    arrive("f")
    assert.deepStrictEqual(happened(), ["d made room after 500", "f in"])
    for (const name of ["slow", "e"]) speaks(name)
    arrive("g")
    assert.deepStrictEqual(happened(), ["a made room after 1100", "g in"])
    speaks("f")
    pass(500)
    arrive("h")
    assert.deepStrictEqual(happened(), ["g made room after 500", "h in"])
    arrive("i")
    assert.deepStrictEqual(happened(), ["e made room after 1000", "i in"])
  })

  it("make room for those of an address that has few", () => {
    const { arrive, happened, leaves, pass, speaks } = world(3)
    arrive("other", "there")
    arrive("a")
    arrive("b")
    pass(1000)
    arrive("c", "there")
    assert.deepStrictEqual(happened().slice(3), ["a made room after 1000", "c in"])
    speaks("b", true)
    speaks("c", true)
    speaks("other", true)
    arrive("d", "there")
    arrive("single", "elsewhere")
    happened()
    leaves("c")
    leaves("other")
    assert.deepStrictEqual(happened(), ["single in", "d in"])
  })

  it("have the time that they need by nature", () => {
    const { arrive, happened, logsIn, pass } = world(2)
    arrive("quick")
    pass(5)
    logsIn("quick")
    arrive("plugin", "here", 200)
    arrive("a")
    arrive("b")
    happened()
    pass(100)
    assert.deepStrictEqual(happened(), ["a made room after 100", "b in"])
    pass(200)
    logsIn("plugin")
    // It says nothing of the others.
    for (const name of ["c", "d", "e"]) arrive(name)
    happened()
    pass(50)
    assert.deepStrictEqual(happened(), ["c made room after 50", "e in"])
  })

  it("are declined when they have waited long enough, and forgotten when they go", () => {
    const { arrive, happened, leaves, pass, places, speaks } = world(1)
    arrive("a")
    speaks("a", true)
    const gone = arrive("gone")
    places.cancel(gone)
    assert.strictEqual(places.waiting, 0)
    for (let i = 0; i < 3; i++) arrive(`w${i}`)
    happened()
    pass(4999)
    assert.deepStrictEqual(happened(), [])
    pass(1)
    assert.deepStrictEqual(happened(), ["w0 declined", "w1 declined", "w2 declined"])
    assert.strictEqual(places.waiting, 0)
    leaves("a")
    assert.deepStrictEqual(happened(), [])
  })
})

/** Happenings on a clock of their own. */
const simulation = () => {
  let now = 0
  const due: Array<{ readonly at: number; readonly act: () => void }> = []
  return {
    now: () => now,
    in: (ms: number, act: () => void) => void due.push({ at: now + ms, act }),
    run: (until: number, everyMs: number, always: () => void) => {
      let beat = now
      while (now < until) {
        due.sort((a, b) => a.at - b.at)
        const next = due[0]
        if (next !== undefined && next.at <= beat) {
          due.shift()
          now = next.at
          next.act()
        } else {
          now = beat
          beat += everyMs
        }
        always()
      }
    }
  }
}

describe("a silent crowd that comes again and again", () => {
  it.each([5, 50])("delays a client of the same address by a part of a second (after %i ms)", (retryMs) => {
    const world = simulation()
    const places = new Newcomers<Seated>(64, world.now)
    const seat = (makeRoom: () => void): Seated => ({
      address: "here",
      hesitatesMs: 0,
      hasSpoken: false,
      isHeard: false,
      makeRoom
    })
    let draws = 0
    const jitter = (): number => 0.5 + ((++draws * 0.618) % 1)
    const comeAgain = (): void => world.in(retryMs * jitter(), beSilent)
    const beSilent = (): void =>
      places.admit({ address: "here", enter: () => places.joined(seat(comeAgain)), decline: comeAgain })
    const waits: Array<number> = []
    let lost = 0
    const logIn = (): void => {
      const began = world.now()
      const enter = (): void => {
        const client = seat(() => void lost++)
        places.joined(client)
        world.in(8 * jitter(), () => {
          places.spoke(client)
          places.loggedIn(client)
          waits.push(world.now() - began)
        })
      }
      places.admit({ address: "here", enter, decline: () => void lost++ })
    }
    for (let i = 0; i < 200; i++) world.in(50 * jitter(), beSilent)
    for (let i = 0; i < 50; i++) world.in(1000 + 230 * i, logIn)
    world.run(15_000, 20, () => places.tend())
    places.close()
    assert.strictEqual(lost, 0)
    assert.strictEqual(waits.length, 50)
    assert.isBelow(Math.max(...waits.slice(1)), 500)
    assert.isBelow(waits.toSorted((a, b) => a - b)[25]!, 400)
  })
})
