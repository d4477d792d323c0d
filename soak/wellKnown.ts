/** The instruments of the well-behaved clients. */
export const wellKnown = Array.from({ length: 20 }, (_, i) => ({ symbol: `S${i}`, exchange: "NSE" }))
