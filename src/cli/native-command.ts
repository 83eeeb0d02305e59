// What the command line knows of an operation of the native API: plain data, written from its definition by `npm run docs`.
import type { Direction } from './moments.ts'

export interface NativeParameter {
  /** As the API calls it. */
  readonly name: string
  readonly where: 'path' | 'query' | 'body'
  /** Without the dashes; those of the path stand for themselves, in order. */
  readonly flag: string
  readonly isRequired: boolean
  /** `moment`: RFC 3339 for the API. `list`: of texts, repeated. `map`: `KEY=VALUE`, repeated. `json`: whatever has parts of its own. */
  readonly kind: 'string' | 'integer' | 'boolean' | 'moment' | 'list' | 'map' | 'json'
  readonly allowed?: readonly string[]
  /** It can be taken away, with `null`. */
  readonly isNullable?: boolean
  /** Of a list: it has one item at least. */
  readonly isNeverEmpty?: boolean
  /** It stands for itself behind the words, though it is no part of the path. */
  readonly isArgument?: true
  /** It takes ids of the server's own things, and so their short forms. */
  readonly isId?: true
  /** A list of things of one kind, which a file may have any number of: so many go into one request. */
  readonly rows?: {
    readonly max: number
    /** Of the members of each. */
    readonly kinds: Readonly<Record<string, NativeParameter['kind']>>
  }
  readonly description: string
  /** JSON that the API takes; every `json` has one. */
  readonly example?: string
}

/** Given without a flag, in order. */
export const isPositional = ({ where, isArgument }: NativeParameter): boolean => where === 'path' || isArgument === true

/** A moment in the query is looked back at; one in a body is when something begins or ends. */
export const directionOf = ({ where }: NativeParameter): Direction => (where === 'query' ? 'back' : 'ahead')

/** What `--help` and the reference say of a parameter: what it means, how it is written, and an example. */
export function meaningOf(parameter: NativeParameter): string {
  const { kind, description, example, rows } = parameter
  const form = rows ? rowsNote(rows.max) : formNotes[kind]?.(directionOf(parameter))
  return [description, form, example && `Such as '${example}'.`].filter(Boolean).join(' ')
}

const rowsNote = (max: number): string =>
  `JSON; or \`@FILE\`, or \`-\` for the standard input, of any length: JSON, JSON lines, or CSV with the members in its first line. ${max} at a time are taken, all of them or none.`
const formNotes: { readonly [K in NativeParameter['kind']]?: (direction: Direction) => string } = {
  list: () => 'May be repeated.',
  map: () => 'May be repeated.',
  json: () => 'JSON, `@FILE`, or `-` for the standard input.',
  moment: (direction) =>
    direction === 'back'
      ? 'Such as `2026-12-05`, `yesterday 18:00` or `7d` (ago), in your time zone, or as RFC 3339 writes it.'
      : 'Such as `2026-12-05`, `tomorrow 18:00` or `7d` (from now), in your time zone, or as RFC 3339 writes it.',
}

/** Members of the items of a list that is a tree; it is drawn in the first column. */
export interface TreeWords {
  readonly id: string
  /** The id of what an item hangs under. */
  readonly parent: string
  /** What those with the same parent are ordered by, where it is not the order of the list. */
  readonly order?: readonly string[]
  /** Numbers of addresses, `provisioned` and `free`: shown as a part of what is there, with all that hangs under it. */
  readonly usage?: string
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
  /** It may change what policy says of space in use: a dry run tells. */
  readonly isGoverning?: true
  /** Whether a repeat with the same `Idempotency-Key` has no second effect. */
  readonly isRepeatable: boolean
  /** The operation that shows the state which `If-Match` names. */
  readonly changes?: string
  /** It answers in pages, and `--all` follows them. */
  readonly isPaged: boolean
  /** It does what it does in parts, and `--all` goes on behind each: this member of the items says what became of each. */
  readonly outcome?: string
  /** It can be followed, by events with this member as their id. */
  readonly streamId?: string
  /** What else `-o` has it as: formats of others, which the server writes. */
  readonly exports?: readonly string[]
  /** Its items have a state and a severity: open ones of a certain one can be an end of their own. */
  readonly hasSeverities?: true
  /** Its answer has `messages`, in three lengths. */
  readonly hasMessages: boolean
  /** Its answer tells where something is. */
  readonly hasPlaces?: true
  /** What a table shows; the first ones matter most. */
  readonly columns?: readonly string[]
  /** The items hang under each other, and are drawn as a tree. */
  readonly tree?: TreeWords
  /**
   * The members of the answer, or of the items of its pages, for `--field`: `a.b` is the `b` of `a`, and below `a.*` may be
   * anything. Undefined where nobody can say.
   */
  readonly fields?: readonly string[]
  /** Members that are numbers of things, as texts. */
  readonly counts?: readonly string[]
  readonly parameters: readonly NativeParameter[]
}
