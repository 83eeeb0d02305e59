// Rollouts: the operations of a change request done in stages, each of which is watched for a while before the next one is done.
import type { ImpactClass } from './impact-class.ts'
import { candidatesInOrder, type Decision, type Verdict } from './policy/decision.ts'
import type { Problem } from './problems/problem.ts'

/** The next so many operations, and for how long they are watched. */
export interface RolloutStage {
  readonly operations: number
  readonly soakSeconds: number
}
/** What ends a rollout before its time. */
export interface HaltRules {
  /** More denials, also by what is only observed, than this, which there would not be without what it has changed. */
  readonly denials?: number | undefined
  /** More exceptions asked for at the node and below than this. */
  readonly exceptions?: number | undefined
  /** Pools of which less than so many percent are free. */
  readonly pools?: readonly { readonly poolId: string; readonly freePercent: number }[] | undefined
}
export interface Rollout {
  readonly stages: readonly RolloutStage[]
  readonly haltOn?: HaltRules | undefined
}

/** How far one has come. */
export interface RolloutProgress {
  /** So many stages are done. */
  readonly stage: number
  readonly stages: number
  /** Since when the last one is watched, and the number that decisions behind it are above. */
  readonly since: number
  readonly sinceNumber: number
  /** When the next one is due, or the last one was watched long enough. */
  readonly nextAt: number
  /** Which policies it has changed so far. */
  readonly policies: readonly string[]
  /**
   * Where these are enabled that it has changed, which pools it has changed, and which nodes themselves: what is watched of is no more than
   * that. Undefined: of policies all, since it is too much to tell apart, or was begun before this was kept.
   */
  readonly targets?: readonly string[]
  readonly pools?: readonly string[]
  readonly nodes?: readonly string[]
}

/** Why one was halted. */
export type Halt =
  | { readonly why: 'denials'; readonly count: number; readonly max: number }
  | { readonly why: 'exceptions'; readonly count: number; readonly max: number }
  | { readonly why: 'pool'; readonly poolId: string; readonly freePercent: number; readonly below: number }
  /** Somebody has halted it. */
  | { readonly why: 'asked'; readonly by: string; readonly note: string }
  /** Its next stage was due behind the end of its window. */
  | { readonly why: 'window'; readonly until: number }
  /** What its next stage would do is of a class above what was approved. */
  | { readonly why: 'impact-changed'; readonly class: ImpactClass; readonly approved: ImpactClass }
  /** Somebody who wrote, approved or applied it may not any more. */
  | { readonly why: 'unvouched'; readonly because: Problem }
  /** The next stage was refused to whoever it goes on by. */
  | { readonly why: 'refused'; readonly code: string; readonly by?: string; readonly because?: Problem }

/**
 * Whether its last stage was not watched for as long as it says when it was halted: by what was watched for, or before the time was over. What
 * was approved is that no other stage is made before.
 */
export function isUnwatched(
  { why, at }: Halt & { readonly at: number },
  { stage, since }: Pick<RolloutProgress, 'stage' | 'since'>,
  { stages }: Rollout,
): boolean {
  if (why === 'denials' || why === 'exceptions' || why === 'pool') return true
  return at - since < stages[stage - 1]!.soakSeconds * 1_000
}

export interface WatchedCounts {
  readonly denials: number
  readonly exceptions: number
  /** Percent that are free, by the pool. */
  readonly free: ReadonlyMap<string, number>
}
export const haltRulesDefault: HaltRules = { denials: 0 }

type Answered = Pick<Decision, 'outcome' | 'wouldBe' | 'denial'>
/** What is denied weighs more than what would be by what only observes. */
const weightOf = ({ outcome, wouldBe }: Pick<Answered, 'outcome' | 'wouldBe'>): number =>
  outcome === 'deny' ? 2 : wouldBe?.outcome === 'deny' ? 1 : 0
const isForRoom = ({ outcome, denial, wouldBe }: Answered): boolean =>
  (outcome === 'deny' ? denial : wouldBe?.denial)?.cause === 'exhausted'
const placesOf = (verdict: Verdict): string =>
  candidatesInOrder(verdict)
    .map(({ pool, netmaskLength }) => `${pool}/${netmaskLength}`)
    .join()

/**
 * Whether what is denied would not be without a change, by what both worlds say of the request. Where there was no room, the rules do not
 * tell: it is new unless the same pools are asked in both, and none of them had more space without the change.
 */
export function isNewDenial(
  denied: Answered,
  {
    without,
    now,
    roomier,
  }: { readonly without: Verdict; readonly now: Verdict; readonly roomier: ReadonlySet<string> },
): boolean {
  if (weightOf(without) >= weightOf(denied)) return false
  if (!isForRoom(denied)) return true
  return placesOf(without) !== placesOf(now) || candidatesInOrder(now).some(({ pool }) => roomier.has(pool))
}

/** The first rule that what was counted breaks. */
export function findHalt({ denials, exceptions, pools = [] }: HaltRules, counted: WatchedCounts): Halt | undefined {
  if (denials !== undefined && counted.denials > denials)
    return { why: 'denials', count: counted.denials, max: denials }
  if (exceptions !== undefined && counted.exceptions > exceptions)
    return { why: 'exceptions', count: counted.exceptions, max: exceptions }
  for (const { poolId, freePercent } of pools) {
    const free = counted.free.get(poolId)
    if (free !== undefined && free < freePercent) return { why: 'pool', poolId, freePercent: free, below: freePercent }
  }
  return undefined
}

/** From which operation to before which one a stage goes, counted from 0; without a rollout there is one with all of them. */
export function partOfStage(
  { length }: readonly unknown[],
  rollout: Rollout | undefined,
  stage: number,
): { readonly from: number; readonly to: number } {
  if (!rollout) return { from: 0, to: stage === 0 ? length : 0 }
  const from = rollout.stages.slice(0, stage).reduce((sum, one) => sum + one.operations, 0)
  return { from, to: Math.min(length, from + (rollout.stages[stage]?.operations ?? 0)) }
}
/** How many operations are done behind each stage but the last: what these have made is in force before the rest of it is. */
export function stopsOf({ length }: readonly unknown[], rollout: Rollout | undefined): readonly number[] {
  let done = 0
  const stops = (rollout?.stages ?? []).map(({ operations }) => {
    done += operations
    return done
  })
  return stops.filter((stop) => stop < length)
}
/** Whether the stages have each operation once. */
export const fits = ({ stages }: Rollout, operations: number): boolean =>
  stages.reduce((sum, one) => sum + one.operations, 0) === operations

export const rolloutStagesMax = 50
/** Targets, pools and nodes that are kept of one: of more, all that the policies have a say in is watched. */
export const watchedPlacesMax = 200
