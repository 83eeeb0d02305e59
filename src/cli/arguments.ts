// Words become a request: parameters where the operation has them, each read as what it is.
import { Stopped } from './exit-codes.ts'
import { type Clock, readMoment } from './moments.ts'
import { directionOf, isPositional, type NativeCommand, type NativeParameter } from './native-command.ts'

/** As the shell gave them, by the parameter's name; a switch is a boolean, what is repeated a list. */
export type Given = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

export interface NativeRequest {
  readonly method: NativeCommand['method']
  /** Below `/api/v1`, without the query. */
  readonly path: string
  readonly query: Record<string, string>
  /** Undefined where the operation has no body. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/**
 * Moments as the API writes them, before anything is asked: a repeat of the request is the same one only with the same moment,
 * so that what is said of the request names it.
 */
export function withMoments(command: NativeCommand, given: Given, clock: Clock): Given {
  const moments = command.parameters
    .filter(({ name, kind }) => kind === 'moment' && typeof given[name] === 'string')
    .map((parameter): [string, string] => {
      const text = String(given[parameter.name])
      const read = readMoment(text, clock, directionOf(parameter))
      if ('problem' in read) refuseWord(parameter, text, read.problem)
      return [parameter.name, read.moment]
    })
  return { ...given, ...Object.fromEntries(moments) }
}

/** @param readText what stands in a file, or on the standard input for `-` */
export async function requestOf(
  command: NativeCommand,
  given: Given,
  readText: (source: string) => Promise<string>,
): Promise<NativeRequest> {
  let { path } = command
  const query: Record<string, string> = {}
  const body: Record<string, unknown> = {}
  for (const parameter of command.parameters) {
    const { name, where } = parameter
    const value = given[name]
    if (value === undefined) continue
    const read = await readValue(parameter, value, readText)
    if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(String(read)))
    else if (where === 'query') query[name] = typeof read === 'object' ? JSON.stringify(read) : String(read)
    else body[name] = read
  }
  const hasBody = command.parameters.some(({ where }) => where === 'body')
  return { method: command.method, path, query, body: hasBody ? body : undefined }
}

async function readValue(
  parameter: NativeParameter,
  value: NonNullable<Given[string]>,
  readText: (source: string) => Promise<string>,
): Promise<unknown> {
  const { kind, isNullable } = parameter
  // `--no-description`, `--no-tags`: none is something else than nothing said.
  if (value === false && kind !== 'boolean') return isNullable ? null : kind === 'map' ? {} : []
  if (kind === 'map') return mapOf(parameter, value as readonly string[])
  if (kind === 'integer') {
    if (!/^-?\d{1,15}$/.test(String(value))) refuseWord(parameter, String(value), 'a whole number is expected')
    return Number(value)
  }
  if (kind !== 'json') return value
  const text = String(value)
  const source = text === '-' ? '-' : text.startsWith('@') ? text.slice(1) : undefined
  const json = source === undefined ? text : await readText(source)
  try {
    return JSON.parse(json) as unknown
  } catch (error) {
    // What a person typed: the parser says where it is wrong.
    refuseWord(parameter, text, `JSON, \`@FILE\` or \`-\` is expected (${(error as Error).message})`)
  }
}

function mapOf(parameter: NativeParameter, pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) refuseWord(parameter, pair, 'KEY=VALUE is expected')
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  const twice = entries.find(([key], at) => entries.findIndex(([other]) => other === key) !== at)
  if (twice) refuseWord(parameter, twice[0], 'the key stands there twice')
  return Object.fromEntries(entries)
}

const nameOf = (parameter: NativeParameter): string =>
  isPositional(parameter) ? parameter.flag : `--${parameter.flag}`

function refuseWord(parameter: NativeParameter, value: string, expected: string): never {
  throw new Stopped(
    'wrongWords',
    `\`${nameOf(parameter)}\`: \`${value}\`: ${expected}${/[.?]$/.test(expected) ? '' : '.'}`,
  )
}
