// What the service models demand of single values, made into functions once: type, enumeration, range, length and pattern.
import type { Shape } from '#formats/aws/service-model.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'

/** Refuses the value, naming the parameter by its whole path, or lets it pass. */
export type Check<Value> = (value: Value, path: string) => void

const listedValuesMax = 20

/** A value as refusals may repeat it: secrets are not echoed. */
function shown(shape: Shape, value: string): string {
  return shape.sensitive ? '(hidden)' : value
}

/**
 * Length, enumeration and pattern of a string. Lengths come before patterns, so that a pattern only ever meets short text.
 * An `open` enumeration has values of our own besides the model's and is checked by the operation.
 */
export function checkOfString(shape: Shape, { open = false }: { open?: boolean } = {}): Check<string> | undefined {
  const { min, max, pattern } = shape
  const allowed = shape.enum && !open ? new Set(shape.enum) : undefined
  const matcher =
    pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, pattern.includes('\\p{') ? 'u' : '')
  if (min === undefined && max === undefined && !allowed && !matcher) return undefined
  const among = allowed
    ? [...allowed]
        .slice(0, listedValuesMax)
        .map((value) => `\`${value}\``)
        .join(', ')
    : ''
  const others = allowed && allowed.size > listedValuesMax ? ` and ${allowed.size - listedValuesMax} others` : ''
  const no = (value: string, path: string, problem: string): never =>
    refuse({ code: 'InvalidParameterValue', field: path, value: shown(shape, value), problem: worded(problem) })
  return (value, path) => {
    if (max !== undefined && value.length > max && [...value].length > max) {
      no(value, path, `It may have ${max} characters at most.`)
    }
    if (min !== undefined && value.length < min) no(value, path, `It must have ${min} or more characters.`)
    if (allowed && !allowed.has(value)) no(value, path, `Allowed are ${among}${others}.`)
    if (matcher && !matcher.test(value)) no(value, path, `It must match the pattern \`${pattern}\`.`)
  }
}

/** Safe integers stand for EC2's 64-bit ones: no parameter of ours needs more than 2^53. */
export function boundsOf(shape: Shape): { least: number; most: number } {
  const widest = shape.type === 'long' ? Number.MAX_SAFE_INTEGER : 2_147_483_647
  const lowest = shape.type === 'long' ? Number.MIN_SAFE_INTEGER : -2_147_483_648
  return { least: shape.min ?? lowest, most: shape.max ?? widest }
}

export function checkOfInteger(shape: Shape): Check<number> {
  const { least, most } = boundsOf(shape)
  return (value, path) => {
    if (value < least || value > most) {
      refuse({
        code: 'InvalidParameterValue',
        field: path,
        value: String(value),
        problem: worded(`Expected a value from ${least} to ${most}.`),
      })
    }
  }
}

/** The number of items of a list, where the model or a limit of our own says something. */
export function checkOfSize(shape: Shape): Check<readonly unknown[]> | undefined {
  const { min, max } = shape
  if (!min && max === undefined) return undefined
  return (items, path) => {
    if ((min !== undefined && items.length < min) || (max !== undefined && items.length > max)) {
      refuse({
        code: 'InvalidParameterValue',
        field: path,
        value: `${items.length} items`,
        problem: worded(`The list may have from ${min ?? 0} to ${max ?? 'any number of'} items.`),
      })
    }
  }
}

const timestampPattern = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** Milliseconds since 1970 of an ISO 8601 moment with a time zone, or undefined. Days that no month has are not moments. */
export function parseTimestamp(text: string): number | undefined {
  if (text.length > 40) return undefined
  const parts = timestampPattern.exec(text)
  if (!parts) return undefined
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  const moment = Date.parse(text)
  return Number.isNaN(moment) ? undefined : moment
}
