// How long a token for oneself may last, and which groups it carries: no token is stronger than what its maker proved.
import { principalKind } from './principal.ts'

/**
 * How its holder was known when it was made: by a sign-in, by the operator, or by another token, which proves no more than
 * that somebody had it.
 */
export type TokenOrigin = 'sign-in' | 'operator' | 'token'

/**
 * Whether a token belongs to its home account: somebody made it for a service, with the right there. The home account of a
 * person, or of what the operator made or a service renewed of that, is only the one that the operator has named, for everybody mostly
 * the same: it says nothing of who answers for them. In the history of tokens from before version 11 of the schema, who made them is missing.
 */
export const isOfAccount = ({
  principal,
  origin,
  makers = [],
}: {
  readonly principal: string
  readonly origin?: TokenOrigin
  readonly makers?: readonly string[]
}): boolean => principalKind(principal) === 'service' && origin === 'token' && makers.length > 0

export interface MakingToken {
  readonly origin: TokenOrigin
  readonly expiresAt: number
  readonly groups: readonly string[]
  /** When the sign-in that proved the groups is over; undefined where none did. */
  readonly groupsUntil?: number
}

/**
 * When a token for oneself must end at the latest. A sign-in or the operator may make it for as long as anybody may; a
 * token that was made with a token, only for as long as that one lasts: otherwise no end would be one.
 */
export const latestOwnEnd = ({ origin, expiresAt }: MakingToken): number =>
  origin === 'token' ? expiresAt : Number.POSITIVE_INFINITY

/**
 * Groups that permit go with a token that ends no later than the sign-in that proved them; with a longer one, none. What is
 * forbidden to them binds the longer one all the same, since it names the token that it was made with (`partiesOf`).
 */
export const groupsOfOwn = ({ groups, groupsUntil }: MakingToken, endsAt: number): readonly string[] =>
  groupsUntil !== undefined && endsAt <= groupsUntil ? groups : []

/**
 * Whether a token or session that ends is no good at a moment: it has ended; or a clock that was ahead has begun it, and it has not begun yet by
 * the one that holds now.
 */
export const isOver = (
  { createdAt, expiresAt }: { readonly createdAt: number; readonly expiresAt?: number | undefined },
  now: number,
): boolean => expiresAt !== undefined && (expiresAt <= now || createdAt > now)
