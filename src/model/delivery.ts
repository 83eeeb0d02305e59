// When a delivery that has failed is tried again, when it is given up, and how a target that fails is spared: arithmetic alone.
import type { Problem } from './problems/problem.ts'

/** How many times a delivery is tried before it is a dead letter. */
export const deliveryAttemptsMax = 10
/** However few tries that were. */
export const deliveryAgeMsMax = 3 * 86_400_000
/** Failures one after the other, of whatever deliveries, after which a target is paused. */
export const failuresBeforePause = 5

const firstDelayMs = 5_000
const delayMsMax = 6 * 3_600_000
const firstPauseMs = 60_000
const pauseMsMax = 3_600_000
/** Longer ones that a target asks for are not waited for. */
const askedMsMax = 3_600_000

/**
 * How long after its nth failure a delivery is tried again: 5 s, 20 s, 80 s … 6 h, more or less, so that not all come at once.
 * @param chance from 0 to 1
 * @param askedMs what the target has asked for
 */
export function delayAfter(attempts: number, chance: number, askedMs = 0): number {
  const delay = Math.min(firstDelayMs * 4 ** (attempts - 1), delayMsMax)
  return Math.max(Math.round(delay * (0.75 + chance / 2)), Math.min(askedMs, askedMsMax))
}

/** How long a target is left alone after so many failures one after the other; 0: not at all. */
export function pauseAfter(failures: number, chance: number): number {
  if (failures < failuresBeforePause) return 0
  const pause = Math.min(firstPauseMs * 2 ** Math.min(failures - failuresBeforePause, 20), pauseMsMax)
  return Math.round(pause * (0.75 + chance / 2))
}

/** What is told together. */
export const digestPeriods = ['hourly', 'daily'] as const
export type DigestPeriod = (typeof digestPeriods)[number]
const periodMs: Readonly<Record<DigestPeriod, number>> = { hourly: 3_600_000, daily: 86_400_000 }
/** The end of the hour or day of a moment, in UTC: what comes from then on is told with the next one. */
export const periodEnd = (digest: DigestPeriod, now: number): number =>
  (Math.floor(now / periodMs[digest]) + 1) * periodMs[digest]
/** Events that one message tells of; where there are more, another one follows. */
export const digestEventsMax = 1_000
/** Of these, so many are shown, those that matter most first. */
export const digestShownMax = 10

/** How long at most the same of the same object is not told of again. */
export const quietSecondsMax = 7 * 86_400

/** Why a delivery has failed. */
export type DeliveryProblem = Extract<
  Problem,
  {
    readonly why:
      | 'target-answered'
      | 'target-redirects'
      | 'target-slow'
      | 'target-took-long'
      | 'target-inner'
      | 'target-unresolved'
      | 'target-not-https'
      | 'target-unreachable'
      | 'target-untrusted'
      | 'target-unreadable'
      | 'no-mail'
      | 'some-recipients-refused'
      | 'recipients-refused'
  }
>

/** What came of one try. */
export type DeliveryOutcome =
  | {
      readonly isDelivered: true
      /** Taken, but not for all: what is not tried again, and told all the same. */
      readonly problem?: DeliveryProblem
    }
  | {
      readonly isDelivered: false
      readonly problem: DeliveryProblem
      /** The target wants nothing any more. */
      readonly isGone?: true
      readonly retryAfterMs?: number
    }
