// What a leaf of the log holds of a record: a hash of it behind a salt. Whoever has the record and the salt can tell that it is the one;
// whoever has neither learns nothing, and where both are erased nobody ever does.
import { joinKey } from '../key.ts'
import type { Decision } from '../policy/decision.ts'

/** Hexadecimal digits of a salt: 16 bytes that are drawn for each record. */
export const saltDigits = 32

/** Who asked for something and from where: what is about a person, committed to by itself so that it can be erased by itself. */
export interface OriginFacts {
  readonly account: string
  readonly principal: string
  readonly accessKeyId: string
  readonly sourceAddress: string
  readonly region: string
  readonly action: string
}
/** A version of an object. */
export interface VersionFacts {
  readonly objectId: string
  readonly version: number
  readonly kind: string
  readonly account: string
  readonly fromAt: number
  /** As JSON. */
  readonly body: string
}
export interface DecisionFacts {
  readonly n: number
  readonly at: number
  /** All that it shares with others, as one text. */
  readonly ruling: string
  /** As a text; undefined where it gave no space. */
  readonly cidr: string | undefined
  /** What was asked beside that, as JSON. */
  readonly request: string | undefined
}
/** An object that an entry is about, where its rows say so. */
export interface SubjectFacts {
  readonly id: string
  readonly before: number | undefined
  readonly after: number | undefined
  /** Of the version after it, in hexadecimal. */
  readonly content: string | undefined
}
/** An entry of the record. What is hashed by itself stands in it as its commitment, in hexadecimal. */
export interface EntryFacts {
  readonly n: number
  readonly at: number
  readonly requestId: string
  readonly outcome: string
  /** The first ones, as they stand in the entry. */
  readonly subjects: string
  readonly result: string | undefined
  readonly isDryRun: boolean
  readonly times: number | undefined
  readonly isGiven: boolean
  readonly origin: string
  /** Of the decisions that deny, steer or warn, or use an exception, one behind the other; undefined where none does. */
  readonly decided: string | undefined
  readonly listed: readonly SubjectFacts[]
}

/** Whether a decision is evidence by itself: it says no or would, gives from elsewhere, or goes by an exception. */
export const isEvidence = ({ outcome, exception }: Pick<Decision, 'outcome' | 'exception'>): boolean =>
  outcome !== 'allow' || exception !== undefined

const numberText = (n: number | undefined): string | undefined => (n === undefined ? undefined : String(n))
const flagsOf = ({ isDryRun, isGiven }: EntryFacts): string => `${isDryRun ? 'd' : ''}${isGiven ? 'g' : ''}`

/**
 * The texts that are hashed. Different facts have different texts, and so have different kinds: each part stands behind its length.
 * They are for good: a record of years ago is checked by the same text.
 */
export const committedTexts = {
  origin: (salt: string, { account, principal, accessKeyId, sourceAddress, region, action }: OriginFacts): string =>
    joinKey('origin', salt, account, principal, accessKeyId, sourceAddress, region, action),
  version: (salt: string, { objectId, version, kind, account, fromAt, body }: VersionFacts): string =>
    joinKey('version', salt, objectId, String(version), kind, account, String(fromAt), body),
  decision: (salt: string, { n, at, ruling, cidr, request }: DecisionFacts): string =>
    joinKey('decision', salt, String(n), String(at), ruling, cidr, request),
  entry: (salt: string, entry: EntryFacts): string => {
    const { n, at, requestId, outcome, subjects, result, times, origin, decided, listed } = entry
    const head = joinKey('entry', salt, String(n), String(at), requestId, outcome, subjects, result, flagsOf(entry))
    const tail = joinKey(numberText(times), origin, decided)
    return listed.length === 0 ? head + tail : head + tail + joinKey(...listed.flatMap(subjectParts))
  },
} as const
const subjectParts = ({ id, before, after, content }: SubjectFacts): (string | undefined)[] => [
  id,
  numberText(before),
  numberText(after),
  content,
]

/** The salt of a record from before there were any: of the log's own secret, and of what is the record's alone. */
export const saltText = (secret: string, kind: keyof typeof committedTexts, ...key: readonly string[]): string =>
  joinKey('salt', secret, kind, ...key)
