// Profiles: which servers somebody uses, and the tokens that they have there, in a file that nobody else may read.
import { randomUUID } from 'node:crypto'
import { chmod, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../folder.ts'
import { Stopped } from './exit-codes.ts'
import type { ClientSettings } from './surroundings.ts'

export interface Profile {
  readonly url: string
  readonly token: string
  readonly tokenId: string
  readonly principal: string
  readonly expiresAt: string
}

export interface Profiles {
  /** The one that is used where nothing else is said. */
  readonly current: string | undefined
  readonly profiles: Readonly<Record<string, Profile>>
}

export const profileDefault = 'default'
const none: Profiles = { current: undefined, profiles: {} }

export async function readProfiles({ profilesFile }: ClientSettings): Promise<Profiles> {
  if (profilesFile === undefined) return none
  let text: string
  try {
    text = await readFile(profilesFile, 'utf8')
  } catch (error) {
    // Nobody has signed in yet; anything else keeps us from knowing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none
    throw new Stopped('failed', `The profiles cannot be read: ${(error as Error).message}.`)
  }
  try {
    const { current, profiles } = JSON.parse(text) as Profiles
    if (typeof profiles !== 'object' || profiles === null) throw new Error('there are no `profiles` in it')
    return { current, profiles }
  } catch (error) {
    throw new Stopped('failed', `\`${profilesFile}\` is no file of profiles: ${(error as Error).message}.`, [
      'Mend it, or delete it and sign in again.',
    ])
  }
}

/** Either the old file is there or the new one, and it is readable by its owner alone from its first byte. */
export async function writeProfiles({ profilesFile }: ClientSettings, profiles: Profiles): Promise<void> {
  if (profilesFile === undefined) {
    throw new Stopped('failed', 'There is nowhere to keep a profile: neither XDG_CONFIG_HOME nor HOME is set.')
  }
  const folder = dirname(profilesFile)
  const draft = `${profilesFile}.${randomUUID()}`
  try {
    await makeFolder(folder, 0o700)
    await chmod(folder, 0o700)
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(profiles, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, profilesFile)
  } catch (error) {
    await rm(draft, { force: true })
    throw new Stopped('failed', `The profile cannot be kept: ${(error as Error).message}.`)
  }
}

export function getProfile({ profiles }: Profiles, name: string): Profile {
  if (Object.hasOwn(profiles, name)) return profiles[name]!
  const names = Object.keys(profiles)
  throw new Stopped(
    'wrongWords',
    `There is no profile \`${name}\`.${names.length === 0 ? '' : ` Those that exist: ${names.join(', ')}.`}`,
    [`\`cadastre login --url URL --profile ${name}\` makes it.`],
  )
}

export function withoutProfile({ current, profiles }: Profiles, name: string): Profiles {
  const { [name]: _, ...others } = profiles
  return { current: current === name ? undefined : current, profiles: others }
}

/** Which server is asked, and as whom. */
export interface Server {
  readonly url: string
  readonly token: string
  /** This and what follows: undefined where the token came from the environment. */
  readonly profile: string | undefined
  readonly principal: string | undefined
  readonly tokenId: string | undefined
}

/** Flags first, then the environment, then the profile in use. A profile's token goes to the profile's own server alone. */
export async function findServer(
  settings: ClientSettings,
  flags: { readonly url?: string; readonly profile?: string },
): Promise<Server | undefined> {
  const known = await readProfiles(settings)
  const named = flags.profile ?? settings.profile
  const name = named ?? known.current
  const profile = name === undefined ? undefined : getProfile(known, name)
  const asked = flags.url ?? settings.url
  const url = asked === undefined ? profile?.url : readUrl(asked)
  if (url === undefined) return undefined
  // A profile that was named by a flag goes before a token that only lies in the environment.
  const usesProfile = profile?.url === url && (flags.profile !== undefined || settings.token === undefined)
  if (usesProfile) {
    const { token, principal, tokenId } = profile
    return { url, token, profile: name, principal, tokenId }
  }
  if (settings.token === undefined) return undefined
  return { url, token: settings.token, profile: undefined, principal: undefined, tokenId: undefined }
}

export async function getServer(
  settings: ClientSettings,
  flags: { readonly url?: string; readonly profile?: string },
): Promise<Server> {
  const server = await findServer(settings, flags)
  if (server) return server
  const url = flags.url ?? settings.url
  throw new Stopped('notSignedIn', url === undefined ? 'You are not signed in.' : `You are not signed in at ${url}.`, [
    `\`cadastre login --url ${url ?? 'URL'}\` signs you in; scripts set CADASTRE_URL and CADASTRE_TOKEN.`,
  ])
}

/** Without a slash at the end. */
export function readUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw new Stopped(
      'wrongWords',
      `\`--url\`: \`${text}\`: a URL such as \`https://cadastre.example.com\` is expected.`,
    )
  }
  return url.href.replace(/(?<!\/)\/+$/, '')
}
