// An identity provider that signs everything itself, and answers whatever a test says: also what no honest one would.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Claims = Readonly<Record<string, unknown>>
export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}
export const keyPair = (): KeyPair => generateKeyPairSync('rsa', { modulusLength: 2048 })

export const clientId = 'cadastre'
const paths = {
  '/.well-known/openid-configuration': 'metadata',
  '/keys': 'keys',
  '/token': 'token',
  '/me': 'me',
} as const
type Part = (typeof paths)[keyof typeof paths]
/** @param usual what it would answer otherwise */
type Answer = (reply: ServerResponse, usual: () => object) => void

export interface OwnProvider {
  readonly issuer: string
  /** What it says to the next who signs in. */
  says: { readonly idToken: Claims; readonly userInfo?: Claims; readonly header?: Claims }
  /** What it signs with, and what it says that it does. */
  keys: { readonly signing: KeyPair; published: readonly object[] }
  /** Of the authorization request. */
  nonce: string
  /** In place of what it answers otherwise. */
  answers: Partial<Record<Part, Answer>>
  /** What it answers to a code. */
  tokens(): object
  /** How often it was asked for each, and for anything else. */
  readonly asked: Record<Part | 'else', number>
  close(): void
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
export const publish = ({ publicKey }: KeyPair, kid = 'own'): object => ({
  ...publicKey.export({ format: 'jwk' }),
  ...{ kid, alg: 'RS256', use: 'sig' },
})
export function sendJson(reply: ServerResponse, value: object): void {
  reply.writeHead(200, { 'content-type': 'application/json' })
  reply.end(JSON.stringify(value))
}

/** Of all that are made: one takes a while. */
let own: KeyPair | undefined

export async function openProvider(): Promise<OwnProvider> {
  own ??= keyPair()
  const server = createServer((request, reply) => {
    request.resume()
    request.on('end', () => {
      const part = paths[request.url! as keyof typeof paths] as Part | undefined
      provider.asked[part ?? 'else']++
      if (!part) reply.writeHead(404).end()
      else if (provider.answers[part]) provider.answers[part](reply, usual[part])
      else sendJson(reply, usual[part]())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: OwnProvider = {
    issuer,
    says: { idToken: {} },
    keys: { signing: own, published: [publish(own)] },
    nonce: '',
    answers: {},
    asked: { metadata: 0, keys: 0, token: 0, me: 0, else: 0 },
    tokens: () => ({ access_token: 'an-access-token', token_type: 'bearer', id_token: idToken() }),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  const usual: Record<Part, () => object> = {
    metadata: () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      userinfo_endpoint: `${issuer}/me`,
    }),
    keys: () => ({ keys: provider.keys.published }),
    token: () => provider.tokens(),
    me: () => provider.says.userInfo ?? {},
  }
  function idToken(): string {
    const { says, keys, nonce } = provider
    const seconds = Math.floor(Date.now() / 1_000)
    const claims = { iss: issuer, aud: clientId, iat: seconds, exp: seconds + 60, nonce, ...says.idToken }
    const signed = `${base64url({ alg: 'RS256', kid: 'own', ...says.header })}.${base64url(claims)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), keys.signing.privateKey).toString('base64url')}`
  }
  return provider
}
