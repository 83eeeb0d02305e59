// What is wrong with an event by the excerpt of OCSF's schema: members that it requires, types and values that it lists.

export interface OcsfMember {
  readonly requirement: string
  readonly type?: string
  readonly object?: string
  readonly array?: true
  readonly enum?: readonly (number | string)[]
}
export interface OcsfShape {
  readonly members: Readonly<Record<string, OcsfMember>>
  readonly atLeastOne?: readonly string[]
}
export type OcsfSchema = Readonly<Record<string, OcsfShape>>

export function ocsfProblems(value: unknown, shape: string, schema: OcsfSchema, path = shape): string[] {
  if (typeof value !== 'object' || value === null) return [`${path}: an object is expected`]
  const { members, atLeastOne } = schema[shape]!
  const given = Object.entries(value).filter(([, member]) => member !== undefined)
  const names = new Set(given.map(([name]) => name))
  const missing = Object.entries(members).filter(
    ([name, { requirement }]) => requirement === 'required' && !names.has(name),
  )
  return [
    ...missing.map(([name]) => `${path}.${name}: is required`),
    ...(atLeastOne && !atLeastOne.some((name) => names.has(name)) ? [`${path}: one of ${atLeastOne.join(', ')}`] : []),
    ...given.flatMap(([name, member]) => {
      const known = members[name]
      if (!known) return [`${path}.${name}: is not in the excerpt`]
      if (!known.array) return valueProblems(member, known, schema, `${path}.${name}`)
      if (!Array.isArray(member)) return [`${path}.${name}: a list is expected`]
      return member.flatMap((one, index) => valueProblems(one, known, schema, `${path}.${name}.${index}`))
    }),
  ]
}

const isOf: Readonly<Record<string, (value: unknown) => boolean>> = {
  string_t: (value) => typeof value === 'string',
  integer_t: (value) => Number.isSafeInteger(value),
  long_t: (value) => Number.isSafeInteger(value),
  timestamp_t: (value) => Number.isSafeInteger(value),
  object: (value) => typeof value === 'object' && value !== null,
}
function valueProblems(value: unknown, member: OcsfMember, schema: OcsfSchema, path: string): string[] {
  const { object, type = '', enum: values } = member
  // `unmapped` is an object of whatever.
  if (object !== undefined && schema[object]) return ocsfProblems(value, object, schema, path)
  const check = object === undefined ? isOf[type] : isOf.object
  if (!check) return [`${path}: the type ${type} is not known here`]
  if (!check(value)) return [`${path}: ${type || 'object'} is expected`]
  return values && !values.includes(value as number) ? [`${path}: ${String(value)} is none of the values`] : []
}
