// What clients were told, kept beside the servers: what the record must say, and what later requests can name.
import { lab, network, shop } from '../acme.ts'
import type { Request } from './server.ts'

/** Of earlier requests that may be sent again. */
const repeatsMax = 40

export interface Tenure {
  /** `eipalloc-…` or `ipam-pool-alloc-…`. */
  readonly id: string
  readonly cidr: string
  readonly account: string
  readonly pool: string | undefined
  readonly isHold: boolean
  /** Whoever asked for it, or confirmed it. */
  readonly principal: string
  readonly decision: string | undefined
  /** By policy, which versions may have been in force. */
  readonly versions: Readonly<Record<string, readonly [number, number]>>
  isOver: boolean
}
/** What a caller was told of a denial. */
export interface Denial {
  readonly decision: string
  readonly sentence: string
}
/** All of it is data, so that a dump of the database has a copy. */
export interface Ledger {
  readonly tokens: { readonly admin: string; readonly boss: string; readonly others: { id: string; token: string }[] }
  readonly accounts: string[]
  readonly units: string[]
  readonly pools: { readonly id: string; readonly isPublic: boolean; readonly locale: string }[]
  readonly policies: string[]
  readonly scopes: { readonly public: string; readonly private: string }
  readonly ipam: string
  readonly exceptions: string[]
  readonly bindings: string[]
  readonly keys: string[]
  readonly vpcs: { readonly id: string; readonly account: string }[]
  readonly tenures: Tenure[]
  readonly denials: Denial[]
  readonly repeats: { readonly request: Request; readonly output: unknown; readonly at: number }[]
}

export const accounts: readonly string[] = [shop, lab, network]

export const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]
export const livingTenures = ({ tenures }: Ledger): Tenure[] => tenures.filter(({ isOver }) => !isOver)

export function remember(ledger: Ledger, request: Request, output: unknown, at: number): void {
  ledger.repeats.push({ request, output, at })
  if (ledger.repeats.length > repeatsMax) ledger.repeats.shift()
}
export function end(ledger: Ledger, isEnded: (tenure: Tenure) => boolean): void {
  for (const tenure of ledger.tenures) if (isEnded(tenure)) tenure.isOver = true
}
