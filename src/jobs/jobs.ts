// Every job that there is, and the clock that starts them.
import { adoptByRules } from './adopting.ts'
import { watchPools } from './capacity.ts'
import { dropSessions, endTokens, forgetTokens } from './credentials.ts'
import { finishDeprovisions } from './deprovisioning.ts'
import { followFindings } from './findings.ts'
import { followSources, noteStaleSources } from './following.ts'
import { forgetDecisions } from './forgetting.ts'
import { importByPools } from './importing.ts'
import { type Job, lookAt, type Workplace } from './job.ts'
import { endQuarantines } from './quarantines.ts'
import { countRefusals } from './refusals.ts'
import { tidyUpSources } from './sources.ts'

export const jobs: readonly Job[] = [
  endQuarantines,
  forgetTokens,
  dropSessions,
  endTokens,
  finishDeprovisions,
  countRefusals,
  forgetDecisions,
  tidyUpSources,
  adoptByRules,
  watchPools,
  importByPools,
  followFindings,
  followSources,
  noteStaleSources,
]

const tickMs = 1_000

export interface RunningJobs {
  /** Resolves once none runs any more. */
  stop(): Promise<void>
}

/**
 * Looks at each as often as it says, one after the other.
 * @param onFailure a job has failed; not called again while the same one goes on failing in the same way
 */
export function startJobs(at: Workplace, onFailure: (job: string, error: unknown) => void): RunningJobs {
  const failures = new Map<string, string>()
  let running: Promise<unknown> = Promise.resolve()
  let isBusy = false
  let tick = 0
  const lookAtAll = async (now: number): Promise<void> => {
    for (const job of jobs) {
      if (now % job.everySeconds !== 0) continue
      try {
        await lookAt(job, at)
        failures.delete(job.name)
      } catch (error) {
        // The others are done all the same, and this one is tried again with the next look.
        const text = String(error)
        if (failures.get(job.name) !== text) onFailure(job.name, error)
        failures.set(job.name, text)
      }
    }
  }
  const timer = setInterval(() => {
    tick++
    if (isBusy) return
    isBusy = true
    running = lookAtAll(tick).finally(() => {
      isBusy = false
    })
  }, tickMs)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
