// Whether the record says what clients were told: who holds what, by which policy, why they were denied, and that space is sound.
import { checkSpace } from '#store/upkeep/check.ts'
import type { Ledger, Tenure } from './ledger.ts'
import type { Server } from './server.ts'
import { must } from './site.ts'

const pageSize = 1_000
const pagesMax = 50
/** Denials are explained one by one: the last of them. */
const denialsMax = 20

interface Held {
  readonly cidr: string
  readonly account: string
  readonly poolId: string
  readonly allocationId?: string
  readonly resourceId?: string
  readonly heldUntil?: string
  readonly hold?: string
  readonly policy?: { readonly policyId: string; readonly version: number }
  readonly requestedBy?: { readonly principal: string }
}

/** The first sentence of the record that is not so; undefined where all is. */
export async function recordProblem(ledger: Ledger, server: Server): Promise<string | undefined> {
  const { problems } = await checkSpace(server.store)
  if (problems.length > 0) return `check: ${problems.join(' ')}`
  const held = await all(ledger, server)
  const byId = Map.groupBy(
    held.flatMap((row) => [...new Set([row.allocationId, row.resourceId])].map((id) => ({ id, row }))),
    ({ id }) => id,
  )
  for (const tenure of ledger.tenures) {
    const problem = tenureProblem(
      tenure,
      (byId.get(tenure.id) ?? []).map(({ row }) => row),
    )
    if (problem !== undefined) return problem
  }
  for (const { decision, sentence } of ledger.denials.slice(-denialsMax)) {
    const { messages } = await must<{ messages: { standard: string } }>(server, {
      api: 'native',
      as: ledger.tokens.admin,
      name: 'explainDecision',
      input: { decisionId: decision },
    })
    if (!messages.standard.includes(sentence)) {
      return `the denial ${decision} was told as\n  ${sentence}\nand the record explains it as\n  ${messages.standard}`
    }
  }
  return undefined
}

async function all(ledger: Ledger, server: Server): Promise<Held[]> {
  const found: Held[] = []
  let cursor: string | undefined
  for (let page = 0; page < pagesMax; page++) {
    const input = { cidr: '0.0.0.0/0', limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
    const answer = await must<{ items: Held[]; nextCursor?: string }>(server, {
      api: 'native',
      as: ledger.tokens.admin,
      name: 'findHolders',
      input,
    })
    found.push(...answer.items)
    cursor = answer.nextCursor
    if (cursor === undefined) return found
  }
  throw new Error(`more than ${pagesMax} pages of tenures`)
}

function tenureProblem(tenure: Tenure, rows: readonly Held[]): string | undefined {
  const told = `${tenure.account} was given ${tenure.cidr} (${tenure.id}) as ${tenure.principal}`
  const own = rows.filter(({ cidr, account }) => cidr === tenure.cidr && account === tenure.account)
  if (own.length === 0) return `${told}, and the record says ${JSON.stringify(rows)}`
  const isLive = own.some(({ heldUntil }) => heldUntil === undefined)
  // A hold lapses by itself, and its row is that of the allocation once it is confirmed.
  if (!tenure.isHold && isLive === tenure.isOver) {
    return `${told}, which is ${tenure.isOver ? 'over' : 'not over'}, and the record says ${JSON.stringify(own)}`
  }
  const asked = own.filter(({ requestedBy }) => requestedBy?.principal === tenure.principal)
  if (asked.length === 0) return `${told}, and the record names ${JSON.stringify(own)}`
  const wrong = asked.find(({ policy }) => policy && !isWithin(policy.version, tenure.versions[policy.policyId]))
  if (wrong && asked.length === 1 && !tenure.isHold) {
    return `${told} while ${JSON.stringify(tenure.versions)} were in force, and the record says version ${wrong.policy!.version} of ${wrong.policy!.policyId}`
  }
  return undefined
}
const isWithin = (version: number, range: readonly [number, number] | undefined): boolean =>
  range !== undefined && range[0] <= version && version <= range[1]
