// Every job that there is, and the clock that starts them.
import { adoptByRules } from './adopting.ts'
import { watchPools } from './capacity.ts'
import { rollOutChanges } from './changes.ts'
import { dropSessions, endTokens, forgetTokens } from './credentials.ts'
import { finishDeprovisions } from './deprovisioning.ts'
import { exportEvidence, growEvidence, signEvidence } from './evidence.ts'
import { followFindings } from './findings.ts'
import { followSources, noteStaleSources } from './following.ts'
import { forgetDecisions } from './forgetting.ts'
import { importByPools } from './importing.ts'
import { type Job, lookAt, type RunningJobs, type Workplace } from './job.ts'
import { forgetNatGateways } from './networks.ts'
import { bringBack } from './putting-off.ts'
import { endQuarantines } from './quarantines.ts'
import { countRefusals } from './refusals.ts'
import { simulate } from './simulating.ts'
import { tidyUpSources } from './sources.ts'
import { forgetNotifications } from './told.ts'

export const jobs: readonly Job[] = [
  bringBack,
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
  rollOutChanges,
  importByPools,
  followFindings,
  followSources,
  noteStaleSources,
  forgetNotifications,
  forgetNatGateways,
  growEvidence,
  signEvidence,
  exportEvidence,
  simulate,
]

const tickMs = 1_000

/** One look at each that is due at a tick, one after the other. */
export type Round = (tick: number) => Promise<void>
/** @param onFailure a job has failed; not called again while the same one goes on failing in the same way */
export function roundsOf(all: readonly Job[], at: Workplace, onFailure: (job: string, error: unknown) => void): Round {
  const failures = new Map<string, string>()
  /** Those that go on with the next tick. */
  const unfinished = new Set<string>()
  return async (tick) => {
    for (const job of all) {
      if (tick % job.everySeconds !== 0 && !unfinished.has(job.name)) continue
      unfinished.delete(job.name)
      try {
        const isAll = await lookAt(job, at)
        if (!isAll && job.goesOn) unfinished.add(job.name)
        failures.delete(job.name)
      } catch (error) {
        // The others are done all the same, and this one is tried again with the next look.
        const text = String(error)
        if (failures.get(job.name) !== text) onFailure(job.name, error)
        failures.set(job.name, text)
      }
    }
  }
}

/** Looks at each as often as it says; see `roundsOf`. */
export function startJobs(at: Workplace, onFailure: (job: string, error: unknown) => void): RunningJobs {
  const round = roundsOf(jobs, at, onFailure)
  let running: Promise<unknown> = Promise.resolve()
  let isBusy = false
  let tick = 0
  const timer = setInterval(() => {
    tick++
    if (isBusy) return
    isBusy = true
    running = round(tick).finally(() => {
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
