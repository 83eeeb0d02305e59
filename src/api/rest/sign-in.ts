// Sign-in of people with OpenID Connect: the authorization code flow with PKCE, run by the server for a program on the person's machine.
import { timingSafeEqual } from 'node:crypto'
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
} from 'openid-client'
import { isPrincipalName, type Principal } from '#model/principal.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { shownText } from '#model/text.ts'
import type { Sealer } from '#store/tables/access-keys.ts'
import { challengeOf } from './browser-sessions.ts'
import { createIdentityProvider, type IdentityProvider, type ProviderSettings } from './identity-provider.ts'
import { whoSignsIn } from './session.ts'

/** From the first redirect to the provider's answer. */
const signInMs = 600_000
/** From the provider's answer to the token. */
const codeMs = 60_000
const groupsMax = 200
/** OpenID Connect Core, section 2. */
const subjectCharactersMax = 255
const signInContext = 'sign-in'
const codeContext = 'sign-in code'

export interface OidcSettings extends ProviderSettings {
  /** The claim that names the person: `user:` and its value is the principal. */
  readonly nameClaim: string
  readonly groupsClaim: string
  /** Where browsers reach this server, without a slash at the end. */
  readonly publicUrl: string
  /** The home account of people who sign in. */
  readonly account: string
}

/** What travels through the browser and back, sealed: no server has to remember it, and nobody can read or change it. */
interface Begun {
  readonly verifier: string
  readonly nonce: string
  readonly challenge: string
  readonly until: number
  readonly from: FromProgram | FromBrowser
}
interface FromProgram {
  readonly port: number
  readonly state: string
}
/** The console itself, to which nothing is handed through the address. */
interface FromBrowser {
  /** The path of ours that it comes back to. */
  readonly to: string
}
interface SignedIn {
  /** One code makes one token. */
  readonly id: string
  readonly name: string
  readonly groups: readonly string[]
  /** Issuer and subject: names may change hands, these never do (OpenID Connect Core, section 5.7). */
  readonly subject: string
  readonly challenge: string
  readonly until: number
}

/** SHA-256 of a secret, base64url: only who has the secret is signed in (RFC 7636, section 4.2). */
interface Challenged {
  readonly challenge: string
}
export interface Beginning extends Challenged {
  /** Where the command listens on the loopback interface of the person's machine. */
  readonly port: number
  /** Handed back as it is. */
  readonly state: string
}
/** Who has signed in, and what makes one session of it. */
export interface SignedInAs {
  readonly principal: Principal
  readonly id: string
}
export interface Completed {
  /** Where to send the browser now. */
  readonly to: string
  /** Of a browser that has signed in itself. */
  readonly as?: SignedInAs
}

export interface SignIn {
  /** Where to send the browser. */
  begin(beginning: Beginning | (Challenged & FromBrowser)): Promise<string>
  /**
   * The provider's answer, as the URL that the browser was sent back to.
   * @param secret of the browser that it comes from; undefined where it has none: then it has begun nothing here
   */
  complete(query: string, secret: string | undefined): Promise<Completed>
  /** Who a code stands for, where the command proves that it is the one that began. */
  redeem(code: string, verifier: string): SignedInAs
}

export function createSignIn(
  settings: OidcSettings,
  sealer: Sealer,
  now: () => number,
  provider: IdentityProvider = createIdentityProvider(settings),
): SignIn {
  const redirectUri = `${settings.publicUrl}/api/v1/sign-in/callback`

  function refuseUnconfirmed(error: unknown): never {
    provider.doubt(error)
    return refuse({
      code: 'MalformedRequest',
      problem: worded(`the identity provider did not confirm it (${(error as Error).message})`),
    })
  }
  const seal = (value: object, context: string): string =>
    Buffer.from(sealer.seal(JSON.stringify(value), context)).toString('base64url')
  function open<T extends { readonly until: number }>(text: string, context: string, field: string): T {
    let value: T | undefined
    try {
      value = JSON.parse(sealer.open(Buffer.from(text, 'base64url'), context)) as T
    } catch {
      // Not sealed here, or changed on the way.
    }
    if (!value || value.until <= now())
      refuseValue(field, text.slice(0, 16), worded('it was not given out here, or is too old; sign in again'))
    return value
  }

  /** Some providers put into the id token only who it is, and the rest where it must be asked for. */
  async function claimsOf(configuration: Configuration, inToken: Claims, accessToken: string): Promise<Claims> {
    const { nameClaim, groupsClaim } = settings
    const needed = [nameClaim, groupsClaim, ...(nameClaim === 'email' ? ['email_verified'] : [])]
    const canAsk = configuration.serverMetadata().userinfo_endpoint !== undefined
    if (!canAsk || needed.every((name) => name in inToken)) return inToken
    const asked = await fetchUserInfo(configuration, accessToken, String(inToken.sub)).catch(refuseUnconfirmed)
    return joinClaims(inToken, asked)
  }

  const signedInAs = ({ id, name, groups, subject }: Omit<SignedIn, 'challenge' | 'until'>): SignedInAs => ({
    id,
    principal: whoSignsIn(settings.account, id, { name, groups, scopes: [], subject, makers: [] }),
  })

  return {
    async begin({ challenge, ...from }) {
      const configuration = await provider.known()
      const verifier = randomPKCECodeVerifier()
      const nonce = randomNonce()
      const begun: Begun = { verifier, nonce, challenge, from, until: now() + signInMs }
      return buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        nonce,
        state: seal(begun, signInContext),
      }).href
    },

    async complete(query, secret) {
      const url = new URL(`${redirectUri}${query}`)
      const sealed = url.searchParams.get('state') ?? ''
      const begun = open<Begun>(sealed, signInContext, 'state')
      const { from } = begun
      // Whoever follows a link of somebody else's is not signed in as them.
      if ('to' in from) requireProof(begun, secret ?? '', 'state', 'another browser has begun it; sign in again')
      const refusedBy = url.searchParams.get('error')
      if (refusedBy !== null) {
        const why = url.searchParams.get('error_description') ?? refusedBy
        if ('to' in from) refuse({ code: 'MalformedRequest', problem: worded(`the identity provider did not: ${why}`) })
        return { to: backTo(from, 'error', why) }
      }
      const configuration = await provider.known()
      const tokens = await authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: begun.verifier,
        expectedNonce: begun.nonce,
        expectedState: sealed,
        idTokenExpected: true,
      }).catch(refuseUnconfirmed)
      const inToken = tokens.claims()!
      const { iss, sub, azp } = inToken
      // It was given to another client, whoever it is meant for (OpenID Connect Core, section 3.1.3.7); of several audiences one has to be named.
      if (azp !== undefined && azp !== settings.clientId)
        refuseUnconfirmed(new Error('its id token is of another client'))
      if (sub.length > subjectCharactersMax) {
        refuseUnconfirmed(new Error(`its subject has more than ${subjectCharactersMax} characters`))
      }
      const claims = await claimsOf(configuration, inToken, tokens.access_token)
      const person = {
        id: challengeOf(sealed),
        name: nameIn(claims, settings),
        groups: groupsIn(claims, settings),
        subject: `${iss} ${sub}`,
      }
      if ('to' in from) return { to: `${settings.publicUrl}${from.to}`, as: signedInAs(person) }
      const signedIn: SignedIn = { ...person, challenge: begun.challenge, until: now() + codeMs }
      return { to: backTo(from, 'code', seal(signedIn, codeContext)) }
    },

    redeem(code, verifier) {
      const signedIn = open<SignedIn>(code, codeContext, 'code')
      requireProof(signedIn, verifier, 'verifier', 'it does not belong to the sign-in that this code is of')
      return signedInAs(signedIn)
    },
  }
}

function backTo({ port, state }: FromProgram, name: 'code' | 'error', value: string): string {
  const back = new URL(`http://127.0.0.1:${port}/`)
  back.searchParams.set('state', state)
  back.searchParams.set(name, value)
  return back.href
}

function requireProof({ challenge }: Challenged, secret: string, field: string, problem: string): void {
  const proof = Buffer.from(challengeOf(secret))
  const expected = Buffer.from(challenge)
  if (proof.length !== expected.length || !timingSafeEqual(proof, expected))
    refuseValue(field, '[secret]', worded(problem))
}

type Claims = Readonly<Record<string, unknown>>

/**
 * What the id token says, and of all else what the provider answers about the same person. Whether an address is verified is
 * said of the address that stands beside it (OpenID Connect Core, section 5.1), so that one answer vouches for the other's only
 * where both have the same.
 */
function joinClaims(inToken: Claims, asked: Claims): Claims {
  // What one of them says is elsewhere is not all there, whatever the other has of it.
  const elsewhere = { _claim_names: { ...namesElsewhere(asked), ...namesElsewhere(inToken) } }
  const joined: Claims = { ...asked, ...inToken, ...elsewhere }
  const vouching = 'email_verified' in inToken ? inToken : asked
  return vouching.email === joined.email ? joined : { ...joined, email_verified: false }
}

/** An address that the provider has not verified names nobody: whoever may choose it could choose somebody else's. */
function nameIn(claims: Claims, { nameClaim }: OidcSettings): string {
  const value = claims[nameClaim]
  const because = (problem: string): never =>
    refuse({ code: 'NotAuthorized', action: 'token:manage', because: worded(problem) })
  if (typeof value !== 'string') return because(`the identity provider names nobody in \`${nameClaim}\``)
  if (nameClaim === 'email' && claims.email_verified !== true) {
    return because('the identity provider has not verified your email address')
  }
  const name = `user:${value}`
  return isPrincipalName(name) ? name : because(`\`${shownText(value.slice(0, 100))}\` cannot be a principal's name`)
}

/**
 * All of them, or a refusal: one that was left out could be the one to which something is forbidden. Without the claim there are
 * none. Groups whose names cannot be principals cannot have roles, nor be forbidden them.
 */
function groupsIn(claims: Claims, { groupsClaim }: OidcSettings): readonly string[] {
  const value = claims[groupsClaim]
  const because = (problem: string): never =>
    refuse({
      code: 'NotAuthorized',
      action: 'token:manage',
      because: worded(`the identity provider's claim ${problem}`),
    })
  const wanted = 'an array of strings is needed, or no such claim for no groups'
  // Also beside some that are here.
  if (groupsClaim in namesElsewhere(claims)) return because(`\`${groupsClaim}\` is to be fetched elsewhere; ${wanted}`)
  if (value === undefined) return []
  if (!Array.isArray(value)) return because(`\`${groupsClaim}\` is ${kindOf(value)}; ${wanted}`)
  const unfit = value.find((group) => typeof group !== 'string')
  if (unfit !== undefined) return because(`\`${groupsClaim}\` has ${kindOf(unfit)} in it; ${wanted}`)
  if (value.length > groupsMax) {
    return because(`names ${value.length} groups in \`${groupsClaim}\`; at most ${groupsMax} are allowed`)
  }
  return value.map((group: string) => `group:${group}`).filter(isPrincipalName)
}

/** OpenID Connect Core, section 5.6.2; Microsoft Entra ID leaves groups out this way where somebody is in many. */
const namesElsewhere = ({ _claim_names: names }: Claims): object => (isObject(names) ? names : {})
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** How a message names what stands where something else is needed. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
