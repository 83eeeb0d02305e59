// What holds of every answer, whatever was asked.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { statuses } from '#api/rest/problem.ts'
import type { Refusal } from '#model/refusal.ts'
import type { Asker } from './known.ts'
import { type Draft, edited, jsonOf } from './requests.ts'
import { allDescribed, type Described, description, type Keys, keysOf, type Shape } from './shapes.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// Refusals -----------------------------------------------------------------------------------------------------------

const errorsPage = readFileSync(join(import.meta.dirname, '../../docs/reference/errors.md'), 'utf8')
const codesOfAws = new Set([...errorsPage.matchAll(/`([A-Za-z.]+)`/g)].map(([, code]) => code!))

interface ProblemShape {
  readonly properties: object
  readonly required: readonly string[]
  readonly allOf?: readonly { readonly $ref: string }[]
}
const problemShapes: ReadonlyMap<string, ProblemShape> = new Map(
  Object.entries(description.components.schemas as Readonly<Record<string, ProblemShape>>).filter(([, { allOf }]) =>
    allOf?.some(({ $ref }) => $ref === '#/components/schemas/ProblemDetails'),
  ),
)
const common = (description.components.schemas as unknown as Record<string, ProblemShape>).ProblemDetails!

/** What every operation may refuse, beyond bad input: no permission, no such way, trouble. */
const ofEvery: ReadonlySet<Refusal['code']> = new Set<Refusal['code']>([
  ...(['InvalidAction', 'MethodNotAllowed', 'UnsupportedMediaType', 'RequestTooLarge', 'NotAuthorized'] as const),
  ...(['IdempotencyMismatch', 'OutdatedRepeat', 'Throttled', 'InvalidToken'] as const),
])
const badRequest = 400
/** No fault: there is no room left. */
const exhausted = statuses.Exhausted
/** Headers that a problem may be about. */
const headerFields = ['Idempotency-Key', 'If-Match', 'If-None-Match', 'Accept']

/** What is wrong with an answer; undefined where nothing is. */
export function wrongWith(draft: Draft, answer: Answer): string | undefined {
  const { described } = draft
  if (answer.status >= 500 && answer.status !== exhausted) return `is answered with ${answer.status}`
  if (answer.status < 400) return undefined
  // Said before anything is read of it, in a line: see `refuseBrokenRequests`.
  if (answer.status === 431) return answer.body === '' ? undefined : 'says more than that it is too large'
  return described.way.api === 'native' ? wrongProblem(draft, answer) : wrongError(draft, answer)
}

function wrongProblem({ described, input, edits }: Draft, { status, headers, body }: Answer): string | undefined {
  if (!headers['content-type']?.startsWith('application/problem+json')) return 'has no problem in its answer'
  const problem = JSON.parse(body) as Record<string, unknown> & { readonly code: Refusal['code'] }
  const { code } = problem
  if (statuses[code] !== status || problem.status !== status) return `has another status than its code ${code}`
  const shape = problemShapes.get(code)
  if (!shape) return `has the code ${code}, which nobody describes`
  const missing = [...common.required, ...shape.required].find((name) => !(name in problem))
  if (missing) return `has no ${missing}`
  const names = new Set([...Object.keys(common.properties), ...Object.keys(shape.properties), 'index'])
  const undescribed = Object.keys(problem).find((name) => !names.has(name))
  if (undescribed) return `has ${undescribed}, which ${code} does not describe`
  if (status !== badRequest && !ofEvery.has(code) && !described.codes!.includes(code))
    return `has the code ${code}, which the operation does not name`
  if (!('field' in problem)) return undefined
  const sent = edited(input, edits)
  // Of one of several operations that are asked for at once, `index` says which.
  const members = 'index' in problem ? membersOfAll : namesIn(described.shape)
  const known = [...members, ...headerFields, 'dryRun', 'body', 'querystring']
  // Of a line of an intake it says which line.
  const isOfLine =
    described.way.api === 'native' && described.way.body === 'lines' && /^line \d+: /.test(`${problem.field}`)
  if (isOfLine) return undefined
  const [first] = String(problem.field).split('.')
  const isSent = typeof sent === 'object' && sent !== null && jsonOf(sent).includes(JSON.stringify(first).slice(1, -1))
  return known.includes(first!) || isSent ? undefined : `names the field ${problem.field}, which is none of it`
}

/** Codes of EC2 that are about a parameter. */
const aboutParameters: ReadonlySet<string> = new Set(['InvalidParameterValue', 'MissingParameter', 'UnknownParameter'])

function wrongError({ described, input, edits }: Draft, { headers, body }: Answer): string | undefined {
  const { way } = described
  // A client that says nothing of its protocol is answered in that of EC2.
  const isJson = body.startsWith('{')
  const code = isJson ? (JSON.parse(body) as { __type: string }).__type : body.match(/<Code>([^<]*)<\/Code>/)?.[1]
  const message = isJson
    ? (JSON.parse(body) as { Message: string }).Message
    : body.match(/<Message>([^<]*)<\/Message>/)?.[1]
  if (!code || !message) return 'has no code or no message'
  if (!codesOfAws.has(code)) return `has the code ${code}, which nobody describes`
  if (!headers['x-amzn-requestid']) return 'has no request id'
  if (!isJson && !/^[\t\n\r\u{20}-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(body))
    return 'has in its answer what XML cannot have'
  const isCut = edits.some((edit) => 'spoil' in edit)
  if (way.api !== 'ec2' || isCut || !aboutParameters.has(code)) return undefined
  const keys = keysIn(keysOf('ec2', described.name))
  const sent = namesOf(edited(input, edits))
  const names = [...namesIn(described.shape), ...keys, ...sent, 'Action', 'Version']
  // Sentences of AWS name a parameter in other words, with the value.
  const values = textsIn(edited(input, edits)).map((text) => text.slice(0, 40))
  const said = message.replaceAll(/&(\w+);/g, (_, name: string) => entities[name] ?? '')
  const isNamed = names.some((name) => letters(said).includes(letters(name)))
  return isNamed || values.some((text) => text !== '' && said.includes(text))
    ? undefined
    : `names no parameter: ${said}`
}
const entities: Readonly<Record<string, string>> = { apos: "'", quot: '"', amp: '&', lt: '<', gt: '>' }
const letters = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
const textsIn = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [String(value)]
const membersOfAll: readonly string[] = allDescribed.flatMap(({ way, shape }) =>
  way.api === 'native' ? namesIn(shape) : [],
)
function namesIn({ members = {}, of }: Shape): string[] {
  return [...Object.entries(members).flatMap(([name, shape]) => [name, ...namesIn(shape)]), ...(of ? namesIn(of) : [])]
}
const keysIn = ({ members = {}, of }: Keys): string[] => [
  ...Object.values(members).flatMap(({ key, under }) => [key, ...keysIn(under)]),
  ...(of ? keysIn(of) : []),
]
const namesOf = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, one]) => [...(Array.isArray(value) ? [] : [name]), ...namesOf(one)])

// What is hidden -----------------------------------------------------------------------------------------------------

/** Of another request every time, or counted. */
const ownHeaders =
  /^(?:date|x-amzn-requestid|ratelimit.*|x-cadastre-request-id|x-cadastre-decision.*|content-length|etag)$/

/** An answer without the ids that it was asked about, and without what is of its own request. */
export function masked({ status, headers, body }: Answer, ids: readonly string[]): string {
  const longestFirst = ids.toSorted((a, b) => b.length - a.length)
  // What is told of a long value is cut, and may end in the middle of one. `ou-…` in a text is no cut `u-0`.
  const cuts = longestFirst.flatMap((id) =>
    Array.from(
      { length: id.length },
      (_, cut) => new RegExp(`(?<![\\w-])${RegExp.escape(id.slice(0, id.length - cut))}…`, 'g'),
    ),
  )
  const mask = (text: string): string => {
    const whole = longestFirst.reduce((all, id) => all.replaceAll(id, '(asked)'), text)
    return whole.includes('…') ? cuts.reduce((all, cut) => all.replaceAll(cut, '(asked)'), whole) : whole
  }
  const kept = Object.entries(headers)
    .filter(([name]) => !ownHeaders.test(name))
    .map(([name, value]) => `${name}: ${mask(value)}`)
  const own = body
    .replaceAll(/(?<=<(?:requestId|RequestID|RequestId)>)[^<]*/g, '')
    .replaceAll(/(?<="(?:instance)":")[^"]*/g, '')
    .replaceAll(/decision-[0-9a-f]{17}/g, 'decision-…')
    .replaceAll(/(?<="nextCursor":"|"NextToken":"|<nextToken>)[^"<]*/g, '')
  return [status, ...kept, mask(own)].join('\n')
}

/** Whether what is asked twice can change nothing in between. */
export const changesNothing = ({ isWrite, takesDryRun }: Described): boolean => !isWrite || takesDryRun

export const isUnseeing = ({ name }: Asker): boolean => name !== 'operator'
