// What is wrong with a value by shapes of a service model of AWS.

export interface Shape {
  readonly type: string
  readonly required?: readonly string[]
  readonly members?: Readonly<Record<string, { readonly shape: string }>>
  readonly member?: { readonly shape: string }
  readonly key?: { readonly shape: string }
  readonly value?: { readonly shape: string }
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
}
export type Shapes = Readonly<Record<string, Shape>>

export function shapeProblems(value: unknown, name: string, shapes: Shapes, path = name): string[] {
  const shape = shapes[name]!
  const { required = [], members = {}, member, min = 0, max = Infinity, pattern } = shape
  switch (shape.type) {
    case 'structure': {
      const given = value as Readonly<Record<string, unknown>>
      return [
        ...required.filter((one) => given[one] === undefined).map((one) => `${path}.${one}: is required`),
        ...Object.entries(given).flatMap(([one, its]) =>
          members[one] ? shapeProblems(its, members[one].shape, shapes, `${path}.${one}`) : [`${path}.${one}: unknown`],
        ),
      ]
    }
    case 'list': {
      const items = value as readonly unknown[]
      const length = items.length < min || items.length > max ? [`${path}: ${items.length} items`] : []
      return [...length, ...items.flatMap((one, at) => shapeProblems(one, member!.shape, shapes, `${path}.${at}`))]
    }
    case 'map':
      return Object.entries(value as object).flatMap(([key, its]) => [
        ...shapeProblems(key, shape.key!.shape, shapes, `${path}.key`),
        ...shapeProblems(its, shape.value!.shape, shapes, `${path}.${key}`),
      ])
    case 'string': {
      if (typeof value !== 'string') return [`${path}: a text is expected`]
      if (shape.enum && !shape.enum.includes(value)) return [`${path}: ${value} is none of the values`]
      return pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 's').test(value) ? [`${path}: ${pattern}`] : []
    }
    default:
      return [`${path}: the type ${shape.type} is not known here`]
  }
}
