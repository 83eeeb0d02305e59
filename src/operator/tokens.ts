// The operator's own token, and link to the console: who can open the database says who administers.
import { UsageProblem } from '#cli/exit-codes.ts'
import type { OperatorParams } from '#operations/identity/operator-tokens.ts'
import type { Config } from '../config.ts'
import { linkTo } from './console-url.ts'
import { type Arguments, type AtServer, failed, print, withStore } from './surroundings.ts'

/** Whom it is for and with which role; where that holds is looked up in the database. */
async function paramsIn(args: Arguments): Promise<(config: Config) => OperatorParams> {
  const principal = args.get('principal')
  const { isPrincipalName } = await import('#model/principal.ts')
  const { everywhere, roleNames } = await import('#model/roles.ts')
  if (principal === undefined || !isPrincipalName(principal) || principal.startsWith('group:'))
    throw new UsageProblem('--principal must be `user:NAME` or `service:NAME`.')
  const role = roleNames.find((name) => name === (args.get('role') ?? 'organization-administrator'))
  if (!role) throw new UsageProblem(`--role must be one of ${roleNames.join(', ')}.`)
  const node = args.get('node') ?? everywhere
  const breakGlass = args.get('break-glass')
  return ({ bootstrap: { account } }) => ({ principal, role, node, account, breakGlass })
}

export async function operatorToken(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const paramsFor = await paramsIn(args)
  const { createOperatorToken } = await import('#operations/identity/operator-tokens.ts')
  return withStore(at.readSettings, async (store, config) => {
    const params = paramsFor(config)
    const made = await createOperatorToken(store, params)
    if ('problem' in made) return failed(made.problem)
    const { tokenId, token, expiresAt, node } = made
    const { principal, role } = params
    await print(args, at, {
      answer: { tokenId, principal, role, node, expiresAt: expiresAt.toISOString(), token },
      fields: ['tokenId', 'principal', 'role', 'node', 'expiresAt', 'token'],
      text: `CADASTRE_TOKEN=${token}\n`,
    })
    return 0
  })
}

export async function operatorConsole(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const paramsFor = await paramsIn(args)
  if (!args.get('principal')!.startsWith('user:'))
    throw new UsageProblem('--principal must be `user:NAME`: a person signs in.')
  const { createConsoleLink } = await import('#operations/identity/operator-tokens.ts')
  const { sealerOf } = await import('../opening.ts')
  return withStore(at.readSettings, async (store, config) => {
    const params = paramsFor(config)
    const made = await createConsoleLink(store, sealerOf(config), params, Date.now())
    if ('problem' in made) return failed(made.problem)
    const { code, expiresAt, node } = made
    const { principal, role } = params
    const link = linkTo(config, code)
    await print(args, at, {
      answer: { principal, role, node, expiresAt: expiresAt.toISOString(), link },
      fields: ['principal', 'role', 'node', 'expiresAt', 'link'],
      text: `${link}\n`,
    })
    return 0
  })
}
