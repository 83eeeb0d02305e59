// What sources say, whichever they are: of an account, for whoever answers for it, and of an address.
import type { Cidr } from '#model/cidr.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source } from '#store/tables/sources.ts'
import { permitter } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { type Page, type PageAsked, partsOfPlace, readSlicedPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { accountsCalled } from '../organization/called.ts'
import { sourcesMax } from './sources.ts'

/** An observation, and the source that says it. */
export interface Told {
  readonly stored: StoredObservation
  readonly source: Source
}

/** Whose number it is that a source calls an account by; of those that it speaks of now, and no others. */
export async function numberOf(context: ReadContext, { node }: Source, called: string): Promise<string | undefined> {
  if (called === '') return undefined
  const snapshot = await context.snapshot()
  const speaksOf = (number: string): boolean => node === everywhere || pathOf(snapshot, number).includes(node)
  if (isAccountId(called)) return speaksOf(called) ? called : undefined
  const found = await accountsCalled(context.tx, called, speaksOf)
  return found.length === 1 ? found[0] : undefined
}

/** What all sources say of an account, by whatever they call it: whoever may read that there need see none of the sources. */
export async function observationsOfAccount(
  context: ReadContext,
  account: string,
  asked: PageAsked<string>,
): Promise<Page<Told, string>> {
  const { tx } = context
  const snapshot = await context.snapshot()
  const known = await tx.organizations.findAccount(account)
  const names = [...new Set([account, known?.externalId ?? '', known?.name ?? ''])].filter((name) => name !== '')
  const path = pathOf(snapshot, account)
  const answers = new Map<string, boolean>()
  const isIts = async (stored: StoredObservation, source: Source): Promise<boolean> => {
    if (source.node !== everywhere && !path.includes(source.node)) return false
    const key = `${source.id}\n${stored.account}`
    const answer = answers.get(key) ?? (await numberOf(context, source, stored.account)) === account
    answers.set(key, answer)
    return answer
  }
  interface Row {
    readonly stored: StoredObservation
    /** By which of its names. */
    readonly at: number
  }
  const placeOf = ({ stored, at }: Row): string => `${at}:${stored.sourceId}:${stored.number}:${stored.locale}`
  return readSlicedPage(context, asked, {
    async readSlice(after, limit) {
      const [at, from] = placeIn(after)
      const rows = (await tx.observations.ofAccount(names[at] ?? '', from, limit)).map((stored) => ({ stored, at }))
      const last = rows.at(-1)
      const next = last && rows.length === limit ? placeOf(last) : at + 1 < names.length ? `${at + 1}:` : undefined
      return { rows, next }
    },
    placeOf,
    async show(rows: readonly Row[]) {
      const sources = await tx.sources.some(rows.map(({ stored }) => stored.sourceId))
      const shown: (Told | undefined)[] = []
      for (const { stored } of rows) {
        const source = sources.get(stored.sourceId)
        shown.push(source && (await isIts(stored, source)) ? { stored, source } : undefined)
      }
      return shown
    },
  })
}
function placeIn(place: string | undefined) {
  if (place === undefined) return [0, undefined] as const
  const [at, rest] = partsOfPlace(place, /^(\d):(.*)$/)
  if (rest === '') return [Number(at), undefined] as const
  const [sourceId, number, locale] = partsOfPlace(rest!, /^([^:]+):(\d{1,15}):(.*)$/)
  return [Number(at), { sourceId: sourceId!, number: Number(number), locale: locale! }] as const
}

/** Of one address or range, so many are looked at. */
const lookedAtOnce = 200
/** And told. */
export const toldOfAddress = 20

/** Whether the caller may be told what a source says: whoever may read the source, or answers for the account that it is of. */
export async function mayBeTold(
  context: ReadContext,
): Promise<(stored: StoredObservation, source: Source) => Promise<boolean>> {
  const mayRead = await permitter(context, 'estate:read')
  const { native, account } = context.caller
  return async (stored, source) => {
    if (mayRead(source.node)) return true
    const number = await numberOf(context, source, stored.account)
    return number !== undefined && (native ? mayRead(number) : number === account)
  }
}

/** Sources of which the caller may be told something: what others say hides nothing of it. */
async function sourcesTelling(context: ReadContext): Promise<ReadonlyMap<string, Source>> {
  const mayRead = await permitter(context, 'estate:read')
  const snapshot = await context.snapshot()
  const { native, account } = context.caller
  const accounts = native ? await visibleAccounts(context, 'estate:read', 'now') : [account]
  const above = accounts && new Set(accounts.flatMap((one) => pathOf(snapshot, one)))
  const all = await context.tx.sources.list('', sourcesMax)
  const telling = all.filter(({ node }) => !above || node === everywhere || above.has(node) || mayRead(node))
  return new Map(telling.map((source) => [source.id, source]))
}

/** What sources say lies at an address or in a range, or around it: to whoever may read the source, or what it says of the account. */
export async function observedAt(
  context: ReadContext,
  cidr: Cidr,
): Promise<{ readonly items: readonly Told[]; readonly hasMore: boolean }> {
  const { tx } = context
  const isTold = await mayBeTold(context)
  const sources = await sourcesTelling(context)
  const { found, isCut } = await tx.observations.touching(cidr, [...sources.keys()], {
    limit: lookedAtOnce,
    lookedMax: 1_000,
  })
  const items: Told[] = []
  for (const stored of found) {
    const source = sources.get(stored.sourceId)!
    if (!(await isTold(stored, source))) continue
    if (items.length === toldOfAddress) return { items, hasMore: true }
    items.push({ stored, source })
  }
  return { items, hasMore: isCut }
}
