// How often an account may ask the AWS APIs: token buckets per account, Region and action, as EC2 has them; and addresses whose
// signatures are not good, before anything is verified (threat model D2).
import type { AwsRates } from '#model/aws-rates.ts'
import { type Bucket, isFull, takeToken } from '#model/token-bucket.ts'
import { Failures } from '../failures.ts'

/** Held in memory; one more makes room by forgetting the one that has been asked for nothing for longest. */
export const bucketsMax = 50_000
/** An answer that says "later" is held for so long at most: whoever asks again at once has to wait for it. */
export const heldMsMax = 1_000
/** Answers that are held at a time; of more, the connection ends. */
export const heldMax = 2_000
/** Keys whose signatures were good, held in memory; one more makes room by dropping all. */
const goodMax = 10_000

export interface Asked {
  readonly account: string
  readonly region: string
  readonly name: string
  readonly isRead: boolean
}

/** That there is no token now. */
export interface Wait {
  readonly bucket: string
  /** Until there is one. */
  readonly ms: number
}

export class Throttle {
  readonly #rates: AwsRates | undefined
  readonly #now: () => number
  /** In the order in which they were last asked for. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #failures: Failures
  readonly #good = new Set<string>()
  /** Answers that are held, by bucket. */
  readonly #heldOf = new Map<string, number>()
  #held = 0

  /** @param now milliseconds that only grow */
  constructor(rates: AwsRates | undefined, now: () => number) {
    this.#rates = rates
    this.#now = now
    this.#failures = new Failures(now)
  }

  /** Undefined: the account may ask this, and has. */
  take({ account, region, name, isRead }: Asked): Wait | undefined {
    if (!this.#rates) return undefined
    const own = this.#rates.actions.get(name)
    const size = own ?? (isRead ? this.#rates.read : this.#rates.write)
    const key = `${account} ${region} ${own ? name : isRead ? 'read' : 'write'}`
    const now = this.#now()
    const { bucket, waitMs } = takeToken(this.#buckets.get(key), size, now)
    this.#buckets.delete(key)
    if (!isFull(bucket, size, now)) this.#buckets.set(key, bucket)
    if (this.#buckets.size > bucketsMax) this.#buckets.delete(this.#buckets.keys().next().value!)
    return waitMs === 0 ? undefined : { bucket: key, ms: waitMs }
  }

  /** For how many seconds nothing that is signed with this key is verified from there: almost always 0. */
  blockedSeconds(accessKeyId: string, client: () => string): number {
    if (this.#failures.isEmpty || this.#good.has(accessKeyId)) return 0
    const { remaining, resetSeconds } = this.#failures.budgetOf(client())
    return remaining > 0 ? 0 : resetSeconds
  }
  /** Whose signature was good is let in from there too: nobody is locked out by a neighbour that guesses. */
  noteGood(accessKeyId: string): void {
    if (this.#good.has(accessKeyId)) return
    if (this.#good.size >= goodMax) this.#good.clear()
    this.#good.add(accessKeyId)
  }
  noteBad(client: string): void {
    this.#failures.count(client)
  }

  /**
   * Calls back when it would be their turn, behind all that are held of the same bucket: so whoever asks again at once asks no more often
   * than is served. False where too many are held.
   */
  hold({ bucket, ms }: Wait, goOn: () => void): boolean {
    if (this.#held >= heldMax) return false
    const ahead = this.#heldOf.get(bucket) ?? 0
    this.#held++
    this.#heldOf.set(bucket, ahead + 1)
    setTimeout(
      () => {
        this.#held--
        const left = this.#heldOf.get(bucket)! - 1
        if (left === 0) this.#heldOf.delete(bucket)
        else this.#heldOf.set(bucket, left)
        goOn()
      },
      Math.min(ms * (ahead + 1), heldMsMax),
    ).unref()
    return true
  }
}
