// Mails are counted before they are sent, by who has set the subscription and by whom they are for: whoever may subscribe may name
// anybody of the domains, and have words of their own sent to them.
import { digestEventsMax, periodEnd } from '#model/delivery.ts'
import { isDigest } from '#model/event.ts'
import { countsOf, hasRoom, type MailFacts } from '#model/mail-bounds.ts'
import { accountableOf } from '#model/principal.ts'
import type { Transaction } from '#store/store.ts'
import type { Composed, DueDelivery } from './delivering.ts'

const hourMs = 3_600_000
/** When the hour of a moment began. */
export const hourOf = (now: number): number => periodEnd('hourly', now) - hourMs

/** A mail that was counted. */
export interface CountedMail {
  readonly hour: number
  readonly facts: MailFacts
}

/**
 * Counts a mail that is about to be sent. Where it has no room in this hour, what its subscription has to tell by now is told together once
 * that is over: then nothing is answered.
 */
export async function countMail(
  tx: Transaction,
  { delivery, subscription, isAtTop }: Pick<DueDelivery, 'delivery' | 'subscription' | 'isAtTop'>,
  { told, members, target: { recipients = [] } }: Pick<Composed, 'told' | 'members' | 'target'>,
): Promise<CountedMail | undefined> {
  const isCritical = !isDigest(told) && told.severity === 'critical'
  const facts = { setter: accountableOf(subscription.setBy), isAtTop, isCritical, recipients }
  const hour = hourOf(tx.now)
  const counts = countsOf(facts)
  const sent = await tx.outbox.mailsOf(hour, [...counts.keys()])
  if (hasRoom(facts, sent)) {
    await tx.outbox.countMails(hour, new Map([...counts].map(([key, count]) => [key, (sent.get(key) ?? 0) + count])))
    return { hour, facts }
  }
  const period = hour + hourMs
  if (!isCritical) await tx.outbox.holdWaiting(subscription.id, tx.now, period, digestEventsMax)
  // What was tried already is the same again: with the same others, or alone.
  const isTried = delivery.attempts > 0
  await tx.outbox.changeWaiting(members, isCritical && !isTried ? { nextAt: period, period } : { nextAt: period })
  return undefined
}

/** One that was not taken for anybody is none of those of its hour. */
export async function giveBackMail(tx: Transaction, { hour, facts }: CountedMail): Promise<void> {
  if (hour !== hourOf(tx.now)) return
  const counts = countsOf(facts)
  const sent = await tx.outbox.mailsOf(hour, [...counts.keys()])
  await tx.outbox.countMails(
    hour,
    new Map([...counts].map(([key, count]) => [key, Math.max(0, (sent.get(key) ?? 0) - count)])),
  )
}
