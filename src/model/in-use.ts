// What sources say is in use of space that would be handed out, and how whoever would get it is told.
import { type Cidr, formatCidr } from './cidr.ts'

/** Space that a request would be given. */
export interface WouldBeGiven {
  readonly pool: string
  readonly cidr: Cidr
  readonly account: string
  /** The block was named, and not chosen: whoever has something there may have it registered. */
  readonly isNamed: boolean
}

export interface InUse {
  /** What would be handed out: the register has it as free. */
  readonly cidr: Cidr
  /** What is there, as far as whoever asks may know. */
  readonly told: readonly {
    readonly cidr: Cidr
    readonly id: string
    /** As its source calls it; empty where that does not say. */
    readonly account: string
    readonly source: string
  }[]
  /** Whether more is there than is told. */
  readonly isMore: boolean
}

export function inUseInWords({ cidr, told, isMore }: InUse): string {
  const each = told.map(({ cidr, id, account, source }) => {
    const facts = [id, account === '' ? '' : `account ${account}`, `source ${source}`].filter((fact) => fact !== '')
    return `${formatCidr(cidr)} (${facts.join(', ')})`
  })
  const free = `${formatCidr(cidr)} is free in the register, but`
  if (each.length === 0) return `${free} a source says that something in it is in use.`
  return `${free} sources say that there is ${each.join('; ')}${isMore ? '; and more' : ''}.`
}
