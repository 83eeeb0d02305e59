// How often an account may ask the AWS APIs in a Region, as an operator writes it: `read=2000/500,write=1000/200,AllocateAddress=50/5`.
import type { BucketSize } from './token-bucket.ts'

export interface AwsRates {
  readonly read: BucketSize
  readonly write: BucketSize
  /** Actions that have buckets of their own, in place of those two. */
  readonly actions: ReadonlyMap<string, BucketSize>
}

export const offRates = 'off'
const usual: Pick<AwsRates, 'read' | 'write'> = {
  read: { burst: 2_000, perSecond: 500 },
  write: { burst: 1_000, perSecond: 200 },
}
export const usualRates = `read=${textOf(usual.read)},write=${textOf(usual.write)}`
const partsMax = 200
const rateMax = 1_000_000

/** What is not named is as usual; undefined where it is not readable. Whether there are such actions is not looked at. */
export function parseAwsRates(text: string): AwsRates | undefined {
  const parts = text.split(',').map((part) => part.trim())
  const sizes = new Map<string, BucketSize>()
  for (const part of parts) {
    const [, name, burst, perSecond] = /^(read|write|[A-Z][A-Za-z0-9]{2,63})=(\d{1,7})\/(\d{1,7})$/.exec(part) ?? []
    if (name === undefined || sizes.has(name)) return undefined
    const size = { burst: Number(burst), perSecond: Number(perSecond) }
    if ([size.burst, size.perSecond].some((one) => one < 1 || one > rateMax)) return undefined
    sizes.set(name, size)
  }
  if (sizes.size > partsMax) return undefined
  const { read = usual.read, write = usual.write, ...actions } = Object.fromEntries(sizes)
  return { read, write, actions: new Map(Object.entries(actions)) }
}
function textOf({ burst, perSecond }: BucketSize): string {
  return `${burst}/${perSecond}`
}
