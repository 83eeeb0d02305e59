// The record is sent to where the operator says: apart from the other jobs, which wait for no receiver.
import { claimSink, isSinkDue, nextPart, noteSent, type SinkPart } from '#operations/record/sinks.ts'
import type { SinkName } from '#store/tables/record-sinks.ts'
import type { RunningJobs, Workplace } from './job.ts'

/** A place that the record goes to. */
export interface Sink {
  readonly name: SinkName
  /** Rejects where it was not taken as a whole; what was taken of it by then comes again. */
  send(changes: SinkPart['changes']): Promise<void>
}

/** Parts of a round. */
const partsPerRound = 20
const tickMs = 1_000

/** Sends what there is, a part after the other. Answers how many parts were sent. */
export async function sendRecord(
  { name, send }: Sink,
  { store, worker, pace }: Pick<Workplace, 'store' | 'worker' | 'pace'>,
): Promise<number> {
  for (let sent = 0; sent < partsPerRound; sent++) {
    if (!(await store.read((tx) => isSinkDue(tx, name, worker)))) return sent
    if (!(await claimSink(store, name, worker))) return sent
    const part = await pace.step(() => store.read((tx) => nextPart(tx, name)))
    if (!part) return sent
    try {
      await send(part.changes)
    } catch (error) {
      await noteSent(store, { name, worker }, part, false)
      throw error
    }
    await noteSent(store, { name, worker }, part, true)
  }
  return partsPerRound
}

/** Goes on until it is stopped. A failure is told once, for as long as it goes on; each place has a clock of its own. */
export function startSending(
  sinks: readonly Sink[],
  at: Pick<Workplace, 'store' | 'worker' | 'pace'>,
  onFailure: (sink: SinkName, error: unknown) => void,
): RunningJobs {
  const all = sinks.map((sink) => startOne(sink, at, (error) => onFailure(sink.name, error)))
  return {
    async stop() {
      await Promise.all(all.map((one) => one.stop()))
    },
  }
}

function startOne(
  sink: Sink,
  at: Pick<Workplace, 'store' | 'worker' | 'pace'>,
  onFailure: (error: unknown) => void,
): RunningJobs {
  let running: Promise<unknown> = Promise.resolve()
  let isBusy = false
  let failure: string | undefined
  const round = (): void => {
    if (isBusy) return
    isBusy = true
    running = sendRecord(sink, at)
      .then(
        (sent) => {
          // While it is left alone nothing is known.
          if (sent > 0) failure = undefined
        },
        (error: unknown) => {
          if (failure !== String(error)) onFailure(error)
          failure = String(error)
        },
      )
      .finally(() => {
        isBusy = false
      })
  }
  // What is written from the start on is sent.
  round()
  const timer = setInterval(round, tickMs)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
