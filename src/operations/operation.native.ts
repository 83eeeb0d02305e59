// What an operation of the native API is: one value from which its route, OpenAPI entry, CLI words and reference page follow.
import { hash } from 'node:crypto'
import type { z } from 'zod'
import type { ExportFormat } from '#formats/exports/export.ts'
import { worded } from '#model/problems/worded.ts'
import { naming, type Refusal, Refused, refuse, refuseValue } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import type { ProposedOperation } from './governance/proposed.ts'
import { type Place, requirePermission, requireScope } from './identity/authority.ts'
import { type Naming, namingOf } from './names.native.ts'
import type { Ahead, ReadContext, ReadOperation, Steps, WriteContext, WriteOperation } from './operation.ts'
import { withCursors } from './page-cursors.ts'

/** What the body of a request may have: more is refused before it is parsed. */
export interface BodyBounds {
  readonly bytesMax: number
  /** Members of objects and elements of lists, of all together. */
  readonly membersMax: number
  /** Of whoever governs no more than a part of the organization, where that is less. */
  readonly part?: Pick<BodyBounds, 'bytesMax' | 'membersMax'>
  /** Whoever may do none of these anywhere, nor what the operation does, has what is usual: they have no use for more. */
  readonly actions?: readonly Action[]
}
/** Of an operation that says nothing else: 64 KiB, which is fifty tags at their longest. */
export const usualBody: BodyBounds = { bytesMax: 65_536, membersMax: 2_000 }
/** A hundred requests with their tags at once. */
export const batchBody: BodyBounds = { bytesMax: 1_048_576, membersMax: 10_000 }
/** Policy documents, whose conditions list accounts. */
export const documentsBody: BodyBounds = { bytesMax: 1_048_576, membersMax: 40_000 }

/** What a definition's body may have beyond the usual, as a sentence; empty where it has no more. */
export const noteOnBody = ({ rest }: Pick<NativeOperation, 'rest'>): string =>
  rest.body ? `The body may have ${rest.body.bytesMax} bytes and ${rest.body.membersMax} members.` : ''

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Members of the items. */
export interface TreeMembers {
  readonly id: string
  /** The id of what an item hangs under. */
  readonly parent: string
  /** What those with the same parent are ordered by, where it is not the order of the list. */
  readonly order?: readonly string[]
  /** How much of it is used, with `provisioned` and `free`: shown together with all that hangs under it. */
  readonly usage?: string
}

export interface StreamFacts {
  /** The member that is the id of an event. */
  readonly id: string
  /** What brings the items in the order of time. */
  readonly input: Readonly<Record<string, string | boolean>>
}

interface Facts<Input extends z.ZodObject, Output extends z.ZodType> {
  /** Also the operation's id in OpenAPI and the action in the audit entry, such as `createRoleBinding`. */
  readonly name: string
  /** One sentence. */
  readonly summary: string
  readonly description?: string
  readonly action: Action
  /** Parameters of the path, query and body together; each may be a parameter of the command line. */
  readonly input: Input
  readonly output: Output
  readonly rest: {
    readonly method: Method
    /** Below `/api/v1`; names in braces are members of `input`. */
    readonly path: string
    /** Members of `input` that stand in the query though the method has a body. */
    readonly query?: readonly string[]
    /** 200 by default; 204 has no body. */
    readonly status?: 200 | 201 | 204
    /** What its body may have, where that is more than is usual. */
    readonly body?: BodyBounds
    /** What else the list can be had as, by the names of the formats: all its pages in one answer. */
    readonly exports?: Readonly<Record<string, ExportFormat<never>>>
    /** The list grows: with `Accept: text/event-stream` its items go on as events. */
    readonly stream?: StreamFacts
  }
  /** The words that call it, such as `role create`; undefined: it has none. */
  readonly cli?: string
  /** What members of `input` are called on the command line, where that is shorter than their name. */
  readonly flags?: Readonly<Record<string, string>>
  /** A parameter of the query that stands for itself behind the words, without its flag. */
  readonly argument?: string
  /**
   * Members of the output that a table for people shows; of the items where the output is a page. In order of rank: what does not
   * fit a terminal is left out from the end.
   */
  readonly columns?: readonly string[]
  /** Of a page whose items hang under each other: people see it drawn as a tree. */
  readonly tree?: TreeMembers
  /** What it refuses, beyond what every operation may: bad input, no permission, trouble. */
  readonly refusals: readonly Refusal['code'][]
}

/**
 * Where the action must be permitted: at each place. Several are asked one after the other, each before the next is looked up: who may
 * not do it at the first is told that, whether the others are there or not (invariant I8). `own`: anybody who is signed in, though a
 * change needs a scope that covers it; `filtered`: `run` shows only what may be seen.
 */
export type At<Context, Input> =
  | 'own'
  | 'filtered'
  | ((context: Context, input: Input) => Promise<Place> | AsyncIterable<Place>)

interface ReadFacts<Input extends z.ZodObject, Output extends z.ZodType> extends Facts<Input, Output> {
  at: At<ReadContext, z.output<Input>>
  run(context: ReadContext, input: z.output<Input>): Promise<z.output<Output>>
}
interface WriteFacts<Input extends z.ZodObject, Output extends z.ZodType, Prepared> extends Facts<Input, Output> {
  at: At<WriteContext, z.output<Input>>
  /** The reading whose answer is the state that `If-Match` names; without one `If-Match` is refused. */
  readonly changes?: NativeOperation
  readonly secretOutput?: true
  readonly isList?: true
  /** Of one that is `own`: what any token may do, whatever its scopes. */
  readonly needsNoScope?: (context: WriteContext, input: z.output<Input>) => boolean
  prepare?(): Prepared
  /** With names in place of ids, as the request has them. */
  lookAhead?(ahead: Ahead, input: z.output<Input>): Promise<Prepared>
  run(context: WriteContext, input: z.output<Input>, prepared: Prepared): Promise<z.output<Output>>
  /** What a change request would say that does the same: by default the operation itself. */
  propose?(input: z.output<Input>): readonly ProposedOperation[]
  /**
   * Of one that lets act what others may change until then: members that say in which state it was looked at, so that what is approved is
   * what is made. Asked only of whoever may ask for the operation; what the operation itself says of these members goes first.
   */
  pin?(
    context: WriteContext,
    input: z.output<Input>,
  ): Promise<Partial<z.output<Input>> & Readonly<Record<string, string>>>
}

/** As the tables hold them: whatever their input and output. */
export type NativeOperation = Facts<z.ZodObject, z.ZodType> & {
  readonly changes?: NativeOperation
  /** Of a reading: the state itself, whoever asks. */
  readonly show?: (context: ReadContext, input: never) => Promise<unknown>
  /** Of one whose requests can name something: gives them numbers and ids. */
  readonly names?: Naming | undefined
  /** Of a change: see `WriteFacts`. */
  readonly pin?: (context: WriteContext, input: never) => Promise<Readonly<Record<string, string>>>
  /** Whether the action must be permitted somewhere, or everybody gets what is theirs to see. */
  readonly reach: 'own' | 'filtered' | 'place'
} & (ReadOperation<never, unknown> | WriteOperation<never, unknown, unknown>)

/** Defines an operation that only reads. */
export function nativeRead<Input extends z.ZodObject, Output extends z.ZodType>(
  facts: ReadFacts<Input, Output>,
): NativeOperation {
  const { at, run, ...rest } = facts
  const names = namingOf(facts.input)
  return {
    ...rest,
    refusals: refusalsOf(facts, names),
    reach: reachOf(at),
    access: 'read',
    show: run,
    names,
    run: (context: ReadContext, given: z.output<Input>) =>
      naming({}, async () => {
        const input = names ? await names(context, facts.action, given) : given
        await requirePlace(context, facts.action, at, input)
        if (!('cursor' in facts.input.shape)) return run(context, input)
        return withCursors(context, facts, input, (opened) => run(context, opened as z.output<Input>))
      }),
  } as NativeOperation
}

/** Defines an operation that changes something: it gets an audit entry, and one effect per `Idempotency-Key`. */
export function nativeWrite<Input extends z.ZodObject, Output extends z.ZodType, Prepared = void>(
  facts: WriteFacts<Input, Output, Prepared>,
): NativeOperation {
  const { at, run, changes, needsNoScope, lookAhead, pin, ...rest } = facts
  const names = namingOf(facts.input)
  /** Does some work for whoever may ask for the operation. */
  const permitted = <T>(
    context: WriteContext,
    given: z.output<Input>,
    work: (input: z.output<Input>) => Promise<T>,
  ): Promise<T> =>
    naming({}, async () => {
      const input = names ? await names(context, facts.action, given) : given
      await requirePlace(context, facts.action, at, input)
      if (at === 'own' && !needsNoScope?.(context, input)) requireScope(context, facts.action)
      return work(input)
    })
  return {
    ...rest,
    refusals: refusalsOf(facts, names),
    changes,
    names,
    reach: reachOf(at),
    access: 'write',
    propose: facts.propose ?? ((input: z.output<Input>) => [{ operation: facts.name, input }]),
    run: (context: WriteContext, given: z.output<Input>, prepared: Prepared) =>
      permitted(context, given, async (input) => {
        await requireMatch(context, changes, input)
        return run(context, input, prepared)
      }),
    ...(lookAhead
      ? {
          // Whoever may not ask for it has nothing tried: how long that takes would tell what is hidden (I8).
          lookAhead: ({ attempt }: Ahead, given: z.output<Input>) =>
            lookAhead(
              {
                attempt: (work, how) =>
                  attempt((context, behindStage) => permitted(context, given, () => work(context, behindStage)), how),
              },
              given,
            ),
        }
      : {}),
    ...(pin
      ? {
          pin: (context: WriteContext, given: z.output<Input>) =>
            permitted(context, given, (input) => pin(context, input)),
        }
      : {}),
    // What answers something else than the state that it changes is compared by what its audit entry names alone.
    ...(changes && changes.output === facts.output
      ? {
          findOutdated: (context: ReadContext, input: object, answer: string) =>
            findOutdated(context, changes, input, answer),
        }
      : {}),
  } as NativeOperation
}

// Intakes ------------------------------------------------------------------------------------------------------------

/**
 * An operation whose body is of any size and read as it comes: what it does is done in many transactions, each of which asks anew whether
 * the caller may. It has no `Idempotency-Key` and no dry run.
 */
interface IntakeFacts<Input extends z.ZodObject, Output extends z.ZodType>
  extends Pick<Facts<Input, Output>, 'name' | 'summary' | 'description' | 'action' | 'input' | 'output' | 'refusals'> {
  readonly rest: Pick<Facts<Input, Output>['rest'], 'path' | 'status'> & {
    readonly method: 'POST'
    readonly contentType: string
  }
  /** For the description. */
  readonly example: string
  at(context: ReadContext, input: z.output<Input>): Promise<Place>
  /** The input with ids in place of names. */
  identify(context: ReadContext, input: z.output<Input>): Promise<z.output<Input>>
  receive(steps: Steps, input: z.output<Input>, body: AsyncIterable<Uint8Array>): Promise<z.output<Output>>
}
export type NativeIntake = Omit<IntakeFacts<z.ZodObject, z.ZodType>, 'at' | 'identify' | 'receive'> & {
  /**
   * Refuses whoever may not, before anything is read of the body. Answers the input with ids in place of names, which may be others'
   * by the next step.
   */
  permit(steps: Pick<Steps, 'read'>, input: object): Promise<object>
  receive(steps: Steps, input: object, body: AsyncIterable<Uint8Array>): Promise<unknown>
}

/** Defines an intake. */
export function nativeIntake<Input extends z.ZodObject, Output extends z.ZodType>(
  facts: IntakeFacts<Input, Output>,
): NativeIntake {
  const { at, identify, receive, ...rest } = facts
  const permitted =
    <Context extends ReadContext, T>(input: z.output<Input>, work: (context: Context) => Promise<T>) =>
    (context: Context) =>
      naming({}, async () => {
        await requirePermission(context, facts.action, await at(context, input))
        return work(context)
      })
  return {
    ...rest,
    permit: (steps: Pick<Steps, 'read'>, input: object) => {
      const given = input as z.output<Input>
      return steps.read(permitted(given, (context: ReadContext) => identify(context, given)))
    },
    receive: (steps: Steps, input: object, body: AsyncIterable<Uint8Array>) => {
      const given = input as z.output<Input>
      const each: Steps = {
        read: (work) => steps.read(permitted(given, work)),
        write: (work) => steps.write(permitted(given, work)),
        undo: (work) => steps.undo(work),
        isCrowded: () => steps.isCrowded(),
      }
      return receive(each, given, body)
    },
  }
}

/** A name that no account has is not found, whatever else the operation refuses. */
const refusalsOf = (
  { refusals }: Pick<Facts<z.ZodObject, z.ZodType>, 'refusals'>,
  names: Naming | undefined,
): readonly Refusal['code'][] => (names && !refusals.includes('NotFound') ? [...refusals, 'NotFound'] : refusals)

const reachOf = (at: unknown): NativeOperation['reach'] => (at === 'own' || at === 'filtered' ? at : 'place')

async function requirePlace<Context extends ReadContext, Input>(
  context: Context,
  action: Action,
  at: At<Context, Input>,
  input: Input,
): Promise<void> {
  if (at === 'own' || at === 'filtered') return
  const places = at(context, input)
  for await (const place of Symbol.asyncIterator in places ? places : [places]) {
    await requirePermission(context, action, place)
  }
}

/** In place of an `ETag`: there is nothing yet that the change would overwrite. */
export const noState = ''

/** Compares the state that the caller saw with what is there now, in the transaction that changes it. */
async function requireMatch(context: WriteContext, reading: NativeOperation | undefined, input: object): Promise<void> {
  const { ifMatch } = context
  if (ifMatch === undefined) return
  if (!reading)
    refuseValue('If-Match', ifMatch, worded('this operation changes nothing that has an ETag; leave it out'))
  const asked = reading.input.parse(pick(reading.input, input)) as object
  const state = (reading as ReadOperation<object, unknown>).run(context, asked)
  const current = etagOf(
    await (ifMatch === noState
      ? state.catch((error: unknown) => {
          if (error instanceof Refused && error.refusal.code === 'NotFound') return noState
          throw error
        })
      : state),
  )
  // Nobody has made it meanwhile.
  if (ifMatch === noState && current === etagOf(noState)) return
  if (ifMatch !== '*' && ifMatch !== current) refuse({ code: 'PreconditionFailed', expected: ifMatch, current })
}

/** Whoever repeats may do the change still, and that has answered them the state: reading it needs no right besides. */
async function findOutdated(
  context: ReadContext,
  reading: NativeOperation,
  input: object,
  answer: string,
): Promise<string | undefined> {
  const asked = reading.input.parse(pick(reading.input, input))
  // What was named by its name then may have another one by now: the answer has the number.
  const named = reading.names ? { ...asked, ...pick(reading.input, JSON.parse(answer) as object) } : asked
  const show = async (): Promise<unknown> =>
    reading.show!(context, (reading.names ? await reading.names(context, reading.action, named) : named) as never)
  const current = await show().catch((error: unknown) => {
    if (error instanceof Refused && error.refusal.code === 'NotFound') return undefined
    throw error
  })
  if (JSON.stringify(stateIn(current)) === JSON.stringify(stateIn(JSON.parse(answer)))) return undefined
  return Object.values(named).join('/') || reading.rest.path.slice(1)
}

const pick = (schema: z.ZodObject, input: object): object =>
  Object.fromEntries(Object.entries(input).filter(([name]) => name in schema.shape))

/**
 * What things beside it are called is no part of a state: nobody has changed it where one of them is renamed. Neither is how far a
 * simulation of it is.
 */
function stateIn(output: unknown): unknown {
  if (typeof output !== 'object' || output === null) return output
  const { names: _, simulation: __, ...state } = output as { readonly names?: unknown; readonly simulation?: unknown }
  return state
}

/** The strong entity tag of an answer (RFC 9110, section 8.8.3): equal states, equal tags. */
export const etagOf = (output: unknown): string =>
  `"${hash('sha256', JSON.stringify(stateIn(output)), 'base64url').slice(0, 22)}"`

/** Whether a change may be one of what policy says of space in use: a dry run tells what it would make of it. */
export const isGoverning = ({ access, action }: Pick<NativeOperation, 'access' | 'action'>): boolean =>
  access === 'write' && governing.has(action)
const governing: ReadonlySet<Action> = new Set([
  'policy:manage',
  'exception:request',
  'exception:approve',
  'organization:manage',
  'ipam:manage',
])
