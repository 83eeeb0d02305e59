// Address managers: where they are, and what their words mean here.

import { memberOf } from './collector.ts'
import { scalarText } from './seen.ts'

/** Without what may stand behind it by custom, such as `/api/`; undefined where it is no URL of HTTP. */
export function baseOf(text: string, custom?: RegExp): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, origin, pathname, username } = new URL(text)
  // A name and a password in a URL stand in every list of processes.
  if ((protocol !== 'https:' && protocol !== 'http:') || username !== '') return undefined
  const path = pathname.replace(/(?<!\/)\/+$/, '')
  return origin + (custom ? path.replace(custom, '') : path)
}
export const apiProblem = '`--api` takes `https://HOST`, with a path where it has one, and no password in it'

/** `NAME=VALUE,NAME=VALUE`; undefined where it is not. */
export function pairsOf(text = ''): ReadonlyMap<string, string> | undefined {
  const pairs = text
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair) => pair.split('=').map((part) => part.trim()))
  return pairs.every(([name, value, ...rest]) => name && value && rest.length === 0)
    ? new Map(pairs as [string, string][])
    : undefined
}

/** A number or a text as a text: before PHP 8.1, and in other versions of an API, ids are either. */
export const idOf = (value: unknown, name: string): string | undefined => {
  const text = scalarText(memberOf(value, name))
  return text === '' ? undefined : text
}

export const basicAuthorization = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
