// A ledger of its own: who held what, from when until when, and what was said of it, written down from what clients were told.

/** What was said of a tenure from a moment on, until the next state of it begins. */
export interface State {
  readonly from: number
  readonly isHold: boolean
  readonly resourceId: string | undefined
  readonly description: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly decision: string | undefined
  /** What uses it, where it is an Elastic IP, and by which association. */
  readonly usedBy: { readonly resourceId: string; readonly associationId: string } | undefined
  /** Where it is held: when it lapses, unless something happens before. */
  readonly expiresAt: number | undefined
}
/** The time in which one allocation or hold had its space. Moments are milliseconds since 1970. */
export interface Tenure {
  /** `ipam-pool-alloc-…`. */
  readonly id: string
  readonly cidr: string
  readonly first: bigint
  readonly last: bigint
  readonly isIpv4: boolean
  readonly pool: string
  readonly account: string
  readonly resourceType: string
  readonly from: number
  /** In order; the first one begins with the tenure. */
  readonly states: State[]
  /** Undefined: it has its space still. */
  until?: number
  ending?: 'released' | 'dropped' | 'lapsed'
}
/** What is asked of the ledger: at one moment, or between two. */
export interface Span {
  readonly from: number
  /** Exclusive. */
  readonly until: number
}
export const always = Number.MAX_SAFE_INTEGER

export class Book {
  readonly tenures: Tenure[] = []
  /** Every moment at which something was written down. */
  readonly moments = new Set<number>()

  begin(tenure: Omit<Tenure, 'first' | 'last' | 'isIpv4' | 'states'>, state: Omit<State, 'from'>): void {
    const range = rangeOf(tenure.cidr)
    this.tenures.push({ ...tenure, ...range, states: [{ ...state, from: tenure.from }] })
    this.moments.add(tenure.from)
  }
  /** Where it says what was said before, nothing changes. */
  change(tenure: Tenure, at: number, changed: Partial<State>): void {
    const last = tenure.states.at(-1)!
    const next = { ...last, ...changed }
    if (textOf(next) === textOf(last)) return
    tenure.states.push({ ...next, from: at })
    this.moments.add(at)
  }
  end(tenure: Tenure, at: number, ending: Tenure['ending']): void {
    tenure.until = at
    tenure.ending = ending
    this.moments.add(at)
  }
  /** A hold ends by itself when its time has come, whoever looks. */
  lapse(now: number): void {
    for (const tenure of this.tenures) {
      const { expiresAt } = tenure.states.at(-1)!
      const hasLapsed = tenure.until === undefined && expiresAt !== undefined && expiresAt <= now
      if (hasLapsed) this.end(tenure, expiresAt, 'lapsed')
    }
  }

  living(): Tenure[] {
    return this.tenures.filter(({ until }) => until === undefined)
  }
  find(id: string): Tenure | undefined {
    return this.tenures.find((tenure) => tenure.id === id)
  }
}

const textOf = ({ isHold, resourceId, description, tags, decision, usedBy, expiresAt }: State): string =>
  JSON.stringify([
    isHold,
    resourceId ?? null,
    description ?? null,
    Object.entries(tags).sort(),
    decision,
    usedBy?.associationId,
    expiresAt,
  ])

/** What ends at a moment was so before it, and is not at it. */
export const overlaps = ({ from, until = always }: { from: number; until?: number | undefined }, span: Span): boolean =>
  from < span.until && until > span.from

/** A state with the moment at which the next one or the end of the tenure came. */
export interface EndedState extends State {
  readonly until: number | undefined
}
export const statesOf = ({ states, until }: Tenure): EndedState[] =>
  states.map((state, index) => ({ ...state, until: states[index + 1]?.from ?? until }))

/** Of a CIDR or address as text. */
export function rangeOf(text: string): { first: bigint; last: bigint; isIpv4: boolean } {
  const [address, length] = text.split('/')
  const isIpv4 = !address!.includes(':')
  const bits = isIpv4 ? 32 : 128
  const first = isIpv4 ? ipv4(address!) : ipv6(address!)
  return { first, last: first + (1n << BigInt(bits - Number(length ?? bits))) - 1n, isIpv4 }
}
const ipv4 = (text: string): bigint => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
function ipv6(text: string): bigint {
  const [head, tail] = text.split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const missing = text.includes('::') ? 8 - groups(head).length - groups(tail).length : 0
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)]
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}
