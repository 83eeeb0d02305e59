// How many mails go out in an hour of UTC, on whose word and to whom: nobody asked for most of them. What finds no room is told together when
// the hour is over.

/** Of one who has set subscriptions, with services of theirs; a mail to twenty counts as twenty. */
export const mailsOfSetterMax = 600
/** Of one who may set them at the top. */
export const mailsOfTopSetterMax = 6_000
/** Of one setter to one address. */
export const mailsOfSetterToOneMax = 30
/** To one address, of all who are none of the top, and as many of those of the top. Beyond that each setter has one. */
export const mailsToOneMax = 90

export interface MailFacts {
  /** Who is accountable for who has set the subscription. */
  readonly setter: string
  /** Whether they may set subscriptions at the top. */
  readonly isAtTop: boolean
  /** What is critical is counted apart: whoever has very much told of else keeps nobody from being told of it. */
  readonly isCritical: boolean
  readonly recipients: readonly string[]
}

/** By what is counted, and how much one mail is of it. */
export type MailCounts = ReadonlyMap<string, number>

/** What one mail is of each. */
export function countsOf(facts: MailFacts): MailCounts {
  const addresses = addressesOf(facts)
  return new Map([
    [setterKey(facts), addresses.length],
    ...addresses.flatMap((address) => [[setterToKey(facts, address), 1] as const, [toKey(facts, address), 1] as const]),
  ])
}

/** Whether one more mail has room beside those of the hour. */
export function hasRoom(facts: MailFacts, sent: MailCounts): boolean {
  const { isAtTop } = facts
  const of = (key: string): number => sent.get(key) ?? 0
  const addresses = addressesOf(facts)
  const ofSetterMax = isAtTop ? mailsOfTopSetterMax : mailsOfSetterMax
  const ofSetterToOneMax = isAtTop ? mailsToOneMax : mailsOfSetterToOneMax
  return (
    of(setterKey(facts)) + addresses.length <= ofSetterMax &&
    addresses.every((address) => {
      const own = of(setterToKey(facts, address))
      // Others, however many they are, keep nobody from telling somebody something.
      return own < ofSetterToOneMax && (own === 0 || of(toKey(facts, address)) < mailsToOneMax)
    })
  )
}

/** Each mailbox once, also where it is written in different ways: what is behind a plus says nothing of whose it is. */
const addressesOf = ({ recipients }: MailFacts): readonly string[] => [
  ...new Set(recipients.map((one) => one.toLowerCase().replace(/\+[^@]*(?=@)/, ''))),
]
/** Names of principals and addresses have neither a space nor the end of a line. */
const groupOf = ({ isAtTop, isCritical }: MailFacts): string =>
  `${isAtTop ? 'top' : 'part'} ${isCritical ? 'critical' : 'other'}`
const setterKey = (facts: MailFacts): string => `${groupOf(facts)} by ${facts.setter}`
const setterToKey = (facts: MailFacts, address: string): string => `${setterKey(facts)} to ${address}`
const toKey = (facts: MailFacts, address: string): string => `${groupOf(facts)} to ${address}`
