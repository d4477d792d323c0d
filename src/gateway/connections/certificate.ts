/** How long a TLS certificate is good for, and whether somebody should do something about it. */
import { X509Certificate } from "node:crypto"
import { indiaDay } from "../../kit/indiaTime.ts"

const DAY_MS = 86_400_000
/** It is told so long before the end; of a certificate with a short life in its last third. */
const NOTICE_MS = 14 * DAY_MS

/** Epoch milliseconds. */
export interface CertificateLife {
  readonly from: number
  readonly until: number
}

/**
 * Of the file's certificates, its own and those of its chain, the one that ends first.
 *
 * @param pem the file's text. @throws Error for what holds no certificate
 */
export const lifeOf = (pem: string): CertificateLife => {
  const lives = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [pem]).map(
    (one) => {
      const { validFrom, validTo } = new X509Certificate(one)
      return { from: Date.parse(validFrom), until: Date.parse(validTo) }
    }
  )
  return lives.reduce((first, life) => (life.until < first.until ? life : first))
}

const span = (ms: number): string => {
  const hours = Math.floor(ms / 3_600_000)
  return hours >= 48 ? `${Math.floor(hours / 24)} days` : `${hours} hours`
}

export interface CertificateVerdict {
  readonly state: "good" | "soon" | "expired"
  /** `the TLS certificate expires in 6 days, on 2026-12-06` */
  readonly text: string
  /** Until it expires. */
  readonly seconds: number
}

export const verdictOn = ({ from, until }: CertificateLife, now: number): CertificateVerdict => {
  const left = until - now
  const seconds = Math.floor(left / 1000)
  const day = indiaDay(until)
  if (left <= 0) {
    return { state: "expired", text: `the TLS certificate expired ${span(-left)} ago, on ${day}`, seconds }
  }
  const soon = left <= Math.min(NOTICE_MS, (until - from) / 3)
  return {
    state: soon ? "soon" : "good",
    text: `the TLS certificate expires in ${span(left)}, on ${day}`,
    seconds
  }
}
