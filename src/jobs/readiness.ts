// Whether the server takes requests of every kind: found out by a clock, so that whoever asks is answered at once.
import type { Store } from '#store/store.ts'

/** A probe that has had no answer for this long says as much as one that failed. */
export const probeMsMax = 4_000

export interface Readiness {
  /** Why not, in a few words; undefined where the last probe, a few seconds old at most, went through. */
  problem(): string | undefined
  /** A request has met a full disk: known at once, and until a probe has found room. */
  noteFull(problem: string): void
  /** Resolves once the first probe has an answer, whatever it is. */
  readonly probed: Promise<void>
  stop(): Promise<void>
}

/**
 * Reads and writes as requests do, at once and every so often.
 * @param everyMs 0: only at once
 * @param monotonic milliseconds from any beginning, which nobody sets back
 * @param say what a failure is in a few words, without anything that only operators may know
 */
export function startProbing(
  store: Store,
  { monotonic, say, everyMs }: { monotonic(): number; say(error: unknown): string; readonly everyMs: number },
): Readiness {
  let problem: string | undefined = 'starting'
  let begunAt = monotonic()
  let isUnderWay = false
  /** What was noted last, each time another one. */
  let full: { readonly problem: string } | undefined
  let running: Promise<void> = Promise.resolve()
  async function probe(): Promise<void> {
    const noted = full
    try {
      await store.read(async () => undefined)
      await store.write((tx) => tx.probe({ needsRoom: noted !== undefined }))
      // One that was under way when it was noted has not looked for room.
      if (full === noted) full = problem = undefined
      else problem = full?.problem
    } catch (error) {
      problem = say(error)
    }
  }
  function begin(): void {
    // One that waits is told of by the time that it takes.
    if (isUnderWay) return
    isUnderWay = true
    begunAt = monotonic()
    running = probe().finally(() => {
      isUnderWay = false
    })
  }
  begin()
  const probed = running
  const timer = everyMs === 0 ? undefined : setInterval(begin, everyMs)
  return {
    probed,
    problem: () => (isUnderWay && monotonic() - begunAt > probeMsMax ? 'the database does not answer' : problem),
    noteFull(met) {
      full = { problem: met }
      problem = met
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
