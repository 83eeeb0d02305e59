// The operator's own token: who can open the database says who administers.
import { UsageProblem } from '#cli/exit-codes.ts'
import { type Arguments, type AtServer, failed, print, withStore } from './surroundings.ts'

export async function operatorToken(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const principal = args.get('principal')
  const { isPrincipalName } = await import('#model/principal.ts')
  const { everywhere, roleNames } = await import('#model/roles.ts')
  if (principal === undefined || !isPrincipalName(principal) || principal.startsWith('group:'))
    throw new UsageProblem('--principal must be `user:NAME` or `service:NAME`.')
  const role = roleNames.find((name) => name === (args.get('role') ?? 'organization-administrator'))
  if (!role) throw new UsageProblem(`--role must be one of ${roleNames.join(', ')}.`)
  const { createOperatorToken } = await import('#operations/identity/operator-tokens.ts')
  return withStore(at.readSettings, async (store, config) => {
    const node = args.get('node') ?? everywhere
    const breakGlass = args.get('break-glass')
    const { account } = config.bootstrap
    const made = await createOperatorToken(store, { principal, role, node, account, breakGlass })
    if ('problem' in made) return failed(made.problem)
    const { tokenId, token, expiresAt } = made
    await print(args, at, {
      answer: { tokenId, principal, role, node: made.node, expiresAt: expiresAt.toISOString(), token },
      fields: ['tokenId', 'principal', 'role', 'node', 'expiresAt', 'token'],
      text: `CADASTRE_TOKEN=${token}\n`,
    })
    return 0
  })
}
