// Sign-in of people with OpenID Connect: the authorization code flow with PKCE, run by the server for a program on the person's machine.
import { createHash, timingSafeEqual } from 'node:crypto'
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
import { createIdentityProvider, type IdentityProvider, type ProviderSettings } from './identity-provider.ts'

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
  readonly port: number
  readonly challenge: string
  readonly state: string
  readonly until: number
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

export interface Beginning {
  /** Where the command listens on the loopback interface of the person's machine. */
  readonly port: number
  /** SHA-256 of a secret of the command's, base64url: only who has the secret can redeem the code (RFC 7636, section 4.2). */
  readonly challenge: string
  /** Handed back as it is. */
  readonly state: string
}

export interface SignIn {
  /** Where to send the browser. */
  begin(beginning: Beginning): Promise<string>
  /** The provider's answer, as the URL that the browser was sent back to; answers where to send it now. */
  complete(query: string): Promise<string>
  /** Who a code stands for, where the command proves that it is the one that began. */
  redeem(code: string, verifier: string): { principal: Principal; id: string }
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

  return {
    async begin({ port, challenge, state }) {
      const configuration = await provider.known()
      const verifier = randomPKCECodeVerifier()
      const nonce = randomNonce()
      const begun: Begun = { verifier, nonce, port, challenge, state, until: now() + signInMs }
      return buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        nonce,
        state: seal(begun, signInContext),
      }).href
    },

    async complete(query) {
      const url = new URL(`${redirectUri}${query}`)
      const sealed = url.searchParams.get('state') ?? ''
      const begun = open<Begun>(sealed, signInContext, 'state')
      const back = new URL(`http://127.0.0.1:${begun.port}/`)
      back.searchParams.set('state', begun.state)
      const refusedBy = url.searchParams.get('error')
      if (refusedBy !== null) {
        back.searchParams.set('error', url.searchParams.get('error_description') ?? refusedBy)
        return back.href
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
      const signedIn: SignedIn = {
        id: hashOf(sealed),
        name: nameIn(claims, settings),
        groups: groupsIn(claims, settings),
        subject: `${iss} ${sub}`,
        challenge: begun.challenge,
        until: now() + codeMs,
      }
      back.searchParams.set('code', seal(signedIn, codeContext))
      return back.href
    },

    redeem(code, verifier) {
      const { id, name, groups, subject, challenge } = open<SignedIn>(code, codeContext, 'code')
      const proof = Buffer.from(hashOf(verifier))
      const expected = Buffer.from(challenge)
      if (proof.length !== expected.length || !timingSafeEqual(proof, expected)) {
        refuseValue('verifier', verifier, worded('it does not belong to the sign-in that this code is of'))
      }
      const { account } = settings
      return {
        id,
        principal: {
          account,
          arn: `arn:cadastre::${account}:user/${name.slice('user:'.length)}`,
          accessKeyId: `sign-in-${id.slice(0, 16)}`,
          userId: name,
          native: { name, groups, scopes: [], subject, makers: [] },
        },
      }
    },
  }
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

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

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
