// Short ids: `ipam-pool-3b` for `ipam-pool-9f3c10000000003b`. An id is the installation's digits and a number, so that the
// short form names one thing alone and nobody has to look for it.
import { expandId, installationIn, shortenId } from '#model/identifier.ts'
import type { Given, NativeRequest } from './arguments.ts'
import { type Destination, send } from './client.ts'
import { Stopped } from './exit-codes.ts'
import type { NativeCommand } from './native-command.ts'
import type { Server } from './profiles.ts'

/** What the ids of a server's installation have in common: a token's id has it too. Undefined where it cannot be told. */
export async function installationOf(server: Server): Promise<string | undefined> {
  return installationIn(server.tokenId ?? (await askWho(server)))
}

const whoAmI: NativeRequest = { method: 'GET', path: '/me', query: {}, body: undefined }
async function askWho(to: Destination): Promise<string> {
  return (JSON.parse((await send(to, whoAmI)).text) as { tokenId: string }).tokenId
}

/** The same words with whole ids, where the operation expects ids of this installation. Others' resources are named as they are. */
export async function withWholeIds(command: NativeCommand, given: Given, server: Server): Promise<Given> {
  const short = command.parameters.filter(({ isId, name }) => isId && textsOf(given[name]).some(isShort))
  if (short.length === 0) return given
  const installation = await installationOf(server)
  if (installation === undefined) {
    throw new Stopped('wrongWords', `\`${textsOf(given[short[0]!.name]).find(isShort)}\`: the whole id is needed here.`)
  }
  const whole = (text: string): string => expandId(installation, text) ?? text
  return {
    ...given,
    ...Object.fromEntries(
      short.map(({ name }) => {
        const value = given[name]
        return [name, typeof value === 'string' ? whole(value) : textsOf(value).map(whole)]
      }),
    ),
  }
}

const textsOf = (value: Given[string]): readonly string[] =>
  typeof value === 'string' ? [value] : typeof value === 'object' ? value : []
const anyInstallation = '00000'
const isShort = (text: string): boolean => expandId(anyInstallation, text) !== undefined

/** Shows an id in its short form, and any other text as it is. */
export const shortener =
  (installation: string | undefined) =>
  (text: string): string =>
    installation === undefined ? text : (shortenId(installation, text) ?? text)
