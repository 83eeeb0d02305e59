// The native API over a small world, without sockets: what tests ask it, as whom, and what comes back.
import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Bodies } from '#api/body.ts'
import { createRestApp, type RestDependencies } from '#api/rest/app.ts'
import { createFindWay } from '#api/rest/browser-sessions.ts'
import { compileSerializer, type Serialize } from '#api/rest/serialize.ts'
import { createAuthenticator } from '#api/rest/session.ts'
import { createSourceAddress } from '#api/source-address.ts'
import { StepsInTurn } from '#api/steps-in-turn.ts'
import { parseCidr } from '#model/cidr.ts'
import type { Role } from '#model/roles.ts'
import { findLink } from '#operations/identity/console-links.ts'
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import { tokenSecondsMax } from '#operations/identity/tokens.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import type { OperationSettings } from '#operations/operation.ts'
import type { Engine } from './engines.ts'
import { managementAccount, openSealer, openWorld, type World } from './world.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export interface Sent {
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
  /** A token; the administrator's by default. */
  readonly as?: string
}
export interface Answered<Body = Record<string, never>> {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Body
}

export interface Native {
  /** `path` is below `/api/v1`. */
  ask<Body = Record<string, never>>(method: Method, path: string, sent?: Sent): Promise<Answered<Body>>
  /** The same, where anything but success is a failure of the test. */
  get<Body>(path: string, sent?: Sent): Promise<Body>
  post<Body>(path: string, body: object, sent?: Sent): Promise<Body>
  /** A token of somebody who has this role at this node. */
  tokenOf(principal: string, role: Role, node: string): Promise<string>
  /** The application, for what `ask` does not show. */
  readonly app: FastifyInstance
  /** Faults so far: `close` fails where there were any. */
  readonly faults: readonly unknown[]
}
export type NativeWorld = World & Native

export const openNativeWorld = async (
  settings: Partial<OperationSettings> = {},
  engine?: Engine,
): Promise<NativeWorld> => withNativeApi(await openWorld(settings, undefined, engine))

// The application ----------------------------------------------------------------------------------------------------

/** What of an application belongs to a world. */
type Bound = Pick<
  RestDependencies,
  'newRequestId' | 'authenticate' | 'findLink' | 'execute' | 'recordUnread' | 'findNewestChange' | 'onFault'
>
type Settings = Pick<RestDependencies, 'requestsPerMinute' | 'isEvidencePublic'>
interface Application extends Settings {
  readonly app: FastifyInstance
  bound: Bound
}
/** Those whose world is closed: one has to be made for all worlds of a file, which would take most of the time of small ones. */
const spare: Application[] = []

async function takeApplication(bound: Bound, settings: Settings): Promise<Application> {
  const found = spare.findIndex(
    (one) => one.requestsPerMinute === settings.requestsPerMinute && one.isEvidencePublic === settings.isEvidencePublic,
  )
  if (found >= 0) return Object.assign(spare.splice(found, 1)[0]!, { bound })
  const app = await createRestApp({
    newRequestId: () => application.bound.newRequestId(),
    authenticate: (credential) => application.bound.authenticate(credential),
    findWay: createFindWay(false),
    findLink: (code) => application.bound.findLink(code),
    // The requests come from 127.0.0.1, which is a proxy's: tests say in `x-forwarded-for` where else from.
    addressOf: createSourceAddress([parseCidr('127.0.0.0/8')!]),
    async execute(operation, call) {
      const answer = await application.bound.execute(operation, call)
      // Steps of intakes answer nothing by themselves.
      if ('rest' in operation) checkAnswer(operation as NativeOperation, answer.output)
      return answer
    },
    inTurn: new StepsInTurn(),
    recordUnread: (operation, call, refused) => application.bound.recordUnread(operation, call, refused),
    findNewestChange: () => application.bound.findNewestChange(),
    onFault: (error, requestId) => application.bound.onFault(error, requestId),
    version: '0.0.0',
    bodies: new Bodies(),
    ...settings,
  })
  const application: Application = { app, ...settings, bound }
  return application
}
/** What has connections, or counts requests, ends with its world. */
async function giveBack(application: Application): Promise<void> {
  const { app, requestsPerMinute } = application
  if (app.server.listening || requestsPerMinute < usualRequestsPerMinute) await app.close()
  else spare.push(application)
}
const usualRequestsPerMinute = 1_000_000

/** The same over a world that is there already. */
export async function withNativeApi<W extends World>(
  world: W,
  { requestsPerMinute = usualRequestsPerMinute, isEvidencePublic = true } = {},
): Promise<W & Native> {
  const faults: unknown[] = []
  let requests = 0
  const bound: Bound = {
    newRequestId: () => `request-${++requests}`,
    // By the clock of the world: a test that takes longer than a moment would read tokens anew, which it has not asked for.
    authenticate: createAuthenticator(world.store, () => world.clock()),
    findLink: (code) => world.store.read((tx) => findLink(tx, openSealer, code, world.clock())),
    execute: (operation, call) => world.executor.execute(operation, call),
    recordUnread: (operation, call, refused) => world.executor.recordUnread(operation, call, refused),
    findNewestChange: () => world.store.read((tx) => tx.recordLists.lastEntry()),
    onFault: (error) => faults.push(error),
  }
  const application = await takeApplication(bound, { requestsPerMinute, isEvidencePublic })
  const { app } = application
  async function tokenOf(principal: string, role: Role, node: string): Promise<string> {
    const made = await createOperatorToken(world.store, { principal, role, node, account: managementAccount })
    assert('token' in made, 'problem' in made ? made.problem : '')
    // The operator's lasts for an hour, and tests move the clock.
    const body = { expiresInSeconds: tokenSecondsMax }
    return (await succeed<{ token: string }>('POST', '/tokens', { body, as: made.token })).token
  }

  async function ask<Body>(
    method: Method,
    path: string,
    { body, headers = {}, as = token }: Sent = {},
  ): Promise<Answered<Body>> {
    const response = await app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { authorization: `Bearer ${as}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body
        ? { payload: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }
        : {}),
    })
    return {
      status: response.statusCode,
      headers: response.headers,
      body: (response.body === '' ? undefined : JSON.parse(response.body)) as Body,
    }
  }
  async function succeed<Body>(method: Method, path: string, sent?: Sent): Promise<Body> {
    const { status, body } = await ask<Body>(method, path, sent)
    assert(status < 300, `${method} ${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }
  const token = await tokenOf('user:admin', 'organization-administrator', '*')
  return {
    ...world,
    ask,
    get: (path, sent) => succeed('GET', path, sent),
    post: (path, body, sent) => succeed('POST', path, { ...sent, body }),
    tokenOf,
    app,
    faults,
    async close() {
      await giveBack(application)
      await world.close()
      assert.deepEqual(faults, [])
    },
  }
}

const writers = new Map<string, Serialize>()

/** A server writes what its schema declares without looking whether it is right: that is looked at here, for every answer. */
function checkAnswer({ name, output, rest }: NativeOperation, answer: unknown): void {
  if (rest.status === 204) return
  const write = writers.get(name) ?? compileSerializer({ schema: output })
  writers.set(name, write)
  // Members that are undefined are none in JSON.
  const declared = JSON.parse(JSON.stringify(z.encode(output, answer as never)))
  assert.deepEqual(JSON.parse(write(answer)), declared, `${name} is written as its schema says`)
}
