// What the command line knows of an operation of the native API: plain data, written from its definition by `npm run docs`.

export interface NativeParameter {
  /** As the API calls it. */
  readonly name: string
  readonly where: 'path' | 'query' | 'body'
  /** Without the dashes; those of the path stand for themselves, in order. */
  readonly flag: string
  readonly isRequired: boolean
  /** `list`: of texts, repeated. `map`: `KEY=VALUE`, repeated. `json`: whatever has parts of its own. */
  readonly kind: 'string' | 'integer' | 'boolean' | 'list' | 'map' | 'json'
  readonly allowed?: readonly string[]
  /** It can be taken away, with `null`. */
  readonly isNullable?: boolean
  readonly description: string
}

export interface NativeCommand {
  readonly name: string
  /** The words that call it, such as `pool list`. */
  readonly words: string
  readonly summary: string
  readonly description?: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`. */
  readonly path: string
  readonly isWrite: boolean
  /** Whether a repeat with the same `Idempotency-Key` has no second effect. */
  readonly isRepeatable: boolean
  /** The operation that shows the state which `If-Match` names. */
  readonly changes?: string
  /** It answers in pages, and `--all` follows them. */
  readonly isPaged: boolean
  /** It can be followed, by events with this member as their id. */
  readonly streamId?: string
  /** Its answer has `messages`, in three lengths. */
  readonly hasMessages: boolean
  readonly columns?: readonly string[]
  /**
   * The members of the answer, or of the items of its pages, for `--field`: `a.b` is the `b` of `a`, and below `a.*` may be
   * anything. Undefined where nobody can say.
   */
  readonly fields?: readonly string[]
  readonly parameters: readonly NativeParameter[]
}
